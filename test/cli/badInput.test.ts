import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const timeout = 30_000
const hasBash = spawnSync("bash", ["-c", ":"]).status === 0
const nothing = Script.fromTurns([])

describe("the command line", () => {
  it.scopedLive("says in a sentence what it cannot use, and exits with 2", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(nothing)
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, ...parts: ReadonlyArray<string>]> = [
        [["frobnicate"], "frobnicate", "run, resume,"],
        [["statsu"], "statsu"],
        [["run", "--nope", "Say hello"], "--nope"],
        [["Say hello", "--nope"], "--nope"],
        [["status", "--nope"], "--nope"],
        [["run", "Say hello", "-m"], "-m"],
        [["run", ""], "empty"],
        [["run", "   "], "empty"],
        [["-"], "empty"],
        [["run", "one", "two"], "quotes"],
        [["resume"], "--last"],
        [["resume", "--last", "Say hello"], "no session"],
        [["resume", "00000000-none", "Say hello"], "00000000-none"],
        [["resume", "../../etc", "Say hello"], "../../etc"],
        [["run", "-m", "", "Say hello"], "--model is empty"],
        [["run", "-C", " ", "Say hello"], "--cd is empty"],
        [["run", "--policy", "", "Say hello"], "--policy is empty"],
        [["run", "-i", " ", "Say hello"], "--image is empty"],
        [["resume", "", "Say hello"], "empty", "--last"],
        [["--wizard"], "--wizard needs a terminal"],
        [["run", "--wizard"], "--wizard needs a terminal"],
        [["completion"], "completion bash|fish|sh|zsh"],
        [["completion", "tcsh"], "completion bash|fish|sh|zsh"],
        [["-C", "missing", "Say hello"], "missing"],
        [["-C", "auth.json", "Say hello"], "auth.json"]
      ]
      for (const [args, ...parts] of cases) {
        const { code, stderr, stdout } = yield* run(args)
        assert.strictEqual(code, 2, args.join(" "))
        assert.strictEqual(stdout, "", args.join(" "))
        assertSentence(stderr, ...parts)
      }
      const json = yield* run(["run", "--json", "--auth", "nonsense", "Say hello"])
      assert.deepInclude(lines(json.stdout)[0]?.["error"], { kind: "BadInput" })
      assert.include(json.stdout, "api-key")
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)), timeout)

  it.scopedLive("says of a setting of the environment what it may be, in one line", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing)
      const settings = [
        ["EFFIXIR_AUTH", "any, chatgpt, api-key"],
        ["EFFIXIR_TRANSPORT", "sse, websocket, auto"],
        ["EFFIXIR_DIALECT", "responses, chat-completions"],
        ["EFFIXIR_PERMISSION", "auto, ask, read-only"]
      ] as const
      for (const [name, values] of settings) {
        const { code, stderr } = yield* run(["status"], { env: { [name]: "bogus" } })
        assert.strictEqual(code, 2)
        assert.strictEqual(
          stderr,
          `effixir: ${name} in the environment cannot be used: "bogus" is none of ${values}\n`
        )
        assert.notInclude((yield* run(["status"], { env: { [name]: "" } })).stderr, name)
      }
      const address = yield* run(["status"], { env: { OPENAI_BASE_URL: "no url" } })
      assert.match(address.stderr, /^effixir: OPENAI_BASE_URL in the environment cannot be used: /)
    }).pipe(Effect.provide(platform)), timeout)

  it.scopedLive.runIf(hasBash)("completes its commands and options in bash", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(nothing)
      const { code, stdout } = yield* run(["completion", "bash"])
      assert.strictEqual(code, 0)
      assert.strictEqual((yield* run(["--completions", "bash"])).stdout, stdout)
      yield* fs.writeFileString(file("completion.sh"), stdout)
      const complete = (...words: ReadonlyArray<string>) =>
        spawnSync("bash", [
          "-c",
          `. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _effixir_bash_completions effixir; echo "\${COMPREPLY[*]}"`,
          file("completion.sh"),
          "effixir",
          ...words
        ], { encoding: "utf8" }).stdout.trim()
      assert.strictEqual(complete("lo"), "login logout")
      assert.strictEqual(complete("run", "--max-s"), "--max-steps")
    }).pipe(Effect.provide(platform)), timeout)

  it.scopedLive("helps, and tells its version, without colours into a pipe", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing)
      assert.match((yield* run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/)
      for (const args of [["--help"], ["run", "--help"], ["resume", "--help"], ["status", "--help"], ["demo", "-h"]]) {
        const { code, stdout } = yield* run(args)
        assert.strictEqual(code, 0)
        assert.include(stdout, "Usage")
        assert.notInclude(stdout, "\u001B")
      }
    }).pipe(Effect.provide(platform)), timeout)
})

