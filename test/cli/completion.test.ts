import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

const script: Script.Script = () => Script.answer(Script.say("Done."))

const hasShell = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0

describe("completion", () => {
  it.scopedLive(
    "knows commands, options, values one by one, models, profiles and settings",
    () =>
      Effect.gen(function*() {
        const { fs, home, run } = yield* machine(script)
        yield* fs.makeDirectory(`${home}/profiles/work`, { recursive: true })
        const complete = (...words: ReadonlyArray<string>) =>
          Effect.map(run(["__complete", ...words]), ({ code, stderr, stdout }) => {
            assert.deepStrictEqual([code, stderr], [0, ""])
            return stdout.split("\n").filter((line) => line !== "").map((line) => line.split("\t"))
          })
        const values = (...words: ReadonlyArray<string>) =>
          Effect.map(complete(...words), (all) => all.map(([value]) => value))

        assert.includeMembers(yield* values(""), ["run", "resume", "sessions", "completion", "doctor"])
        assert.deepStrictEqual(yield* values("lo"), ["login", "logout"])
        assert.match((yield* complete("doc"))[0]?.[1] ?? "", /^Check whether what is set up here works/)
        assert.includeMembers(yield* values("sessions", ""), ["list", "show", "delete"])
        assert.deepStrictEqual(yield* values("sessions", "li"), ["list"])
        assert.deepStrictEqual(yield* values("help", "sess"), ["sessions"])
        assert.deepStrictEqual(yield* values("completion", ""), ["bash", "fish", "sh", "zsh"])
        assert.deepStrictEqual(yield* values("sessions", "import", "c"), ["codex", "claude"])
        // Words of a prompt are a person's own.
        assert.deepStrictEqual(yield* values("run", ""), [])
        assert.deepStrictEqual(yield* values("--", "lo"), [])
        assert.deepStrictEqual(yield* values("what", ""), [])

        assert.deepStrictEqual(yield* complete("run", "--max-s"), [[
          "--max-steps",
          "Stop before more calls of the model than this"
        ]])
        assert.deepStrictEqual(yield* values("--max-s"), ["--max-steps"])
        assert.deepStrictEqual(yield* values("--json", "run", "--jso"), [])
        assert.includeMembers(yield* values("run", "--set", "a=b", "--se"), ["--set", "--search"])
        assert.notInclude(yield* values("status", "--"), "--max-steps")
        assert.include(yield* values("run", "--"), "--log-level")
        assert.deepStrictEqual((yield* values("run", "--")).filter((name) => name?.includes("wizard")), [])

        assert.deepStrictEqual(yield* values("--permission", ""), ["auto", "ask", "read-only"])
        assert.deepStrictEqual(yield* values("--permission", "re"), ["read-only"])
        assert.deepStrictEqual(yield* values("run", "--output=j"), ["--output=json"])
        // As bash divides words.
        assert.deepStrictEqual(yield* values("run", "--output", "=", "j"), ["json"])
        assert.deepStrictEqual(yield* values("run", "--output", "="), ["text", "json"])
        assert.includeMembers(yield* values("run", "--effort", ""), ["low", "high"])
        assert.deepStrictEqual(yield* values("status", "--profile", ""), ["default", "work"])
        assert.include(yield* values("-m", "gpt-"), "gpt-6.2-sol")
        assert.deepStrictEqual((yield* complete("chat", "--model", "gpt-6.2-so"))[0], ["gpt-6.2-sol", "GPT-6.2 Sol"])
        assert.deepStrictEqual(yield* values("config", "get", "perm"), ["permission"])
        // Files are the shell's to name.
        assert.deepStrictEqual(yield* values("run", "-C", ""), [])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("names sessions by their titles, where a session is meant", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(script)
      assert.deepStrictEqual(yield* run(["__complete", "resume", ""]), { code: 0, stdout: "", stderr: "" })
      yield* run(["First\tof all: what is here?"])
      yield* run(["Then the tests"])
      const { sessions } = JSON.parse((yield* run(["sessions", "list", "--json"])).stdout)
      const ids: ReadonlyArray<string> = sessions.map(({ id }: { readonly id: string }) => id)
      for (
        const words of [["resume"], ["-m", "x", "fork"], ["compact"], ["sessions", "show"], ["sessions", "delete"]]
      ) {
        const { stdout } = yield* run(["__complete", ...words, ""])
        const rows = stdout.trimEnd().split("\n").map((line) => line.split("\t"))
        assert.deepStrictEqual(rows.map(([value]) => value), ids.map((id) => id.slice(-8)))
        assert.match(rows[0]?.[1] ?? "", /^Then the tests, .* ago$/)
        assert.match(rows[1]?.[1] ?? "", /^First of all: what is here\?, .* ago$/)
      }
      const [newest = ""] = ids
      const by = (written: string) => Effect.map(run(["__complete", "resume", written]), ({ stdout }) => stdout)
      assert.match(yield* by(newest.slice(-8, -2)), new RegExp(`^${newest.slice(-8)}\t`))
      assert.match(yield* by(newest.slice(0, 30)), new RegExp(`^${newest}\t`, "m"))
      // What follows is a prompt.
      assert.strictEqual((yield* run(["__complete", "resume", newest, ""])).stdout, "")
      assert.strictEqual((yield* run(["resume", newest.slice(-8), "And now?"])).stdout, "Done.\n")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("has nothing to say about a home that cannot be read", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(script)
      yield* fs.writeFileString(file("no-folder"), "")
      for (const words of [["resume", ""], ["-m", ""]]) {
        const { code, stderr } = yield* run(["__complete", ...words], { env: { EFFIXIR_HOME: file("no-folder") } })
        assert.deepStrictEqual([code, stderr], [0, ""])
      }
    }).pipe(Effect.provide(platform)))

  /** A program that says what it was asked, and has an answer. */
  const answering = Effect.fnUntraced(function*(shell: string) {
    const { file, fs, run } = yield* machine(script)
    const { code, stdout } = yield* run(["completion", shell])
    assert.strictEqual(code, 0)
    assert.strictEqual((yield* run(["--completions", shell])).stdout, stdout)
    yield* fs.makeDirectory(file("bin"))
    yield* fs.writeFileString(file("effixir.completion"), stdout)
    yield* fs.writeFileString(
      file("bin/effixir"),
      `#!/bin/sh\nprintf '[%s]' "$@" > asked\nprintf 'one\\tThe first: of two\\nonce\\t\\n'\n`,
      { mode: 0o755 }
    )
    return (program: string, ...args: ReadonlyArray<string>) => {
      const { stderr, stdout } = spawnSync(shell, ["-c", program, file("effixir.completion"), ...args], {
        cwd: file("."),
        env: { ...process.env, PATH: `${file("bin")}:${process.env["PATH"]}`, TERM: "dumb", HOME: file(".") },
        encoding: "utf8"
      })
      assert.strictEqual(stderr, "")
      return { stdout: stdout.trimEnd(), asked: fs.readFileString(file("asked")) }
    }
  })

  it.scopedLive.runIf(hasShell("bash"))("is offered by bash", () =>
    Effect.gen(function*() {
      const ask = yield* answering("bash")
      const program =
        `. "$0"; COMP_TYPE=$1; shift; COMP_WORDS=(effixir "$@"); COMP_CWORD=$#; _effixir; printf '%s|' "\${COMPREPLY[@]}"`
      const one = ask(program, "9", "run", "a b", "on")
      assert.strictEqual(one.stdout, "one|once|")
      assert.strictEqual(yield* one.asked, "[__complete][run][a b][on]")
      assert.strictEqual(ask(program, "63", "").stdout, "one  (The first: of two)|once|")
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(hasShell("zsh"))("is offered by zsh", () =>
    Effect.gen(function*() {
      const ask = yield* answering("zsh")
      const program =
        `compdef() { : }; _describe() { printf '%s|' "\${(@)candidates}" }; _files() { printf files }; . "$0"; words=(effixir "$@"); CURRENT=$#words; _effixir`
      const one = ask(program, "run", "'a b'", "on")
      assert.strictEqual(one.stdout, "one:The first: of two|once:|")
      assert.strictEqual(yield* one.asked, "[__complete][run][a b][on]")
      assert.strictEqual(ask(program, "").stdout, "one:The first: of two|once:|")
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(hasShell("fish"))("is offered by fish", () =>
    Effect.gen(function*() {
      const ask = yield* answering("fish")
      const one = ask(`source effixir.completion; complete -C "effixir run 'a b' on"`)
      assert.deepStrictEqual(one.stdout.split("\n").map((line) => line.trim()), ["one\tThe first: of two", "once"])
      assert.match(yield* one.asked, /^\[__complete\]\[run\]\[.*a b.*\]\[on\]$/)
    }).pipe(Effect.provide(platform)))
})
