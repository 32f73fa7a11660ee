#!/usr/bin/env bash
# Packages  effect 3.22.4 with node:assert of Node 20
# Guess     `assert.deepStrictEqual(Redacted.make("a"), Redacted.make("b"))` throws, as it does for two different Options.
# Behaviour It passes. A Redacted keeps its value outside of itself, so that nothing prints it, and two of them are two
#           empty objects to whoever compares their fields. A test that compares credentials this way cannot fail.
#           `Equal.equals` sees the difference.
# Seen      Option: differ. Redacted: same. Redacted by Equal: differ.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund effect@3.22.4

cat >program.mjs <<'JS'
import { Equal, Option, Redacted } from "effect"
import assert from "node:assert"

const compare = (left, right) => {
  try {
    assert.deepStrictEqual(left, right)
    return "same"
  } catch {
    return "differ"
  }
}
const [a, b] = [Redacted.make("a"), Redacted.make("b")]
console.log(
  `Option: ${compare(Option.some("a"), Option.some("b"))}. Redacted: ${compare(a, b)}. ` +
    `Redacted by Equal: ${Equal.equals(a, b) ? "same" : "differ"}.`
)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'Option: differ. Redacted: same. Redacted by Equal: differ.' ]
