/**
 * The program against a real llama.cpp server: `npm run test:llama` builds it and says where it is. Without it these tests
 * are skipped.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import * as NodeAgent from "../../src/node/NodeAgent.ts"
import { userMessage } from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as Script from "../../src/testing/Script.ts"
import { eventually, lines, machine, platform } from "../cli/support.ts"

const folder = process.env["LLAMA_FOLDER"] ?? ""
const isThere = folder !== "" && existsSync(join(folder, "llama-server"))

const freePort = Effect.promise(() =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
)

/** A server with one of the models, and a context of so many tokens. */
const llama = Effect.fnUntraced(function*(model: "plain" | "thinking", context = 16384) {
  const port = yield* freePort
  const log = { text: "" }
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const options = "--jinja -np 1 -t 1 --temp 0 --alias tiny --no-webui --host 127.0.0.1 --api-key right".split(" ")
      const child = spawn(join(folder, "llama-server"), [
        "-m",
        join(folder, `${model}.gguf`),
        "--port",
        String(port),
        "-c",
        String(context),
        ...options
      ], {
        env: {
          ...process.env,
          GGML_BACKEND_PATH: join(folder, "node_modules/@node-llama-cpp/linux-x64/bins/linux-x64/libggml-cpu-x64.so")
        }
      })
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => log.text += String(data))
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  yield* eventually(
    `the server listens: ${log.text.slice(-500)}`,
    async () => await fetch(`http://127.0.0.1:${port}/health`).then(({ ok }) => ok, () => false)
  )
  return `http://127.0.0.1:${port}/v1`
})

/** A picture of one pixel. */
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const at = Effect.fnUntraced(function*(url: string, dialect: string) {
  const { file, fs, home, run } = yield* machine(Script.fromTurns([
    Script.answer(Script.think("Look first."), Script.call("bash", { command: "echo begun" })),
    Script.answer(Script.call("bash", "{\"command\": \"echo")),
    Script.answer(Script.say("Begun elsewhere."))
  ]))
  const env = { OPENAI_BASE_URL: url, OPENAI_API_KEY: "right", EFFIXIR_AUTH: "api-key", EFFIXIR_DIALECT: dialect }
  yield* fs.writeFileString(`${home}/config.json`, JSON.stringify({ models: { tiny: { images: true } } }))
  const ask = (args: ReadonlyArray<string>, more: Record<string, string> = {}) =>
    Effect.map(
      run(["--json", "-m", "tiny", ...args], { env: { ...env, ...more } }),
      ({ code, stderr, stdout }) => ({ code, stderr, all: lines(stdout), last: lines(stdout).at(-1) })
    )
  const picture = file("dot.png")
  yield* fs.writeFile(picture, Buffer.from(dot, "base64"))
  return { ask, env, picture, run }
})

type Told = Effect.Effect.Success<ReturnType<Effect.Effect.Success<ReturnType<typeof at>>["ask"]>>

const outputs = ({ all }: Told) =>
  all.flatMap(({ item, type }) => type === "item.completed" && item?.type === "tool_call" ? [item["output"]] : [])

const answers = ({ all }: Told) =>
  all.flatMap(({ item, type }) =>
    type === "item.completed" && item?.type === "agent_message" ? [String(item["text"]).trim()] : []
  )

