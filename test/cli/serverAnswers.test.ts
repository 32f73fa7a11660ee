import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { RequestListener } from "node:http"
import { gzipSync } from "node:zlib"
import * as Script from "../../src/testing/Script.ts"
import { serve } from "../responses/loopback.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const nothing = Script.fromTurns([])

interface Asked {
  readonly url: string
  readonly headers: { readonly [name: string]: unknown }
  readonly body: string
}

/** A server on this machine that is not OpenAI's, a run of the program against it, and what it was asked. */
const against = Effect.fnUntraced(function*(listener: RequestListener, config: (url: string) => object = () => ({})) {
  const asked: Array<Asked> = []
  const url = yield* serve((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (piece: string) => body += piece).on("end", () => {
      asked.push({ url: request.url ?? "", headers: request.headers, body })
      listener(request, response)
    })
  })
  const person = yield* machine(nothing)
  yield* person.fs.writeFileString(person.path.join(person.home, "config.json"), JSON.stringify(config(url)))
  const run = (args: ReadonlyArray<string>, env: Record<string, string> = {}) =>
    person.run([...args, "--auth", "api-key"], {
      env: { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: "sk-other-server-key", ...env }
    })
  return { ...person, asked, url, run }
})

const sse = (...data: ReadonlyArray<unknown>) => data.map((data) => `data: ${JSON.stringify(data)}\n\n`).join("")
const answers = (body: string | Buffer, headers: Record<string, string> = {}): RequestListener => (_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream", ...headers }).end(body)
}

const completed = { type: "response.completed", response: { id: "r", status: "completed", output: [] } }
const deltas = [
  { type: "response.output_text.delta", delta: "Hel" },
  { type: "response.output_text.delta", delta: "lo!" }
]
const chat = { EFFIXIR_DIALECT: "chat-completions" }
const chunk = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }]
})

