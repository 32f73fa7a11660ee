#!/usr/bin/env bash
# Package   jsonc-parser 3.3.1 (`modify`, `applyEdits`), Node 20
# Guess     `modify(text, ["tools", 1], undefined)` takes the entry out of the list, however the text is laid out.
# Behaviour The end of the last entry of a list is reckoned from the bracket, less one character for the space or the line
#           break before it. Where there is none, the last character of the entry stays: the text is broken, or is sound and
#           says something else. With a space, with each entry on its own line, and in objects, it is right.
# Seen      ["read", "write"] → ["read""]
#           [10, 20, 30] → [10, 200]
#           [1, 2, 3] → [1, 23]
#           [ "read", "write" ] → [ "read" ]
#           {"a": 1, "b": 2} → {"a": 1}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts jsonc-parser@3.3.1
seen=$(node -e '
  const { applyEdits, modify } = require("jsonc-parser")
  const cases = [["[\"read\", \"write\"]", 1], ["[10, 20, 30]", 2], ["[1, 2, 3]", 2], ["[ \"read\", \"write\" ]", 1], ["{\"a\": 1, \"b\": 2}", "b"]]
  for (const [text, at] of cases) console.log(`${text} → ${applyEdits(text, modify(text, [at], undefined, {}))}`)
')
printf '%s\n' "$seen"
[ "$seen" = '["read", "write"] → ["read""]
[10, 20, 30] → [10, 200]
[1, 2, 3] → [1, 23]
[ "read", "write" ] → [ "read" ]
{"a": 1, "b": 2} → {"a": 1}' ]
