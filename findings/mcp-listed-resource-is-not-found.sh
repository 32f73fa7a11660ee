#!/usr/bin/env bash
# Package   @modelcontextprotocol/sdk 1.32.2 (`McpServer.registerResource`, read with `Client`), zod 4.6.7, Node 20
# Guess     A resource is read by the URI under which it was registered and is listed: the server compares the two.
# Behaviour It compares the registered URI with what `new URL(…)` makes of the requested one, which writes many a valid URI
#           another way: a host alone gets a slash, a scheme or host its small letters, "localhost" of a file goes, a quote
#           is escaped. Such a resource is listed as registered, and no client can read it by any URI.
# Seen      docs://guide: read
#           https://example.com/guide: read
#           https://example.com: https://example.com/ not found
#           Docs://guide: docs://guide not found
#           https://Example.com/guide: https://example.com/guide not found
#           file://localhost/guide: file:///guide not found
#           db://guides?title='A': read
#           https://example.com/guides?title='A': https://example.com/guides?title=%27A%27 not found
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

const uris = [
  "docs://guide",
  "https://example.com/guide",
  "https://example.com",
  "Docs://guide",
  "https://Example.com/guide",
  "file://localhost/guide",
  "db://guides?title='A'",
  "https://example.com/guides?title='A'"
]
for (const registered of uris) {
  const server = new McpServer({ name: "server", version: "1" })
  server.registerResource("guide", registered, {}, async () => ({ contents: [{ uri: registered, text: "Read me" }] }))
  const client = new Client({ name: "client", version: "1" })
  const [left, right] = InMemoryTransport.createLinkedPair()
  await Promise.all([server.connect(left), client.connect(right)])
  const { resources: [{ uri }] } = await client.listResources()
  console.log(`${uri}: ` + await client.readResource({ uri }).then(
    () => "read",
    ({ message }) => message.split("Resource ").at(-1)
  ))
}
process.exit(0)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = "docs://guide: read
https://example.com/guide: read
https://example.com: https://example.com/ not found
Docs://guide: docs://guide not found
https://Example.com/guide: https://example.com/guide not found
file://localhost/guide: file:///guide not found
db://guides?title='A': read
https://example.com/guides?title='A': https://example.com/guides?title=%27A%27 not found" ]
