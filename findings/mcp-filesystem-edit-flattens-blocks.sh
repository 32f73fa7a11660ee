#!/usr/bin/env bash
# Packages  @modelcontextprotocol/server-filesystem 2026.8.31 (`edit_file`), @modelcontextprotocol/sdk 1.32.2 as client, Node 20
# Guess     Where the old text fits but for its indentation, as when a model writes two spaces and the file has four, the edit
#           keeps the file's indentation, as the README promises ("indentation style detection and preservation"), or fails.
# Behaviour Every line that replaces one gets the indentation of the block's first line, plus what it has more than the old
#           line in its place, which is mostly nothing: the block is flattened. The answer is a success with a diff. Here a
#           call is moved out of its `if`, into what Python does not compile; in a language with braces, nobody is told.
# Seen      before:
#           def f(a):
#               if a:
#                   old()
#               return 1
#           after old() became new():
#           def f(a):
#               if a:
#               new()
#               return 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @modelcontextprotocol/server-filesystem@2026.8.31 @modelcontextprotocol/sdk@1.32.2
mkdir files
cat >files/f.py <<'PY'
def f(a):
    if a:
        old()
    return 1
PY

cat >program.mjs <<'JS'
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import fs from "node:fs"

const server = "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js"
const client = new Client({ name: "client", version: "1" })
await client.connect(new StdioClientTransport({ command: "node", args: [server, "files"], stderr: "ignore" }))
const block = (call) => `  if a:\n    ${call}\n  return 1`
console.log(`before:\n${fs.readFileSync("files/f.py", "utf8").trim()}`)
const { isError } = await client.callTool({
  name: "edit_file",
  arguments: { path: fs.realpathSync("files/f.py"), edits: [{ oldText: block("old()"), newText: block("new()") }] }
})
console.log(`${isError ? "failed" : "after old() became new()"}:\n${fs.readFileSync("files/f.py", "utf8").trim()}`)
await client.close()
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'before:
def f(a):
    if a:
        old()
    return 1
after old() became new():
def f(a):
    if a:
    new()
    return 1' ]
