import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

/** A turn with a call in it. */
const script = () =>
  Script.fromTurns([
    Script.answer(Script.call("read", { path: "a.txt" }, "call_1")),
    Script.answer(Script.say("It says hello."))
  ])

describe("the way to the model", () => {
  const ways = [
    ["sse", { EFFIXIR_TRANSPORT: "sse" }, ["POST", "POST"]],
    ["websocket", { EFFIXIR_TRANSPORT: "websocket" }, ["GET", "MESSAGE", "MESSAGE"]],
    ["auto", { EFFIXIR_TRANSPORT: "auto" }, ["GET", "MESSAGE", "MESSAGE"]]
  ] as const
  it.scopedLive.each(ways)("can be %s", ([, env, methods]) =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(script())
      yield* fs.writeFileString(file("a.txt"), "hello")
      const { code, stderr, stdout } = yield* run(["What does it say?"], { env })
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stdout, "It says hello.\n")
      assert.deepStrictEqual<ReadonlyArray<string>>((yield* simulator.requests).map(({ method }) => method), methods)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "falls back to HTTP where there are no WebSockets, and without them it says so",
    () =>
      Effect.gen(function*() {
        const { file, fs, run, simulator } = yield* machine(script(), { sockets: { isRefusing: true } })
        yield* fs.writeFileString(file("a.txt"), "hello")
        const refused = yield* run(["Go"], { env: { EFFIXIR_TRANSPORT: "websocket" } })
        assert.strictEqual(refused.code, 1)
        assertSentence(refused.stderr, "it takes no WebSockets; set the transport to `sse` or `auto`")
        const { code, stdout } = yield* run(["Go"], { env: { EFFIXIR_TRANSPORT: "auto" } })
        assert.deepStrictEqual([code, stdout], [0, "It says hello.\n"])
        assert.deepStrictEqual((yield* simulator.requests).map(({ method }) => method), ["GET", "GET", "POST", "POST"])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("can be Chat Completions, with an API key", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(script())
      yield* fs.writeFileString(file("a.txt"), "hello")
      const env = { EFFIXIR_DIALECT: "chat-completions", OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      const plan = yield* run(["--json", "Go"], { env })
      assert.strictEqual(plan.code, 2)
      assert.deepInclude(lines(plan.stdout)[0]?.["error"], { kind: "BadInput" })
      assertSentence(plan.stderr, "--auth api-key", "OPENAI_BASE_URL")
      const { code, stderr, stdout } = yield* run(["--auth", "api-key", "-m", "qwen3", "What does it say?"], { env })
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stdout, "It says hello.\n")
      const sent = yield* simulator.requests
      assert.deepStrictEqual(sent.map(({ path }) => path), ["/v1/chat/completions", "/v1/chat/completions"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "sends thoughts back in Chat Completions to a model whose server refuses its calls without",
    () =>
      Effect.gen(function*() {
        const think = Script.answer(Script.think("I look."), Script.call("bash", { command: "true" }, "c1"))
        const { run, simulator } = yield* machine((_, n) => n % 2 === 0 ? think : Script.answer(Script.say("Done.")))
        const env = { EFFIXIR_DIALECT: "chat-completions", OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
        for (const model of ["deepseek-v3.2", "qwen3"]) {
          const { code, stderr } = yield* run(["--auth", "api-key", "-m", model, "Go"], { env })
          assert.strictEqual(code, 0, stderr)
        }
        const sent = (yield* simulator.requests).map(({ body }) => JSON.stringify(body))
        assert.deepStrictEqual(sent.map((body) => body.includes("\"reasoning_content\":\"I look.\"")), [
          false,
          true,
          false,
          false
        ])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("is one word of three, or code 2", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(script())
      for (const [name, value] of [["EFFIXIR_TRANSPORT", "http"], ["EFFIXIR_DIALECT", "messages"]] as const) {
        const { code, stderr } = yield* run(["Go"], { env: { [name]: value } })
        assert.strictEqual(code, 2)
        assertSentence(stderr, name, value)
      }
    }).pipe(Effect.provide(platform)))
})

describe("a server of one's own", () => {
  it.scopedLive("may not know the API that is spoken, and then the other one is named", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(script())
      const ask = (base: string, dialect: string) =>
        run(["--auth", "api-key", "-m", "qwen3", "Hi"], {
          env: {
            EFFIXIR_DIALECT: dialect,
            OPENAI_BASE_URL: base,
            OPENAI_API_KEY: Redacted.value(simulator.apiKey)
          }
        })
      const lost = `${simulator.url}/somewhere`
      assertSentence((yield* ask(lost, "responses")).stderr, "/responses below", "EFFIXIR_DIALECT=chat-completions")
      const { code, stderr } = yield* ask(lost, "chat-completions")
      assert.strictEqual(code, 1)
      assertSentence(stderr, "no /chat/completions below OPENAI_BASE_URL", "/v1")
      assert.notInclude(stderr, "EFFIXIR_DIALECT")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("has an address that can be one, or code 2 before anything is sent", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(script())
      for (const address of ["localhost:11434/v1", "ftp://x/v1", "not a url", "http://x/v1#part"]) {
        const { code, stderr } = yield* run(["--auth", "api-key", "Hi"], {
          env: { OPENAI_BASE_URL: address, OPENAI_API_KEY: "sk-1" }
        })
        assert.strictEqual(code, 2, address)
        assertSentence(stderr, "OPENAI_BASE_URL", address, "https://api.openai.com/v1")
      }
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is not sent what its model does not know, unless it is said to know it", () =>
    Effect.gen(function*() {
      const { fs, home, path, run, simulator } = yield* machine(() => Script.answer(Script.say("Hello")))
      const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      const args = ["--auth", "api-key", "-m", "qwen3:8b", "Hi"]
      yield* fs.writeFileString(path.join(home, "config.json"), JSON.stringify({ reasoning_effort: "high" }))
      assert.strictEqual((yield* run(args, { env })).stdout, "Hello\n")
      yield* fs.writeFileString(
        path.join(home, "config.json"),
        JSON.stringify({ reasoning_effort: "high", models: { "qwen3*": { reasoning: true } } })
      )
      assert.strictEqual((yield* run(args, { env })).stdout, "Hello\n")
      const [plain, reasoning] = (yield* simulator.requests).map(({ body }) => body)
      for (const field of ["include", "reasoning"]) {
        assert.notProperty(plain, field)
        assert.property(reasoning, field)
      }
    }).pipe(Effect.provide(platform)))
})
