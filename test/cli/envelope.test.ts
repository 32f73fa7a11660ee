import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Effect from "effect/Effect"
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))
const always: Script.Script = () => hello

interface Envelope {
  readonly ok: boolean
  readonly status: string
  readonly session_id: string | null
  readonly resume_command: string | null
  readonly output: string | null
  readonly usage: { readonly [field: string]: number } | null
  readonly exit_code: number
  readonly error: { readonly kind: string; readonly message: string } | null
}

const isEnvelope = new Ajv().compile({
  type: "object",
  additionalProperties: false,
  required: ["ok", "status", "session_id", "resume_command", "output", "usage", "exit_code", "error"],
  properties: {
    ok: { type: "boolean" },
    status: { enum: ["completed", "failed", "interrupted", "limited"] },
    session_id: { type: ["string", "null"] },
    resume_command: { type: ["string", "null"] },
    output: { type: ["string", "null"] },
    usage: { type: ["object", "null"] },
    exit_code: { type: "integer" },
    error: {
      type: ["object", "null"],
      additionalProperties: false,
      required: ["kind", "message", "retryable", "details"],
      properties: {
        kind: { type: "string" },
        message: { type: "string" },
        retryable: { type: "boolean" },
        details: { type: "object" }
      }
    }
  }
})

/** The one object on stdout. */
const envelopeOf = (stdout: string): Envelope => {
  assert.lengthOf(stdout.split("\n"), 2, stdout)
  const envelope: Envelope = JSON.parse(stdout)
  assert.isTrue(isEnvelope(envelope), stdout)
  assert.strictEqual(envelope.ok, envelope.error === null)
  assert.strictEqual(envelope.ok, envelope.exit_code === 0)
  return envelope
}