describe("nobody signed in", () => {
  it.scopedLive("both ways to sign in are named, the code is 4, and nothing is written", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* machine(nothing, { signedIn: false })
      const { code, stderr, stdout } = yield* run(["Say hello"])
      assert.strictEqual(code, 4)
      assert.strictEqual(stdout, "")
      assertSentence(stderr, "effixir login", "OPENAI_API_KEY")
      assert.isFalse(yield* fs.exists(home))
    }).pipe(Effect.provide(platform)), timeout)
})

describe("broken files", () => {
  const broken = [
    "",
    "{",
    "null",
    "[]",
    "{\"kind\":\"subscription\"}",
    "{\"kind\":\"other\",\"access_token\":\"s3cret\"}"
  ]

  it.scopedLive("a broken auth.json is named, with what was expected, and left as it is", () =>
    Effect.gen(function*() {
      const { auth, fs, run } = yield* machine(nothing)
      for (const text of broken) {
        yield* fs.writeFileString(auth, text)
        for (const args of [["Say hello"], ["status"]]) {
          const { code, stderr, stdout } = yield* run(args, { env: { OPENAI_API_KEY: "sk-other" } })
          assert.strictEqual(code, 4)
          assertSentence(stderr + stdout, auth, "expected", "\"kind\":\"subscription\"")
          assert.notInclude(stderr + stdout, "s3cret")
        }
        assert.strictEqual(yield* fs.readFileString(auth), text)
      }
    }).pipe(Effect.provide(platform)), timeout)

  it.scopedLive(
    "a broken config.json is named, with what was expected, and left as it is",
    () =>
      Effect.gen(function*() {
        const { fs, home, path, run, simulator } = yield* machine(nothing)
        const config = path.join(home, "config.json")
        for (const text of ["", "{", "[]", "{\"model\":5}", "{\"modle\":\"gpt-5.5\"}"]) {
          yield* fs.writeFileString(config, text)
          for (const args of [["Say hello"], ["status"]]) {
            const { code, stderr } = yield* run(args)
            assert.strictEqual(code, 2)
            assertSentence(stderr, config, "expected")
          }
          assert.strictEqual(yield* fs.readFileString(config), text)
        }
        assert.deepStrictEqual(yield* simulator.requests, [])
      }).pipe(Effect.provide(platform)),
    timeout
  )

  it.scopedLive("a broken session log is named with the line, and left as it is", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(Script.fromTurns([Script.answer(Script.say("Hello!"))]))
      yield* run(["Say hello"])
      const [id = ""] = yield* fs.readDirectory(path.join(home, "sessions"))
      const log = path.join(home, "sessions", id, "log.ndjson")
      const text = `broken\n${yield* fs.readFileString(log)}`
      yield* fs.writeFileString(log, text)
      const { code, stderr } = yield* run(["resume", id, "Say hello"])
      assert.strictEqual(code, 1)
      assertSentence(stderr, id, "line 1")
      assert.strictEqual(yield* fs.readFileString(log), text)
    }).pipe(Effect.provide(platform)), timeout)
})

describe("a session in use", () => {
  it.scopedLive("is not written to by a second process: code 5", () =>
    Effect.gen(function*() {
      const { fs, home, path, run, start } = yield* machine(
        Script.fromTurns([
          Script.answer(Script.call("bash", { command: "sleep 60" })),
          Script.answer(Script.say("Hello!"))
        ])
      )
      const { output } = yield* start(["--json", "Take your time"])
      yield* Effect.repeat(Effect.delay(Effect.sync(output), "10 millis"), {
        until: ({ stdout }) => stdout.includes("item.started")
      })
      const [id = ""] = yield* fs.readDirectory(path.join(home, "sessions"))
      const { code, stderr } = yield* run(["resume", id, "Say hello"])
      assert.strictEqual(code, 5)
      assertSentence(stderr, id, "in use")
    }).pipe(Effect.provide(platform)), timeout)
})
