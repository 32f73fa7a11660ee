#!/usr/bin/env bash
# Package   @modelcontextprotocol/sdk 1.32.2 (`Client.listTools` of a server that lists in pages), Node 20
# Guess     A client that has listed all pages knows the `outputSchema` of all tools, and refuses results that do not fit.
# Behaviour Each page makes it forget those before. Once the list is complete, only the tools of the last page are checked;
#           what the others return is handed on, whatever it is. The same goes for which tools have to run as a task.
# Seen      after page 1: first refused, second taken
#           after page 2: first taken, second refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @modelcontextprotocol/sdk@1.32.2 zod@4.6.7

cat >program.mjs <<'JS'
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { Server } from "@modelcontextprotocol/sdk/server/index.js"
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"

const outputSchema = { type: "object", properties: { size: { type: "number" } }, required: ["size"] }
const page = (name, nextCursor) => ({ tools: [{ name, inputSchema: { type: "object" }, outputSchema }], nextCursor })
const server = new Server({ name: "server", version: "1" }, { capabilities: { tools: {} } })
server.setRequestHandler(ListToolsRequestSchema, ({ params }) => params?.cursor ? page("second") : page("first", "2"))
server.setRequestHandler(CallToolRequestSchema, () => ({ content: [], structuredContent: { size: "large" } }))

const [near, far] = InMemoryTransport.createLinkedPair()
await server.connect(far)
const client = new Client({ name: "client", version: "1" })
await client.connect(near)
const call = (name) => client.callTool({ name }).then(() => `${name} taken`, () => `${name} refused`)
const { nextCursor: cursor } = await client.listTools()
console.log(`after page 1: ${await call("first")}, ${await call("second")}`)
await client.listTools({ cursor })
console.log(`after page 2: ${await call("first")}, ${await call("second")}`)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'after page 1: first refused, second taken
after page 2: first taken, second refused' ]
