#!/usr/bin/env bash
# Package   @modelcontextprotocol/sdk 1.32.2 (`McpServer.registerTool` with an `outputSchema`, and `Client`), zod 4.6.7, Node 20
# Guess     The server checks `structuredContent` against the zod schema before it answers, so what it lets pass fits the
#           schema that it lists, which was made from the same zod schema; the client will take it.
# Behaviour The server parses the content as zod does, which fills in defaults and drops unknown fields, and then sends the
#           content as it was before. The listed schema asks for the field with the default and forbids other fields. A
#           server therefore passes its own check, and each client of the same SDK that listed the tools refuses the answer.
# Seen      exact: taken
#           default left to zod: refused, data must have required property 'unit'
#           one field more: refused, data must NOT have additional properties
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @modelcontextprotocol/sdk@1.32.2 zod@4.6.7

cat >program.mjs <<'JS'
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { z } from "zod"

const contents = {
  "exact": { degrees: 20, unit: "C" },
  "default left to zod": { degrees: 20 },
  "one field more": { degrees: 20, unit: "C", station: "Bern" }
}
const outputSchema = { degrees: z.number(), unit: z.string().default("C") }
const server = new McpServer({ name: "server", version: "1" })
for (const [name, structuredContent] of Object.entries(contents)) {
  server.registerTool(name.replaceAll(" ", "-"), { outputSchema }, async () => ({ content: [], structuredContent }))
}
const client = new Client({ name: "client", version: "1" })
const [left, right] = InMemoryTransport.createLinkedPair()
await Promise.all([server.connect(left), client.connect(right)])
await client.listTools()
for (const name of Object.keys(contents)) {
  const outcome = await client.callTool({ name: name.replaceAll(" ", "-") }).then(
    ({ isError }) => isError ? "refused by the server" : "taken",
    ({ message }) => `refused, ${message.split(": ").at(-1)}`
  )
  console.log(`${name}: ${outcome}`)
}
process.exit(0)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = "exact: taken
default left to zod: refused, data must have required property 'unit'
one field more: refused, data must NOT have additional properties" ]
