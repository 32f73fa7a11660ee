#!/usr/bin/env bash
# Packages  @effect/cli 0.77.2, @effect/platform-node 0.108.2, effect 3.22.4, Node 20
# Guess     `Options.boolean("json")` is a flag: it is there or it is not, and the word behind it is an argument.
# Behaviour The word behind it is its value where it is one of true, 1, y, yes, on, false, 0, n, no, off. `--json no` does
#           not answer "no" in JSON: it answers nothing, and not in JSON. In front of the flag, or behind `--`, or with
#           two flags in one word, the same argument is an argument.
# Seen      --json maybe → {"json":true,"words":["maybe"]}
#           --json no → {"json":false,"words":[]}
#           --json 1 → {"json":true,"words":[]}
#           no --json → {"json":true,"words":["no"]}
#           --json -- no → {"json":true,"words":["no"]}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/cli@0.77.2 @effect/platform@0.97.2 @effect/platform-node@0.108.2 effect@3.22.4

cat >program.mjs <<'JS'
import { Args, Command, Options } from "@effect/cli"
import { NodeContext } from "@effect/platform-node"
import { Effect } from "effect"

for (const words of [["--json", "maybe"], ["--json", "no"], ["--json", "1"], ["no", "--json"], ["--json", "--", "no"]]) {
  const command = Command.make("demo", {
    json: Options.boolean("json"),
    words: Args.text({ name: "word" }).pipe(Args.repeated)
  }, (given) => Effect.sync(() => console.log(`${words.join(" ")} → ${JSON.stringify(given)}`)))
  await Command.run(command, { name: "demo", version: "1" })(["node", "demo", ...words]).pipe(
    Effect.provide(NodeContext.layer),
    Effect.runPromise
  )
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = '--json maybe → {"json":true,"words":["maybe"]}
--json no → {"json":false,"words":[]}
--json 1 → {"json":true,"words":[]}
no --json → {"json":true,"words":["no"]}
--json -- no → {"json":true,"words":["no"]}' ]