describe("--output json", () => {
  it.scopedLive("prints one object with the answer, its tokens and how to go on", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(Script.fromTurns([
        Script.answer(
          Script.say("Let me look.", { phase: "commentary" }),
          Script.call("bash", { command: "echo one" })
        ),
        Script.answer(Script.say("Two\nlines.", { phase: "final_answer" })),
        hello
      ]))
      const { code, stderr, stdout } = yield* run(["--output", "json", "Go"])
      const envelope = envelopeOf(stdout)
      assert.strictEqual(code, 0)
      assert.strictEqual(stderr, "")
      assert.deepInclude(envelope, { ok: true, status: "completed", output: "Two\nlines.", exit_code: 0, error: null })
      assert.isAbove(envelope.usage?.["input_tokens"] ?? 0, 0)
      assert.strictEqual(envelope.resume_command, `effixir resume ${envelope.session_id}`)
      const [, ...resume] = envelope.resume_command?.split(" ") ?? []
      const next = envelopeOf((yield* run([...resume, "--output=json", "And now?"])).stdout)
      assert.deepInclude(next, { ok: true, output: "Hello!", session_id: envelope.session_id })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is a form of run, resume and fork alone, and not both forms at once", () =>
    Effect.gen(function*() {
      const { fs, file, run } = yield* machine(always)
      const { session_id: id } = envelopeOf((yield* run(["--output", "json", "Go"])).stdout)
      const fork = envelopeOf((yield* run(["fork", String(id), "--output", "json"])).stdout)
      assert.deepInclude(fork, { ok: true, output: null, usage: null })
      assert.notStrictEqual(fork.session_id, id)
      const forked = envelopeOf((yield* run(["fork", String(id), "--output", "json", "Go on"])).stdout)
      assert.deepInclude(forked, { ok: true, output: "Hello!" })
      assert.notInclude([id, fork.session_id, null], forked.session_id)
      const both = yield* run(["--output", "json", "--json", "Go"])
      assert.deepInclude(envelopeOf(both.stdout), { exit_code: 2 })
      assert.strictEqual(both.code, 2)
      // Elsewhere it is a file.
      assert.strictEqual((yield* run(["sessions", "export", String(id), "--output", "json"])).stdout, "")
      assert.isTrue(yield* fs.exists(file("json")))
      assert.strictEqual((yield* run(["--output", "text", "Go"])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("names no session where none can be gone on with", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always)
      const { code, stdout } = yield* run(["--output", "json", "--ephemeral", "Go"])
      assert.strictEqual(code, 0)
      assert.deepInclude(envelopeOf(stdout), { output: "Hello!", session_id: null, resume_command: null })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("comes for arguments that cannot be used as well", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always)
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, kind: string]> = [
        [["--nope", "Go"], "BadInput"],
        [["run", ""], "BadInput"],
        [["a", "b"], "BadInput"],
        [["--max-steps", "0", "Go"], "BadInput"],
        [["--model"], "BadInput"],
        [["-C", "missing", "Go"], "BadInput"],
        [["statsu"], "BadInput"],
        [["--log-level", "loud", "Go"], "BadInput"],
        [["fork"], "BadInput"],
        [["resume"], "BadInput"],
        [["resume", "--last"], "BadInput"],
        [["resume", "no-such-session", "Go"], "SessionNotFound"],
        [["fork", "no-such-session", "Go"], "SessionNotFound"],
        [["--policy", "missing.json", "Go"], "PolicyError"]
      ]
      for (const [args, kind] of cases) {
        const { code, stderr, stdout } = yield* run(["--output", "json", ...args])
        const envelope = envelopeOf(stdout)
        assert.deepInclude(envelope, { status: "failed", session_id: null, output: null, usage: null, exit_code: 2 })
        assert.strictEqual(envelope.error?.kind, kind, args.join(" "))
        assert.strictEqual(code, 2)
        assertSentence(stderr, "effixir: ")
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("counts the tokens of a turn that has no answer", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(Script.fromTurns([
        Script.answer(Script.call("bash", { command: "true" }, "c1")),
        Script.refuse(400, { error: { message: "no" } })
      ]))
      const { stdout } = yield* run(["--output", "json", "Go"])
      const envelope = envelopeOf(stdout)
      assert.deepInclude(envelope, { status: "failed", output: null })
      assert.isAbove(envelope.usage?.["input_tokens"] ?? 0, 0)
      assert.isString(envelope.session_id)
    }).pipe(Effect.provide(platform)))
})

describe("--output-last-message", () => {
  it.scopedLive("gets the answer, whole and alone, beside what is printed", () =>
    Effect.gen(function*() {
      const { file, folder, fs, run } = yield* machine(always)
      for (const args of [[], ["--json"], ["--output", "json"]]) {
        yield* fs.writeFileString(file("answer.txt"), "an earlier and longer answer")
        const { code, stdout } = yield* run([...args, "-o", "answer.txt", "Go"])
        assert.strictEqual(code, 0)
        assert.include(stdout, "Hello!")
        assert.strictEqual(yield* fs.readFileString(file("answer.txt")), "Hello!")
      }
      assert.deepStrictEqual(readdirSync(folder), ["answer.txt"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("keeps what it replaces in its place, with its rights", () =>
    Effect.gen(function*() {
      const { file, run } = yield* machine(always)
      writeFileSync(file("real.txt"), "old")
      chmodSync(file("real.txt"), 0o664)
      symlinkSync("real.txt", file("link.txt"))
      assert.strictEqual((yield* run(["-o", "link.txt", "Go"])).code, 0)
      assert.strictEqual(readFileSync(file("real.txt"), "utf8"), "Hello!")
      assert.strictEqual(statSync(file("real.txt")).mode & 0o777, 0o664)
      assert.strictEqual((yield* run(["-o", "/dev/null", "Go"])).code, 0)
      assert.isTrue(statSync("/dev/null").isCharacterDevice())
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is refused before a model is asked where it cannot be written", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(always)
      yield* fs.makeDirectory(file("folder"))
      yield* fs.writeFileString(file("plain"), "")
      for (const path of ["folder", "missing/answer.txt", "plain/answer.txt", "x".repeat(300)]) {
        const { code, stderr, stdout } = yield* run(["-o", path, "Go"])
        assert.deepStrictEqual([code, stdout], [2, ""], stderr)
        assertSentence(stderr, "--output-last-message cannot be ")
      }
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("stays as it was where there is no answer", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(() => Script.refuse(400, { error: { message: "no" } }))
      yield* fs.writeFileString(file("answer.txt"), "old")
      assert.strictEqual((yield* run(["-o", "answer.txt", "Go"])).code, 1)
      assert.strictEqual(yield* fs.readFileString(file("answer.txt")), "old")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "fails a run whose answer could not be written, and the answer is not lost",
    () =>
      Effect.gen(function*() {
        const { file, fs, run } = yield* machine(({ input }) =>
          input.some(({ type }) => type === "function_call_output")
            ? hello
            : Script.answer(Script.call("bash", { command: "rmdir later" }))
        )
        for (const args of [[], ["--json"], ["--output", "json"]]) {
          yield* fs.makeDirectory(file("later"))
          const { code, stderr, stdout } = yield* run([...args, "-o", "later/answer.txt", "Go"])
          assert.strictEqual(code, 1)
          assertSentence(
            stderr,
            `The answer could not be written to ${file("later/answer.txt")}: its folder is not there`
          )
          if (args.length === 0) assert.strictEqual(stdout, "Hello!\n")
          else if (args.length === 1) {
            const end = lines(stdout).at(-1)
            assert.deepInclude(end, { type: "turn.failed", exit_code: 1 })
            assert.deepInclude(end?.["error"], { kind: "OutputLost" })
          } else assert.deepInclude(envelopeOf(stdout), { ok: false, output: "Hello!", exit_code: 1 })
        }
      }).pipe(Effect.provide(platform))
  )
})
