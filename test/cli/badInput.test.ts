import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const nothing = Script.fromTurns([])

describe("the command line", () => {
  it.scopedLive("says in a sentence what it cannot use, and exits with 2", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(nothing)
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, ...parts: ReadonlyArray<string>]> = [
        [["frobnicate"], "frobnicate", "run, chat, resume,"],
        [["run", "--nope", "Say hello"], "--nope"],
        [["run", "Say hello", "-m"], "-m"],
        [["run", ""], "empty"],
        [["run", "   "], "empty"],
        [["-"], "empty"],
        [["run", "one", "two"], "quotes"],
        [["resume"], "--last"],
        [["resume", "--last", "Say hello"], "no session"],
        [["resume", "00000000-none", "Say hello"], "00000000-none"],
        [["resume", "../../etc", "Say hello"], "../../etc"],
        [["resume", "", "Say hello"], "empty", "--last"],
        [["--wizard"], "--wizard is not known here"],
        [["completion"], "completion bash|fish|sh|zsh"],
        [["completion", "tcsh"], "completion bash|fish|sh|zsh"],
        [["completion", "bash", "zsh"], "completion bash|fish|sh|zsh"],
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
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says of each option what it cannot be, in one line, and nothing else", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(nothing)
      const hello = "Say hello"
      const unknown = (word: string, nearest: string) =>
        `The option ${word} is not known here, the nearest is ${nearest}; see \`effixir --help\``
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, sentence: string]> = [
        [["--Permission", "read-only", hello], unknown("--Permission", "--permission")],
        [["--MODEL", "big", hello], unknown("--MODEL", "--model")],
        [["run", "-M", "big", hello], unknown("-M", "-m")],
        [["--Cd", "/nowhere", hello], unknown("--Cd", "--cd")],
        [["models", "--auth=bogus"], "--auth cannot be \"bogus\": give it any, chatgpt or api-key"],
        [["--permission=", hello], "--permission is empty: give it a value, or leave it away"],
        [["resume", "--last", "-m", "a", "--model=b"], "--model is given twice: give it once"],
        [["--max-steps", "0", hello], "--max-steps cannot be \"0\": give it a whole number from 1 on"],
        [["--max-steps", "1e3", hello], "--max-steps cannot be \"1e3\": give it a whole number from 1 on"],
        [["--max-tool-calls", "-1", hello], "--max-tool-calls cannot be \"-1\": give it a whole number from 0 on"],
        [["--max-tokens=0x10", hello], "--max-tokens cannot be \"0x10\": give it a whole number from 1 on"],
        [["--timeout", "soon", hello], "--timeout cannot be \"soon\": give it a time such as 90, 90s, 5m or 1h"],
        [
          ["login", "--device", "--browser"],
          "Choose one way to sign in: --chatgpt, --codex (with --device or --browser), --with-api-key, " +
          "--from-codex or --from-pi"
        ]
      ]
      for (const [args, sentence] of cases) {
        const { code, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual({ code, stderr, stdout }, { code: 2, stderr: `effixir: ${sentence}\n`, stdout: "" })
      }
      const profile = yield* run(["status", "--profile", "../x"])
      assert.strictEqual(profile.code, 2)
      assert.match(profile.stderr, /^effixir: --profile cannot be used: the name of a profile begins with .*\n$/)
      const json = yield* run(["--json", "--permission", "bogus", hello])
      assert.deepInclude(lines(json.stdout)[0], { type: "turn.failed", exit_code: 2 })
      assert.lengthOf(lines(json.stdout), 1)
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "takes --log-level wherever it stands, and an image as often as it is given",
    () =>
      Effect.gen(function*() {
        const { auth, fs, run } = yield* machine(() => Script.answer(Script.say("Hello!")))
        const warned = (args: ReadonlyArray<string>) =>
          Effect.gen(function*() {
            yield* fs.chmod(auth, 0o644)
            const { code, stderr } = yield* run(args)
            assert.strictEqual(code, 0, stderr)
            return stderr.includes("effixir: warn")
          })
        assert.isTrue(yield* warned(["--json", "Say hello"]))
        assert.isTrue(yield* warned(["--log-level", "warning", "Say hello"]))
        assert.isFalse(yield* warned(["--log-level", "none", "Say hello"]))
        assert.isFalse(yield* warned(["--json", "--log-level", "none", "Say hello"]))
        assert.isFalse(yield* warned(["run", "Say hello", "--log-level=none"]))
        assert.isFalse(yield* warned(["status", "--log-level", "error"]))
        const images = yield* run(["-i", "a.png", "-i", "b.png", "Say hello"])
        assert.match(images.stderr, /a\.png cannot be sent as an image/)
      }).pipe(Effect.provide(platform))
  )

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
      for (const issuer of ["no url", "https://auth.example/?x=1"]) {
        const signIn = yield* run(["login", "--chatgpt"], { env: { EFFIXIR_ISSUER: issuer } })
        assert.match(signIn.stderr, /^effixir: EFFIXIR_ISSUER in the environment cannot be used: /)
        assert.strictEqual(signIn.code, 2)
      }
      const address = yield* run(["status"], { env: { OPENAI_BASE_URL: "no url" } })
      assert.match(address.stderr, /^effixir: OPENAI_BASE_URL in the environment cannot be used: /)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("helps, and tells its version, without colours into a pipe", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing)
      assert.match((yield* run(["--version"], { isStarted: true })).stdout, /^\d+\.\d+\.\d+\n$/)
      for (const args of [["--help"], ["run", "--help"], ["resume", "--help"], ["status", "--help"], ["demo", "-h"]]) {
        const { code, stdout } = yield* run(args)
        assert.strictEqual(code, 0)
        assert.include(stdout, "Usage")
        assert.notInclude(stdout, "\u001B")
      }
    }).pipe(Effect.provide(platform)))
})

