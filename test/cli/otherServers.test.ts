import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { deepSeek, gemini, llamaCpp, openAiChat, standIn, type Verdict } from "../responses/standIns.ts"
import { machine, platform } from "./support.ts"

const call = (id: string, args: unknown, name = "bash") => ({
  type: "function_call",
  call_id: id,
  name,
  arguments: typeof args === "string" ? args : JSON.stringify(args)
})
const say = (text: string) => ({
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }]
})
const thought = (text: string) => ({
  id: `rs_${text}`,
  type: "reasoning",
  summary: [],
  content: [{ type: "reasoning_text", text }],
  encrypted_content: ""
})

/** A person's machine whose runs go to a server of another kind. */
const at = Effect.fnUntraced(function*(verdict: Verdict, answers: ReadonlyArray<ReadonlyArray<object>>, dialect = "") {
  const server = yield* standIn(verdict, answers)
  const { file, fs, home, run } = yield* machine(Script.fromTurns([]), { signedIn: false })
  yield* fs.makeDirectory(home)
  yield* fs.writeFileString(
    `${home}/config.json`,
    JSON.stringify({ model: "tiny", models: { tiny: { images: true } } })
  )
  const env = {
    OPENAI_BASE_URL: server.url,
    OPENAI_API_KEY: "none",
    EFFIXIR_AUTH: "api-key",
    ...dialect === "" ? {} : { EFFIXIR_DIALECT: dialect }
  }
  const ask = (args: ReadonlyArray<string>, more: Record<string, string> = {}) =>
    run([...args, "--json"], { env: { ...env, ...more } })
  return { ask, file, fs, server }
})

const refusals = ({ asked }: { readonly asked: ReadonlyArray<{ readonly refusal: unknown }> }) =>
  asked.flatMap(({ refusal }) => refusal === undefined ? [] : [refusal])