describe.skipIf(!isThere)("a real llama.cpp server", () => {
  describe.each(["responses", "chat-completions"])("over %s", (dialect) => {
    it.scopedLive("streams an answer, and runs the call that it makes", () =>
      Effect.gen(function*() {
        const { ask } = yield* at(yield* llama("plain"), dialect)
        const told = yield* ask(["--deltas", "Look around"])
        assert.strictEqual(told.code, 0, told.stderr)
        assert.deepStrictEqual(outputs(told), ["hello-from-tool"])
        assert.strictEqual(answers(told).at(-1), "All done: it said hello.")
        assert.isAbove(told.all.filter(({ type }) => type === "item.delta").length, 1)
      }).pipe(Effect.provide(platform)))

    it.scopedLive("gets its thoughts back, also when the session is resumed", () =>
      Effect.gen(function*() {
        const { ask } = yield* at(yield* llama("thinking"), dialect)
        const told = yield* ask(["Look around"])
        assert.strictEqual(told.code, 0, told.stderr)
        assert.isTrue(told.all.some(({ item }) => item?.type === "reasoning" && /look/.test(String(item["text"]))))
        assert.deepStrictEqual(outputs(told), ["hello-from-tool"])
        const again = yield* ask(["resume", "--last", "Again"])
        assert.strictEqual(again.code, 0, again.stderr)
        assert.strictEqual(answers(again).at(-1), "All done: it said hello.")
      }).pipe(Effect.provide(platform)))

    it.scopedLive("says that a conversation is too long for it", () =>
      Effect.gen(function*() {
        const { ask } = yield* at(yield* llama("plain", 2048), dialect)
        const { code, last } = yield* ask(["word ".repeat(8000)])
        assert.deepInclude(last, { type: "turn.failed" })
        assert.propertyVal(last?.["error"], "kind", "ContextOverflow")
        assert.strictEqual(code, 1)
      }).pipe(Effect.provide(platform)))

    it.scopedLive("refuses a wrong key", () =>
      Effect.gen(function*() {
        const { ask } = yield* at(yield* llama("plain"), dialect)
        const { code, last } = yield* ask(["Hi"], { OPENAI_API_KEY: "wrong" })
        assert.propertyVal(last?.["error"], "kind", "Unauthorized")
        assert.strictEqual(code, 4)
      }).pipe(Effect.provide(platform)))

    it.scopedLive("goes on with a session that was begun elsewhere, and had a call with wrong arguments there", () =>
      Effect.gen(function*() {
        const url = yield* llama("plain")
        const { ask, run } = yield* at(url, dialect)
        const begun = yield* run(["-m", "gpt-5.5", "Begin there"], { env: { EFFIXIR_AUTH: "chatgpt" } })
        assert.strictEqual(begun.code, 0, begun.stderr)
        const there = ["--auth", "api-key", "--base-url", url, "--dialect", dialect]
        const told = yield* ask(["resume", "--last", ...there, "Look around"])
        assert.strictEqual(told.code, 0, told.stderr)
        assert.strictEqual(answers(told).at(-1), "All done: it said hello.")
      }).pipe(Effect.provide(platform)))

    it.scopedLive("is not sent the image that it refuses again", () =>
      Effect.gen(function*() {
        const { ask, picture } = yield* at(yield* llama("plain"), dialect)
        yield* ask(["-i", picture, "What is this?"])
        const told = yield* ask(["resume", "--last", "Look around"])
        assert.strictEqual(told.code, 0, told.stderr)
        assert.strictEqual(answers(told).at(-1), "All done: it said hello.")
      }).pipe(Effect.provide(platform)))
  })

  it.scopedLive("answers with a value of a schema where it is asked for one in the way that it knows", () =>
    Effect.gen(function*() {
      const url = yield* llama("plain")
      const asked = (dialect: "responses" | "chat-completions") =>
        Responses.object(
          Schema.Struct({ ok: Schema.Boolean }),
          Request.make({ model: "tiny", instructions: "", input: [userMessage("Is it so?")], cacheKey: "so" })
        ).pipe(
          Effect.provide(NodeAgent.layer({ workspace: folder, dialect })),
          Effect.withConfigProvider(ConfigProvider.fromMap(
            new Map([
              ["OPENAI_BASE_URL", url],
              ["OPENAI_API_KEY", "right"],
              ["EFFIXIR_AUTH", "api-key"],
              ["EFFIXIR_HOME", join(folder, "home")]
            ])
          ))
        )
      const value = yield* asked("chat-completions")
      assert.isBoolean(value.ok)
      const error = yield* Effect.flip(asked("responses"))
      assert.deepInclude(error, { _tag: "ModelError", reason: { _tag: "MalformedOutput" } })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("lists its model with the size of its context", () =>
    Effect.gen(function*() {
      const { env, run } = yield* at(yield* llama("plain"), "responses")
      const { models } = JSON.parse((yield* run(["models", "--json"], { env })).stdout)
      assert.strictEqual(models.length, 1)
      assert.deepInclude(models[0], { slug: "tiny", context_window: 16384 })
    }).pipe(Effect.provide(platform)))
})
