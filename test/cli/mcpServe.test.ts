import { assert, describe, it } from "@effect/vitest"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform, program } from "./support.ts"

describe("effixir mcp serve", () => {
  it.scopedLive("offers the tools and an agent, as far as they may run", () =>
    Effect.gen(function*() {
      const { base, file, folder, fs, home, simulator } = yield* machine(Script.fromTurns([
        Script.answer(Script.call("bash", { command: "echo one > by-agent.txt" })),
        Script.answer(Script.say("It is written.")),
        Script.answer(Script.say("Again."))
      ]))
      yield* fs.writeFileString(file("a.txt"), "hello\n")
      const connected = (...flags: ReadonlyArray<string>) =>
        Effect.acquireRelease(
          Effect.promise(async () => {
            const client = new Client({ name: "test", version: "1" })
            await client.connect(
              new StdioClientTransport({
                command: process.execPath,
                args: [program, "mcp", "serve", ...flags],
                cwd: folder,
                env: {
                  PATH: process.env["PATH"] ?? "",
                  HOME: base,
                  EFFIXIR_HOME: home,
                  EFFIXIR_SANDBOX: "off",
                  OPENAI_BASE_URL: simulator.apiBaseUrl,
                  OPENAI_API_KEY: Redacted.value(simulator.apiKey),
                  EFFIXIR_AUTH: "api-key"
                }
              })
            )
            return client
          }),
          (client) => Effect.promise(() => client.close())
        )
      const call = (client: Client, name: string, args: Record<string, unknown>) =>
        Effect.promise(async () => {
          const { content, isError } = await client.callTool({ name, arguments: args })
          const [first]: ReadonlyArray<{ readonly text?: string }> = Array.isArray(content) ? content : []
          return `${isError === true ? "failed: " : ""}${first?.text ?? ""}`
        })

      const free = yield* connected()
      const { tools } = yield* Effect.promise(() => free.listTools())
      assert.deepStrictEqual(tools.map(({ name }) => name), [
        "read",
        "write",
        "edit",
        "bash",
        "grep",
        "find",
        "ls",
        "agent"
      ])
      assert.strictEqual(yield* call(free, "read", { path: "a.txt" }), "hello\n")
      assert.include(yield* call(free, "edit", { path: "a.txt", old_string: "hello", new_string: "bye" }), "Replaced 1")
      assert.match(yield* call(free, "read", { path: "/etc/passwd" }), /^failed: .*outside/)
      const answer = yield* call(free, "agent", { prompt: "Write it" })
      assert.match(answer, /^It is written\.\n\n\[Session /)
      assert.strictEqual(yield* fs.readFileString(file("by-agent.txt")), "one\n")
      const session = /\[Session ([\w-]+)/.exec(answer)?.[1]
      assert.include(yield* call(free, "agent", { prompt: "And again", session }), "Again.")

      const bound = yield* connected("--permission", "ask")
      assert.match(
        yield* call(bound, "bash", { command: "rm a.txt" }),
        /^failed: .*it needs approval, and nobody can be asked here/
      )
      assert.include(yield* call(bound, "bash", { command: "ls" }), "a.txt")
    }).pipe(Effect.provide(platform)))
})