describe("an API key", () => {
  const always = () => Script.answer(Script.say("Hello!"))
  const problem = "there is a space, a line break or a character that is not ASCII in it; copy the key anew"
  const bad = ["sk-s3c\nret", "sk-s3c ret", "sk-s3crét", "sk-s3cret\u200b", "“sk-s3cret”"]

  it.scopedLive(
    "of the environment is taken without the white space around it, and refused with any in it",
    () =>
      Effect.gen(function*() {
        const { run, secrets, simulator } = yield* machine(always, { signedIn: false })
        const key = secrets.at(-1) ?? ""
        const good = yield* run(["Say hello"], { env: { OPENAI_API_KEY: ` ${key}\r\n` } })
        assert.strictEqual(good.stdout, "Hello!\n", good.stderr)
        const asked = (yield* simulator.requests).length
        for (const key of bad) {
          const { code, stderr, stdout } = yield* run(["Say hello"], { env: { OPENAI_API_KEY: key } })
          const sentence = `effixir: OPENAI_API_KEY in the environment cannot be used: ${problem}\n`
          assert.deepStrictEqual({ code, stderr, stdout }, { code: 2, stderr: sentence, stdout: "" })
        }
        const blank = yield* run(["Say hello"], { env: { OPENAI_API_KEY: " \n" } })
        assert.strictEqual(blank.code, 4)
        assert.lengthOf(yield* simulator.requests, asked)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "of stdin is stored without the white space around it, and refused with any in it",
    () =>
      Effect.gen(function*() {
        const { auth, fs, run, secrets } = yield* machine(always, { signedIn: false })
        const key = secrets.at(-1) ?? ""
        for (const key of bad) {
          const { code, stderr, stdout } = yield* run(["login", "--with-api-key"], { stdin: key })
          const sentence = `effixir: What came in for --with-api-key is no API key: ${problem}\n`
          assert.deepStrictEqual({ code, stderr, stdout }, { code: 2, stderr: sentence, stdout: "" })
        }
        assert.isFalse(yield* fs.exists(auth))
        assert.strictEqual((yield* run(["login", "--with-api-key"], { stdin: `\n ${key} \r\n\n` })).code, 0)
        assert.strictEqual(JSON.parse(yield* fs.readFileString(auth)).api_key, key)
        assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
      }).pipe(Effect.provide(platform))
  )
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
    }).pipe(Effect.provide(platform)))
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
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "a broken config.json is named, with what was expected, and left as it is",
    () =>
      Effect.gen(function*() {
        const { fs, home, path, run, simulator } = yield* machine(nothing)
        const config = path.join(home, "config.json")
        const cases = [["", "expected"], ["{", "expected"], ["[]", "expected"], ["{\"model\":5}", "expected"], [
          "{\"modle\":\"gpt-5.5\"}",
          "model"
        ]] as const
        for (const [text, part] of cases) {
          yield* fs.writeFileString(config, text)
          for (const args of [["Say hello"], ["status"]]) {
            const { code, stderr } = yield* run(args)
            assert.strictEqual(code, 2)
            assertSentence(stderr, config, part)
          }
          assert.strictEqual(yield* fs.readFileString(config), text)
        }
        assert.deepStrictEqual(yield* simulator.requests, [])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "a broken line of a session log is named, left as it is, and costs no more than that line",
    () =>
      Effect.gen(function*() {
        const { fs, home, path, run } = yield* machine(() => Script.answer(Script.say("Hello!")))
        yield* run(["Say hello"])
        const [id = ""] = yield* fs.readDirectory(path.join(home, "sessions"))
        const log = path.join(home, "sessions", id, "log.ndjson")
        const text = `broken\n${yield* fs.readFileString(log)}`
        yield* fs.writeFileString(log, text)
        const { code, stderr } = yield* run(["resume", id, "Say hello"])
        assert.strictEqual(code, 0)
        assertSentence(stderr, "one line of the session's log is damaged and left out: 1 (")
        assert.isTrue((yield* fs.readFileString(log)).startsWith(text))
      }).pipe(Effect.provide(platform))
  )
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
    }).pipe(Effect.provide(platform)))
})
