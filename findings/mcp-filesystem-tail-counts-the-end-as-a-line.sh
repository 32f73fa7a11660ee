#!/usr/bin/env bash
# Packages  @modelcontextprotocol/server-filesystem 2026.8.31 (`read_text_file`), @modelcontextprotocol/sdk 1.32.2 as client, Node 20
# Guess     `tail: 1` gives the last line, as `tail -n 1` does, and as `head: 1` gives the first.
# Behaviour The line break at the end of the file counts as one more line, an empty one. In a file that ends as text files
#           do, the last line is an empty text, and the last ten are nine. Who looks for the newest entry of a log this way
#           finds that there is none. `head` is right.
# Seen      tail -n 1: three
#           tail 1: ""
#           tail 2: "three\n"
#           head 1: "one"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @modelcontextprotocol/server-filesystem@2026.8.31 @modelcontextprotocol/sdk@1.32.2
mkdir files
printf 'one\ntwo\nthree\n' >files/log

cat >program.mjs <<'JS'
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import fs from "node:fs"

const server = "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js"
const client = new Client({ name: "client", version: "1" })
await client.connect(new StdioClientTransport({ command: "node", args: [server, "files"], stderr: "ignore" }))
for (const [side, count] of [["tail", 1], ["tail", 2], ["head", 1]]) {
  const { content } = await client.callTool({
    name: "read_text_file",
    arguments: { path: fs.realpathSync("files/log"), [side]: count }
  })
  console.log(`${side} ${count}: ${JSON.stringify(content[0].text)}`)
}
await client.close()
JS
seen="tail -n 1: $(tail -n 1 files/log)
$(node program.mjs)"
printf '%s\n' "$seen"
[ "$seen" = 'tail -n 1: three
tail 1: ""
tail 2: "three\n"
head 1: "one"' ]
