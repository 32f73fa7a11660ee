import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { lines, machine, platform } from "./support.ts"

/**
 * Logs that an earlier build has written, with `HOME` and `WORKSPACE` in the place of folders. Two have a turn with
 * thoughts, four calls, a patch and an output that was cut; in one of them the program was killed during a fifth call.
 * Another was compacted by the server, `SERVER`, for the `ACCOUNT` between two turns, and one is a fork of the first with a
 * turn of its own.
 */
const logs = new URL("./logs/", import.meta.url)

const setup = Effect.fnUntraced(function*(name: string, parent?: string) {
  const here = yield* machine(() => Script.answer(Script.say("Gone on.")))
  const { auth, folder, fs, home, path, simulator } = here
  const { account_id: account } = JSON.parse(yield* fs.readFileString(auth))
  const put = Effect.fnUntraced(function*(name: string) {
    const text = readFileSync(new URL(`${name}.ndjson`, logs), "utf8")
      .replaceAll("WORKSPACE", folder)
      .replaceAll("HOME", home)
      .replaceAll("SERVER", simulator.chatgptBaseUrl)
      .replaceAll("ACCOUNT", account)
    const id: string = JSON.parse(text.slice(0, text.indexOf("\n"))).event.sessionId
    const log = path.join(home, "sessions", id, "log.ndjson")
    yield* fs.makeDirectory(path.dirname(log), { recursive: true, mode: 0o700 })
    yield* fs.writeFileString(log, text, { mode: 0o600 })
    return { id, text, log: fs.readFileString(log) }
  })
  const before = parent === undefined ? undefined : yield* put(parent)
  return { ...here, ...yield* put(name), parent: before }
})

type Here = Effect.Effect.Success<ReturnType<typeof setup>>

/** The input of each call of the model. */
const inputs = ({ simulator }: Here) =>
  Effect.map(
    simulator.requests,
    (all) => all.flatMap(({ body, method }) => method === "POST" ? [(body as Body).input] : [])
  )

const answered = (input: Body["input"]) => input.flatMap(({ call_id, output }) => output === undefined ? [] : [call_id])

interface Body {
  readonly input: ReadonlyArray<{
    readonly type: string
    readonly call_id?: string
    readonly output?: unknown
    readonly role?: string
    readonly content?: ReadonlyArray<{ readonly text?: string }>
  }>
}

describe("a log of an earlier build", () => {
  it.scopedLive("is gone on with, and nothing in it changes", () =>
    Effect.gen(function*() {
      const here = yield* setup("finished")
      const { id, log, run, text } = here
      for (const prompt of ["Go on", "And again"]) {
        const { code, stderr, stdout } = yield* run(["resume", id, "--json", "-m", "gpt-5.5", prompt])
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(lines(stdout).at(-1)?.type, "turn.completed")
        assert.isTrue((yield* log).startsWith(text))
      }
      // This server cannot read the thoughts of another one: it refuses them once, and gets them no more.
      const [first = [], again = [], next = []] = yield* inputs(here)
      const types = first.map(({ type }) => type)
      assert.includeMembers(types, ["reasoning", "function_call", "custom_tool_call", "custom_tool_call_output"])
      assert.deepStrictEqual(answered(first), ["call_1", "call_2", "call_3", "call_4"])
      const texts = (input: Body["input"]) => input.map((item) => JSON.stringify(item))
      assert.deepStrictEqual(texts(again), texts(first.filter(({ type }) => type !== "reasoning")))
      assert.deepStrictEqual(texts(next.slice(0, again.length)), texts(again), "it is repeated byte for byte")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a turn that was killed is gone on with where it stood", () =>
    Effect.gen(function*() {
      const here = yield* setup("killed")
      const { file, fs, id, log, run, text } = here
      yield* fs.writeFileString(file("notes.txt"), "one\nzwei\nthree\n")
      const { code, stderr, stdout } = yield* run(["resume", id, "--json"])
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(lines(stdout).at(-1)?.type, "turn.completed")
      assert.isTrue((yield* log).startsWith(text))
      const [input = []] = yield* inputs(here)
      assert.deepStrictEqual(answered(input), ["call_1", "call_2", "call_3", "call_4", "call_5"])
      assert.strictEqual(yield* fs.readFileString(file("notes.txt")), "one\nzwei\nthree\n", "no call ran twice")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("that is a fork shares the past of the other session, which stays as it was", () =>
    Effect.gen(function*() {
      const here = yield* setup("forked", "finished")
      const { id, log, parent, run, text } = here
      const { code, stderr } = yield* run(["resume", id, "--json", "-m", "gpt-5.5", "Go on"])
      assert.strictEqual(code, 0, stderr)
      assert.isTrue((yield* log).startsWith(text))
      assert.strictEqual(yield* parent?.log ?? Effect.succeed(""), parent?.text)
      const [input = []] = yield* inputs(here)
      assert.deepStrictEqual(answered(input), ["call_1", "call_2", "call_3", "call_4"])
      const said = input.flatMap(({ content, role }) => role === "user" ? [content?.[0]?.text] : [])
      assert.deepStrictEqual(said.slice(1), ["Another way", "Go on"])
      const shown = JSON.parse((yield* run(["sessions", "show", id, "--json"])).stdout)
      assert.deepInclude(shown, { turns: 3, status: "completed" })
      assert.strictEqual(shown.parent.session_id, parent?.id)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("that was compacted is sent as what stands for it, and in full to a server that cannot read that", () =>
    Effect.gen(function*() {
      const here = yield* setup("compacted")
      const { id, log, run, text } = here
      const { code, stderr, stdout } = yield* run(["resume", id, "--json", "Go on"])
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.strictEqual(lines(stdout).at(-1)?.type, "turn.completed")
      assert.isTrue((yield* log).startsWith(text))
      const [first = [], again = []] = yield* inputs(here)
      assert.include(first.map(({ type }) => type), "compaction")
      assert.deepStrictEqual(answered(first), [])
      assert.deepStrictEqual(again.flatMap(({ output }) => output === undefined ? [] : [output]), ["1\n2\n3\ngolden"])
      const shown = JSON.parse((yield* run(["sessions", "show", id, "--json"])).stdout)
      assert.deepInclude(shown, { compactions: 1, turns: 3, status: "completed" })
    }).pipe(Effect.provide(platform)))
})
