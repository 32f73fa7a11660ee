import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { isThere, terminal } from "./pseudoTerminal.ts"
import { assertSentence, eventually, machine, platform } from "./support.ts"

const key = "sk-proj-of-a-person-at-a-terminal"

/** A person at a terminal who has never signed in, and presses keys when something is shown. */
const sit = Effect.fnUntraced(function*(args: ReadonlyArray<string>, env: Record<string, string> = {}) {
  const here = yield* machine(() => Script.answer(Script.say("Hello!")))
  yield* here.fs.remove(here.home, { recursive: true })
  const { child, output, result } = yield* here.start(["login", ...args], {
    stdin: null,
    through: terminal(100, 40),
    env: { TERM: "xterm", NO_COLOR: "1", ...env }
  })
  return {
    ...here,
    see: (what: string) => eventually(`shown: ${what}`, () => output().stdout.includes(what)),
    type: (keys: string) => Effect.sync(() => void child.stdin?.write(keys)),
    end: Effect.map(result, ({ code, stdout }) => ({ code, stdout }))
  }
})

describe.runIf(isThere)("login on a terminal", () => {
  it.scopedLive("offers the ways there are, and takes the number of one", () =>
    Effect.gen(function*() {
      const { auth, end, fs, see, type } = yield* sit([])
      yield* see("q to leave")
      yield* type("x")
      // Several keys at once are taken for something pasted.
      yield* Effect.sleep("2 seconds")
      yield* type("3")
      yield* see("not shown")
      yield* type(`${key}\r`)
      const { code, stdout } = yield* end
      assert.strictEqual(code, 0)
      for (const way of ["Continue with ChatGPT", "OpenAI Codex sign-in", "API key"]) assert.include(stdout, way)
      assert.notInclude(stdout, key)
      assert.include(yield* fs.readFileString(auth), key)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is the code where Enter is pressed and no browser is there", () =>
    Effect.gen(function*() {
      const { end, see, type } = yield* sit([], { SSH_CONNECTION: "somewhere" })
      yield* see("Enter for 2")
      yield* type("\r")
      yield* see("and enter the code")
      yield* type("\u0003")
      assert.strictEqual((yield* end).code, 130)
    }).pipe(Effect.provide(platform)))

  for (const [keys, code] of [["q", 3], ["\u001B", 3], ["\u0003", 130]] as const) {
    it.scopedLive(`is left with ${JSON.stringify(keys)}, and nothing is changed`, () =>
      Effect.gen(function*() {
        const { auth, end, fs, see, type } = yield* sit([])
        yield* see("q to leave")
        yield* type(keys)
        assert.strictEqual((yield* end).code, code)
        assert.isFalse(yield* fs.exists(auth))
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive("takes a key unseen, and says how a program would give it", () =>
    Effect.gen(function*() {
      for (const [typed, code] of [[key, 0], ["", 2], ["a key with blanks", 2]] as const) {
        const { end, see, type } = yield* sit(["--with-api-key"])
        yield* see("| effixir login --with-api-key")
        yield* see("not shown")
        yield* type(`${typed}\r`)
        const ended = yield* end
        assert.strictEqual(ended.code, code)
        if (typed !== "") assert.notInclude(ended.stdout, typed)
      }
    }).pipe(Effect.provide(platform)))
})

describe("login", () => {
  it.scopedLive("is one way at a time", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(() => Script.answer(Script.say("Hello!")))
      for (
        const args of [
          ["--chatgpt", "--codex"],
          ["--chatgpt", "--device"],
          ["--codex", "--device", "--browser"],
          ["--codex", "--with-api-key"],
          ["--from-pi", "--browser"]
        ]
      ) {
        const { code, stderr } = yield* run(["login", ...args])
        assert.strictEqual(code, 2, args.join(" "))
        assertSentence(stderr, "Choose one way", "--chatgpt", "--codex")
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("shows the code of Codex to programs", () =>
    Effect.gen(function*() {
      const { start } = yield* machine(() => Script.answer(Script.say("Hello!")))
      for (const args of [[], ["--codex"], ["--codex", "--device"]]) {
        const { child, output, result } = yield* start(["login", "--json", ...args], {})
        yield* eventually("a code", () => output().stdout.includes("\"type\":\"login.code\""))
        child.kill("SIGTERM")
        assert.strictEqual((yield* result).code, 143)
      }
    }).pipe(Effect.provide(platform)))
})