describe("a server that is not OpenAI's", () => {
  it.scopedLive("is understood where it tells a text in pieces alone", () =>
    Effect.gen(function*() {
      const { run } = yield* against(answers(sse(...deltas, completed)))
      const { code, stdout } = yield* run(["-m", "qwen3", "Hi"])
      assert.deepStrictEqual([code, stdout], [0, "Hello!\n"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is understood where it tells two calls under one number", () =>
    Effect.gen(function*() {
      const call = (call_id: string, name: string) => ({
        type: "response.output_item.done",
        output_index: 0,
        item: { type: "function_call", call_id, name: "bash", arguments: { command: `touch ${name}` } }
      })
      let calls = 0
      const { file, fs, run } = yield* against((request, response) =>
        answers(
          calls++ === 0 ? sse(call("1", "a"), call("2", "b"), call("2", "b"), completed) : sse(...deltas, completed)
        )(request, response)
      )
      const { code, stdout } = yield* run(["-m", "qwen3", "--json", "Hi"])
      assert.strictEqual(code, 0)
      assert.isTrue((yield* fs.exists(file("a"))) && (yield* fs.exists(file("b"))))
      const commands = lines(stdout).filter(({ item, type }) => type === "item.completed" && item?.type === "tool_call")
      assert.lengthOf(commands, 2)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "is not waited for when it has told the end, and tells thoughts between tags",
    () =>
      Effect.gen(function*() {
        const { asked, run } = yield* against((_, response) => {
          response.writeHead(200).write(
            sse(chunk({ content: "<thi" }), chunk({ content: "nk>I look.</think>\n\nHello!" }), chunk({}, "stop"))
          )
        })
        const { code, stdout } = yield* run(["-m", "qwen3", "--json", "Hi"], chat)
        assert.strictEqual(code, 0)
        assert.lengthOf(asked, 1)
        const items = lines(stdout).flatMap(({ item, type }) =>
          type === "item.completed" ? [[item?.type, item?.["text"]]] : []
        )
        assert.deepStrictEqual(items, [["reasoning", "I look."], ["agent_message", "Hello!"]])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("is told apart from its word for the end", () =>
    Effect.gen(function*() {
      const end = (word: string) =>
        Effect.map(
          Effect.flatMap(
            against(answers(`${sse(chunk({ content: "Hel" }), chunk({}, word))}data: [DONE]\n\n`)),
            ({ run }) => run(["-m", "qwen3", "--json", "Hi"], chat)
          ),
          ({ code, stdout }) => {
            const last = lines(stdout).at(-1)
            return [code, last?.type, last?.["finish_reason"] ?? Reflect.get(Object(last?.["error"]), "kind")]
          }
        )
      assert.deepStrictEqual(yield* end("tired"), [0, "turn.completed", "tired"])
      assert.deepStrictEqual(yield* end("length"), [0, "turn.completed", "max_output_tokens"])
      assert.deepStrictEqual(yield* end("sensitive"), [1, "turn.failed", "ContentFiltered"])
      assert.deepStrictEqual(yield* end("model_context_window_exceeded"), [1, "turn.failed", "ContextOverflow"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is understood where it compresses what nobody asked it to", () =>
    Effect.gen(function*() {
      const { run } = yield* against(answers(gzipSync(sse(...deltas, completed)), { "content-encoding": "gzip" }))
      const { code, stdout } = yield* run(["-m", "qwen3", "Hi"])
      assert.deepStrictEqual([code, stdout], [0, "Hello!\n"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("gets what a person has set for it, which is shown nowhere", () =>
    Effect.gen(function*() {
      const secret = "azure-secret-value"
      const { asked, base, fs, run, url } = yield* against(
        (request, response) => {
          const { headers, url } = request
          const message = `${url} ${JSON.stringify(headers)}`
          response.writeHead(url?.startsWith("/v1/models") === true ? 500 : 400).end(
            JSON.stringify({ error: { message } })
          )
        },
        (url) => ({
          servers: {
            [`${url}/v1`]: {
              headers: { "api-key": { env: "AZURE_KEY" }, "x-title": "effixir" },
              query: { tenant: { env: "AZURE_TENANT" } }
            }
          }
        })
      )
      const env = {
        OPENAI_BASE_URL: `${url}/v1?api-version=2024-10-21`,
        AZURE_KEY: secret,
        AZURE_TENANT: "tenant-secret-value"
      }
      const told = [yield* run(["-m", "qwen3", "--json", "Hi"], env), yield* run(["models", "--json"], env)]
      assert.deepStrictEqual(told.map(({ code }) => code), [1, 0])
      assert.deepStrictEqual(asked.map(({ url }) => url), [
        "/v1/responses?api-version=2024-10-21&tenant=tenant-secret-value",
        "/v1/models?api-version=2024-10-21&tenant=tenant-secret-value"
      ])
      for (const { headers } of asked) assert.deepInclude(headers, { "api-key": secret, "x-title": "effixir" })
      const files = yield* Effect.filter(
        yield* fs.readDirectory(base, { recursive: true }),
        (name) => Effect.map(fs.stat(`${base}/${name}`), ({ type }) => type === "File")
      )
      const kept = yield* Effect.forEach(files, (name) => fs.readFileString(`${base}/${name}`))
      for (const text of [...told.flatMap(({ stderr, stdout }) => [stderr, stdout]), ...kept]) {
        assert.notInclude(text, secret)
        assert.notInclude(text, "tenant-secret-value")
      }

      const missing = yield* run(["-m", "qwen3", "Hi"], { AZURE_TENANT: "x" })
      assert.strictEqual(missing.code, 2)
      assertSentence(missing.stderr, "headers.api-key", "AZURE_KEY", "not set")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("lists its own models, and none of OpenAI's", () =>
    Effect.gen(function*() {
      const list = { models: [{ name: "tiny" }], data: [{ id: "tiny", meta: { n_ctx: 16384 } }] }
      const known = yield* against(answers(JSON.stringify(list)))
      const listed = JSON.parse((yield* known.run(["models", "--json"])).stdout)
      assert.deepStrictEqual(
        listed.models.map((model: { slug: string; context_window: number }) => [model.slug, model.context_window]),
        [
          ["tiny", 16384]
        ]
      )
      const broken = yield* against((_, response) => response.writeHead(404).end())
      const { code, stderr, stdout } = yield* broken.run(["models"])
      assert.deepStrictEqual([code, stdout], [0, ""])
      assertSentence(stderr, "status 404", "name one with -m")
    }).pipe(Effect.provide(platform)))
})
