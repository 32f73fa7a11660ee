#!/usr/bin/env bash
# Packages  @effect/ai 0.37.0 (`McpServer.toolkit`) with @modelcontextprotocol/sdk 1.32.2 as client, effect 3.22.4,
#           zod 4.6.7, Node 20
# Guess     Whatever a tool of a `Toolkit` may return, an MCP client can read once the server has written it.
# Behaviour A string or a struct is read. A list, or null, is sent as `structuredContent`, which has to be an object, and the
#           client rejects the whole answer, with its text. A tool that returns nothing, which is what `Tool.make` assumes
#           of one without a `success`, has run when its request ends in an error of the protocol. A model that is told so
#           calls it once more. A call that leaves out its arguments, which the protocol leaves open, is an error as well.
# Seen      struct: read
#           text: read
#           list: rejected, Invalid input: expected record, received array
#           null: rejected, Invalid input: expected record, received null
#           nothing: has run
#           nothing: rejected, MCP error 0
#           text, without arguments: rejected, MCP error 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/ai@0.37.0 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 @effect/rpc@0.76.2 effect@3.22.4 @modelcontextprotocol/sdk@1.32.2 zod@4.6.7

cat >server.mjs <<'JS'
import { McpServer, Tool, Toolkit } from "@effect/ai"
import { Effect, Layer, Logger, Schema, Sink, Stream } from "effect"

const kit = Toolkit.make(
  Tool.make("struct", { success: Schema.Struct({ file: Schema.String }) }),
  Tool.make("text", { success: Schema.String }),
  Tool.make("list", { success: Schema.Array(Schema.String) }),
  Tool.make("null", { success: Schema.NullOr(Schema.String) }),
  Tool.make("nothing")
)
const handlers = kit.toLayer({
  struct: () => Effect.succeed({ file: "notes.txt" }),
  text: () => Effect.succeed("notes.txt"),
  list: () => Effect.succeed(["notes.txt"]),
  null: () => Effect.succeed(null),
  nothing: () => Effect.sync(() => console.error("nothing: has run"))
})
const stdin = Stream.fromAsyncIterable(process.stdin, () => new Error("stdin is broken"))
const stdout = Sink.forEach((text) => Effect.sync(() => process.stdout.write(text)))
McpServer.toolkit(kit).pipe(
  Layer.provide(handlers),
  Layer.provide(McpServer.layerStdio({ name: "server", version: "1", stdin, stdout })),
  Layer.provide(Logger.remove(Logger.defaultLogger)),
  Layer.launch,
  Effect.runFork
)
JS
cat >program.mjs <<'JS'
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"

const client = new Client({ name: "client", version: "1" })
await client.connect(new StdioClientTransport({ command: "node", args: ["server.mjs"] }))
const problem = ({ issues, message }) => issues?.[0].message ?? message.split(":")[0]
const call = (params) => client.callTool(params).then(() => "read", (error) => `rejected, ${problem(error)}`)
for (const { name } of (await client.listTools()).tools) console.log(`${name}: ${await call({ name, arguments: {} })}`)
console.log(`text, without arguments: ${await call({ name: "text" })}`)
await client.close()
JS
seen=$(node program.mjs 2>&1)
printf '%s\n' "$seen"
[ "$seen" = 'struct: read
text: read
list: rejected, Invalid input: expected record, received array
null: rejected, Invalid input: expected record, received null
nothing: has run
nothing: rejected, MCP error 0
text, without arguments: rejected, MCP error 0' ]
