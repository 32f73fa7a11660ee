#!/usr/bin/env bash
# Packages  @effect/vitest 0.30.0 with effect 3.22.4 and vitest 3.2.4
# Guess     `layer(SomeLayer, { excludeTestServices: true })((it) => …)` gives the tests inside an `it` of their own.
# Behaviour It puts its testers on the `it` that the package exports, and hands that one out. Every `it.effect` that is
#           defined later in the same worker, also in another file where files are not isolated, runs with that layer and without
#           the test services: `TestClock.adjust` fails with a TypeError, far from the file that did it. Tests defined before
#           are as they were.
# Seen      the same it: true. before: passed. after: testClock.adjust is not a function
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @effect/vitest@0.30.0 effect@3.22.4 vitest@3.2.4

cat >program.test.mjs <<'JS'
import { it, layer } from "@effect/vitest"
import { Effect, Layer, TestClock } from "effect"

it.effect("before", () => TestClock.adjust("1 second"))
layer(Layer.empty, { excludeTestServices: true })((own) => {
  own.effect(`the same it: ${own === it}`, () => Effect.void)
})
it.effect("after", () => TestClock.adjust("1 second"))
JS
npx vitest run --reporter=json --outputFile=report.json >/dev/null 2>&1 || true
seen=$(node -e '
  const results = require("./report.json").testResults.flatMap(({ assertionResults }) => assertionResults)
  const of = (name) => results.find(({ title }) => title === name)
  const failure = of("after").failureMessages[0]?.split("\n")[0].replace(/^\w*Error: /, "") ?? of("after").status
  const same = results.find(({ title }) => title.startsWith("the same")).title
  console.log(`${same}. before: ${of("before").status}. after: ${failure}`)
')
printf '%s\n' "$seen"
[ "$seen" = 'the same it: true. before: passed. after: testClock.adjust is not a function' ]
