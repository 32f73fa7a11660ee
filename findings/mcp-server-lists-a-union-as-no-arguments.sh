#!/usr/bin/env bash
# Packages  @modelcontextprotocol/sdk 1.32.2 (`McpServer.registerTool`, read with `Client`), zod 4.6.7, Node 20
# Guess     The `inputSchema` that a tool is listed with says what the server checks its arguments against.
# Behaviour Only where the schema is a plain object. A union of objects, an intersection, a record, one with a transform, or
#           merely `.readonly()`, is listed as an object without properties: no argument is told of, and no error at
#           registration. The server still checks by the real one, so the model, which was told of no arguments, is refused.
# Seen      object: lists file; called with nothing: refused
#           union: lists nothing; called with nothing: refused
#           intersection: lists nothing; called with nothing: refused
#           transform: lists nothing; called with nothing: refused
#           readonly: lists nothing; called with nothing: refused
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

const file = z.object({ file: z.string() })
const schemas = {
  object: file,
  union: z.discriminatedUnion("by", [
    z.object({ by: z.literal("file"), file: z.string() }),
    z.object({ by: z.literal("line"), line: z.number() })
  ]),
  intersection: file.and(z.object({ line: z.number() })),
  transform: file.transform(({ file }) => ({ file: file.trim() })),
  readonly: file.readonly()
}
const server = new McpServer({ name: "server", version: "1" })
for (const [name, inputSchema] of Object.entries(schemas)) {
  server.registerTool(name, { description: "Read it", inputSchema }, () => ({ content: [{ type: "text", text: "read" }] }))
}
const [near, far] = InMemoryTransport.createLinkedPair()
await server.connect(far)
const client = new Client({ name: "client", version: "1" })
await client.connect(near)
for (const { inputSchema, name } of (await client.listTools()).tools) {
  const listed = Object.keys(inputSchema.properties).join(", ") || "nothing"
  const { isError } = await client.callTool({ name, arguments: {} })
  console.log(`${name}: lists ${listed}; called with nothing: ${isError ? "refused" : "taken"}`)
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'object: lists file; called with nothing: refused
union: lists nothing; called with nothing: refused
intersection: lists nothing; called with nothing: refused
transform: lists nothing; called with nothing: refused
readonly: lists nothing; called with nothing: refused' ]