describe("a conversation with a server that is not OpenAI's", () => {
  it.scopedLive(
    "goes on at one that wants its thoughts back and calls together, also when it is resumed",
    () =>
      Effect.gen(function*() {
        const { ask, file, fs, server } = yield* at(deepSeek, [
          [
            thought("a"),
            call("1", { command: "echo one > one.txt" }),
            say("And now the other."),
            thought("b"),
            call(
              "2",
              JSON.stringify({ command: "echo two > two.txt", timeout_ms: "20000", workdir: null }),
              "functions.bash"
            )
          ],
          [thought("c"), call("3", { command: "cat one.txt two.txt" })],
          [say("One and two.")],
          [thought("d"), call("4", "{\"command\": "), call("5", { command: "ls" })],
          [say("Two files.")]
        ])
        const cut = yield* ask(["run", "--max-steps", "1", "Write two files"])
        assert.strictEqual(cut.code, 8, cut.stderr)
        const resumed = yield* ask(["resume", "--last"])
        assert.strictEqual(resumed.code, 0, resumed.stderr + JSON.stringify(refusals(server)))
        assert.strictEqual(yield* fs.readFileString(file("one.txt")), "one\n")
        assert.strictEqual(yield* fs.readFileString(file("two.txt")), "two\n")
        const more = yield* ask(["resume", "--last", "How many?"])
        assert.strictEqual(more.code, 0, more.stderr + JSON.stringify(refusals(server)))
        assert.deepStrictEqual(refusals(server), [])
        assert.deepStrictEqual(
          server.asked.at(-1)?.body["input"].map(({ call_id, type }: { call_id?: string; type: string }) =>
            call_id ?? type
          )
            .filter((name: string) => name !== "message").join(" "),
          "reasoning reasoning 1 2 1 2 reasoning 3 3 reasoning 4 5 4 5"
        )
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "goes on at one that takes only text of tools, refused once for a picture",
    () =>
      Effect.gen(function*() {
        const { ask, file, fs, server } = yield* at(llamaCpp, [
          [thought("a"), call("1", { path: "logo.png" }, "read")],
          [call("2", "{\"path\": "), call("3", { path: "a.txt", limit: "1" }, "read<|channel|>json")],
          [say("A logo.")],
          [say("Still a logo.")]
        ])
        yield* fs.writeFile(file("logo.png"), Buffer.from("\x89PNG\r\n\x1a\n and more IEND\xAE\x42\x60\x82", "latin1"))
        yield* fs.writeFileString(file("a.txt"), "one\ntwo\n")
        const first = yield* ask(["run", "What is there?"])
        assert.strictEqual(first.code, 0, first.stderr + JSON.stringify(refusals(server)))
        const again = yield* ask(["resume", "--last", "Sure?"])
        assert.strictEqual(again.code, 0, again.stderr + JSON.stringify(refusals(server)))
        assert.strictEqual(refusals(server).length, 1)
        const sent = JSON.stringify(server.asked.at(-1)?.body)
        assert.include(sent, "this server does not take images from tools")
        assert.include(sent, "not_json")
        assert.notInclude(sent, "input_image")
      }).pipe(Effect.provide(platform))
  )

  const signature = { google: { thought_signature: "sig==" } }
  const delta = (id: string, args: object) => ({
    role: "assistant",
    tool_calls: [{
      index: 0,
      id,
      type: "function",
      function: { name: "default_api:bash", arguments: JSON.stringify(args) },
      extra_content: signature
    }]
  })

  it.scopedLive("brings the signature of a call back to its model, and to no other", () =>
    Effect.gen(function*() {
      const { ask, server } = yield* at(gemini, [
        [delta("1", { command: "echo hi" })],
        [{ content: "It said hi." }],
        [{ content: "Still." }]
      ], "chat-completions")
      const first = yield* ask(["run", "Say hi"])
      assert.strictEqual(first.code, 0, first.stderr + JSON.stringify(refusals(server)))
      const again = yield* ask(["resume", "--last", "Sure?"])
      assert.strictEqual(again.code, 0, again.stderr + JSON.stringify(refusals(server)))
      assert.deepStrictEqual(refusals(server), [])
      const messages: ReadonlyArray<{ readonly role: string; readonly tool_calls?: ReadonlyArray<unknown> }> = server
        .asked.at(-1)?.body["messages"]
      const [sent] = messages.flatMap(({ tool_calls = [] }) => tool_calls)
      assert.deepStrictEqual(sent, {
        id: "1",
        type: "function",
        extra_content: signature,
        function: { name: "bash", arguments: "{\"command\":\"echo hi\"}" }
      })
      const other = yield* standIn(() => undefined, [[{ content: "Elsewhere." }]])
      const moved = yield* ask(["resume", "--last", "--base-url", other.url, "And there?"])
      assert.strictEqual(moved.code, 0, moved.stderr)
      assert.notInclude(JSON.stringify(other.asked[0]?.body), "sig==")
      assert.include(JSON.stringify(other.asked[0]?.body), "echo hi")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("goes on in the other dialect with what it holds", () =>
    Effect.gen(function*() {
      const both: Verdict = (body) => "input" in body ? llamaCpp(body) : openAiChat(body)
      const { ask, server } = yield* at(both, [
        [thought("a"), call("1", { command: "echo hi" }), say("Then this."), call("2", "null", "functions.ls")],
        [say("Hi.")],
        [{ content: "Yes." }],
        [say("Yes, again.")]
      ])
      const first = yield* ask(["run", "Say hi"])
      assert.strictEqual(first.code, 0, first.stderr + JSON.stringify(refusals(server)))
      for (const dialect of ["chat-completions", "responses"]) {
        const next = yield* ask(["resume", "--last", "Sure?"], { EFFIXIR_DIALECT: dialect })
        assert.strictEqual(next.code, 0, next.stderr + JSON.stringify(refusals(server)))
      }
      assert.deepStrictEqual(refusals(server), [])
    }).pipe(Effect.provide(platform)))
})
