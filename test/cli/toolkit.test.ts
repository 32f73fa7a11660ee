import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Script from "../../src/testing/Script.ts"
import { applyPatch, assertSentence, lines, machine, platform } from "./support.ts"

const done = Script.answer(Script.say("Done."))
/** Which of the two tools that change a part of a file a request offers, and as what. */
const offered = (request: { readonly body: unknown } | undefined): ReadonlyArray<string> => {
  const { tools = [] } = (request?.body ?? {}) as {
    readonly tools?: ReadonlyArray<{ readonly type: string; readonly name?: string }>
  }
  return tools.flatMap(({ name, type }) => name === "edit" || name === "apply_patch" ? [`${type} ${name}`] : [])
}

const edit = Script.answer(Script.call("edit", { path: "a.txt", old_string: "one", new_string: "two" }))
const patch = Script.answer(applyPatch("c_1", "*** Update File: a.txt", "-one", "+two"))

describe("A model changes files", () => {
  it.scopedLive("with a patch if it was taught to, and else by quoting them", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine((request) =>
        request.input.some(({ type }) => type.endsWith("_call_output"))
          ? done
          : request.tools.some((tool) => tool["name"] === "edit")
          ? edit
          : patch
      )
      const api = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      for (
        const [tool, args, env] of [
          ["custom apply_patch", [], {}],
          ["custom apply_patch", ["-m", "gpt-6-astra"], {}],
          ["function edit", ["--auth", "api-key", "-m", "gpt-4o"], api],
          ["function edit", ["--auth", "api-key", "-m", "qwen3-coder"], api],
          ["function edit", ["--auth", "api-key", "-m", "openai/gpt-5.5"], api]
        ] as const
      ) {
        yield* fs.writeFileString(file("a.txt"), "one\n")
        const { code, stderr, stdout } = yield* run(["run", ...args, "Change it"], { env })
        assert.deepStrictEqual([code, stdout], [0, "Done.\n"], stderr)
        assert.strictEqual(yield* fs.readFileString(file("a.txt")), "two\n")
        assert.deepStrictEqual(offered((yield* simulator.requests).at(-1)), [tool])
        // A person sees which files are changed, not the patch.
        assert.include(stderr, tool === "function edit" ? "• edit a.txt" : "• apply_patch M a.txt")
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("by quoting them over Chat Completions, or if that is said of the model", () =>
    Effect.gen(function*() {
      const { fs, home, run, simulator } = yield* machine(() => done)
      const env = { EFFIXIR_DIALECT: "chat-completions", OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      yield* run(["run", "--auth", "api-key", "Hi"], { env })
      const chat = JSON.stringify((yield* simulator.requests)[0]?.body)
      assert.include(chat, "\"name\":\"edit\"")
      assert.notInclude(chat, "apply_patch")

      const say = (models: object) => fs.writeFileString(`${home}/config.json`, JSON.stringify({ models }))
      yield* say({ "gpt-6*": { apply_patch: false } })
      yield* run(["run", "Hi"])
      assert.deepStrictEqual(offered((yield* simulator.requests).at(-1)), ["function edit"])
      yield* say({ "qwen*": { apply_patch: true } })
      yield* run(["run", "--auth", "api-key", "-m", "qwen3", "Hi"], { env: { OPENAI_API_KEY: env.OPENAI_API_KEY } })
      assert.deepStrictEqual(offered((yield* simulator.requests).at(-1)), ["custom apply_patch"])
      yield* say({ "gpt-5*": { apply_patch: "no" } })
      const wrong = yield* run(["run", "Hi"])
      assert.strictEqual(wrong.code, 2)
      assertSentence(wrong.stderr, "models", "apply_patch")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("in its own way also in a session that another model began", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(Script.fromTurns([patch, done, edit, done, done]))
      const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      yield* fs.writeFileString(file("a.txt"), "one\n")
      assert.strictEqual((yield* run(["run", "--auth", "api-key", "Change it"], { env })).code, 0)
      yield* fs.writeFileString(file("a.txt"), "one\n")
      const other = ["resume", "--last", "--auth", "api-key", "-m", "gpt-4o", "Read and change it again"]
      const second = yield* run(other, { env })
      assert.strictEqual(second.code, 0, second.stderr)
      assert.strictEqual(
        (yield* run(["resume", "--last", "--auth", "api-key", "-m", "gpt-6.2-sol", "Once more"], { env })).code,
        0
      )
      const requests = yield* simulator.requests
      assert.deepStrictEqual(requests.map(offered), [
        ["custom apply_patch"],
        ["custom apply_patch"],
        ["function edit"],
        ["function edit"],
        ["custom apply_patch"]
      ])
      const last = JSON.stringify(requests.at(-1)?.body)
      for (const kept of ["custom_tool_call", "\"name\":\"edit\""]) assert.include(last, kept)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("in the way of the model that began the turn, if that turn goes on", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(Script.fromTurns([edit, done]))
      const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      yield* fs.writeFileString(file("a.txt"), "one\n")
      const asked = yield* run(
        ["run", "--json", "--auth", "api-key", "-m", "gpt-4o", "--permission", "ask", "Change it"],
        { env }
      )
      assert.strictEqual(asked.code, 3)
      // The model of the settings is another one, and has no tool edit.
      const rest = yield* run(["resume", "--json", "--last", "--auth", "api-key", "--permission", "auto"], { env })
      assert.strictEqual(rest.code, 0, rest.stdout)
      assert.strictEqual(yield* fs.readFileString(file("a.txt")), "two\n")
      assert.strictEqual(lines(rest.stdout).at(-1)?.type, "turn.completed")
      assert.deepStrictEqual((yield* simulator.requests).map(offered), [["function edit"], ["function edit"]])
    }).pipe(Effect.provide(platform)))
})

describe("A rule that denies edit", () => {
  it.scopedLive("denies apply_patch too, and one that allows it does not allow that", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine((request) =>
        request.input.some(({ type }) => type.endsWith("_call_output")) ? done : patch
      )
      yield* fs.writeFileString(file("a.txt"), "one\n")
      for (
        const [decision, reason] of [
          ["deny", /a rule denies it \(rule 1 of policy\.json\)/],
          ["allow", /it would change files \(mode read-only\)/]
        ] as const
      ) {
        const rules = [{ decision, tool: "edit", examples: { match: ["edit"], no_match: ["write"] } }]
        yield* fs.writeFileString(file("policy.json"), JSON.stringify({ rules, otherwise: "read-only" }))
        const { stdout } = yield* run(["run", "--json", "--policy", "policy.json", "Change it"])
        const output = lines(stdout).flatMap(({ item, type }) =>
          type === "item.completed" && item?.type === "tool_call" ? [String(item["output"])] : []
        )
        assert.match(output.join(), reason)
        assert.strictEqual(yield* fs.readFileString(file("a.txt")), "one\n")
      }
    }).pipe(Effect.provide(platform)))
})
