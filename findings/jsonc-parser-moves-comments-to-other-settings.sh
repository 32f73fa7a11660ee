#!/usr/bin/env bash
# Package   jsonc-parser 3.3.1 (`modify`, `applyEdits`), Node 20
# Guess     `modify` is for files that people write: a comment behind a value stays with the value, and goes with it.
# Behaviour It comes to stand behind another one. A new setting is written between the last value and its comment, and takes
#           the comment over. Taking the last setting away takes the comment of the one before with it, and leaves its
#           own to that one. The file says of a setting what was said of its neighbour.
# Seen      before:
#           {
#             "model": "small", // cheap
#             "retries": 9 // since the outage
#           }
#           with "color" added:
#           {
#             "model": "small", // cheap
#             "retries": 9,
#             "color": true // since the outage
#           }
#           with "retries" removed:
#           {
#             "model": "small" // since the outage
#           }
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts jsonc-parser@3.3.1
cat >settings.jsonc <<'JSONC'
{
  "model": "small", // cheap
  "retries": 9 // since the outage
}
JSONC
seen=$(node -e '
  const { applyEdits, modify } = require("jsonc-parser")
  const text = require("node:fs").readFileSync("settings.jsonc", "utf8").trim()
  const edited = (name, value) =>
    applyEdits(text, modify(text, [name], value, { formattingOptions: { insertSpaces: true, tabSize: 2 } }))
  console.log(`before:\n${text}`)
  console.log(`with "color" added:\n${edited("color", true)}`)
  console.log(`with "retries" removed:\n${edited("retries", undefined)}`)
')
printf '%s\n' "$seen"
[ "$seen" = 'before:
{
  "model": "small", // cheap
  "retries": 9 // since the outage
}
with "color" added:
{
  "model": "small", // cheap
  "retries": 9,
  "color": true // since the outage
}
with "retries" removed:
{
  "model": "small" // since the outage
}' ]
