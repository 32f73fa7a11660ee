import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import * as PipedText from "../../src/cli/pipedText.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))

/** What a model was sent last. */
const sent = (request: { readonly body: unknown } | undefined): string => JSON.stringify(request?.body)

describe("what is piped in beside a prompt", () => {
  it.scopedLive("goes along with it, and the prompt stays the title", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(always)
      const { code, stderr } = yield* run(["Summarize this"], { stdin: "one\ntwo </stdin>\n" })
      assert.strictEqual(code, 0, stderr)
      const [request] = yield* simulator.requests
      assert.include(sent(request), "Summarize this")
      assert.include(sent(request), "<stdin-2>\\none\\ntwo </stdin>\\n</stdin-2>")
      assert.include((yield* run(["sessions", "list"])).stdout, "Summarize this")
      yield* run(["resume", "--last", "And this?"], { stdin: "three" })
      assert.include(sent((yield* simulator.requests).at(-1)), "<stdin>\\nthree\\n</stdin>")
      yield* run(["Nothing beside"], { stdin: " \n" })
      assert.notInclude(sent((yield* simulator.requests).at(-1)), "<stdin>")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("does not hold a run up where a pipe stays open, and the run says so", () =>
    Effect.gen(function*() {
      const { follow, run, simulator } = yield* machine(always)
      const silent = yield* run(["--set", "stdin_wait=0.3", "Say hello"], { stdin: null })
      assert.deepStrictEqual([silent.code, silent.stdout], [0, "Hello!\n"])
      assertSentence(silent.stderr, "nothing came from stdin for 0.3 s", "--set stdin_wait=60")
      assert.notInclude(sent((yield* simulator.requests).at(-1)), "<stdin>")

      const begun = yield* Effect.scoped(Effect.gen(function*() {
        const { result, type } = yield* follow(["--set", "stdin_wait=0.5", "Say hello"], { stdin: null })
        yield* type("the beginning")
        return yield* result
      }))
      assert.strictEqual(begun.code, 0)
      assertSentence(begun.stderr, "stdin has not ended, and the run goes on with the 13 bytes that came")
      assert.include(
        sent((yield* simulator.requests).at(-1)),
        "its end did not come in time:\\n<stdin>\\nthe beginning"
      )

      const left = yield* run(["--set", "stdin_wait=0", "Say hello"], { stdin: "not read" })
      assert.strictEqual(left.code, 0)
      assert.notInclude(sent((yield* simulator.requests).at(-1)), "not read")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "is read from a file or from a pipe that takes its time, as a shell gives it",
    () =>
      Effect.gen(function*() {
        const { file, fs, run, simulator } = yield* machine(always)
        yield* fs.writeFileString(file("notes.txt"), "from a file")
        for (
          const [shell, said] of [
            [`"$@" < notes.txt`, "from a file"],
            [`(sleep 1; echo late; sleep 1; echo later) | "$@" --set stdin_wait=20`, "late\\nlater"],
            [`"$@" < /dev/null`, ""]
          ] as const
        ) {
          const { code, stderr, stdout } = yield* run(["Say hello"], { through: ["bash", "-c", shell, "sh"] })
          assert.deepStrictEqual([code, stdout], [0, "Hello!\n"], stderr)
          const body = sent((yield* simulator.requests).at(-1))
          if (said === "") assert.notInclude(body, "<stdin>")
          else assert.include(body, said)
        }
        for (const args of [[], ["Say hello"]]) {
          const { code, stderr } = yield* run(args, { through: ["bash", "-c", "\"$@\" < .", "sh"] })
          assert.strictEqual(code, 2)
          assert.include(stderr, "stdin is a folder")
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "is kept as an artifact where it is too long for a message, which the model can read",
    () =>
      Effect.gen(function*() {
        const whole = Array.from({ length: 20_000 }, (_, n) => `line ${n} ü`).join("\n")
        const { run, simulator } = yield* machine(({ input }) => {
          const said = JSON.stringify(input)
          const [, path = ""] = /All of it \([\d,]+ bytes\) is in (\S+): commands/.exec(said) ?? []
          return said.includes("function_call_output")
            ? Script.answer(Script.say("Read."))
            : Script.answer(Script.call("bash", { command: `sed -n 15001p ${path}` }))
        })
        for (const args of [[], ["--ephemeral"], ["--permission", "read-only"]]) {
          const { code, stderr } = yield* run([...args, "Summarize this"], { stdin: whole })
          assert.strictEqual(code, 0, stderr)
          const requests = (yield* simulator.requests).slice(-2)
          const [, path = ""] = /All of it \([\d,]+ bytes\) is in (\S+): commands/.exec(sent(requests[0])) ?? []
          assert.isBelow(sent(requests[0]).length, 60_000)
          assert.include(sent(requests[1]), "line 15000 ü")
          if (args.length === 0) assert.strictEqual(readFileSync(path, "utf8"), whole)
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("is not sent where it is no text", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(always)
      for (const args of [["Say hello"], ["-"]]) {
        const { code, stderr } = yield* run(args, { stdin: "GIF89a\0\u0001\0\0\u0002" })
        assert.strictEqual(code, 2)
        assertSentence(stderr, "is a GIF image, and was not sent: give it as a file, with -i FILE")
      }
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))
})

describe("the text in bytes", () => {
  const bytes = (text: string, encoding: "utf16le" | "latin1" | "utf8", mark: ReadonlyArray<number> = []) =>
    Uint8Array.from([...mark, ...Buffer.from(text, encoding)])
  const swapped = (little: Uint8Array) =>
    Uint8Array.from(little, (_, at) => little[at % 2 === 0 ? at + 1 : at - 1] ?? 0)
  const said = "Größe: 5 €\r\n"

  it.effect("is told whatever a shell has made of it", () =>
    Effect.gen(function*() {
      const cases = [
        bytes(said, "utf8"),
        bytes(said, "utf8", [0xef, 0xbb, 0xbf]),
        bytes(said, "utf16le"),
        bytes(said, "utf16le", [0xff, 0xfe]),
        swapped(bytes(said, "utf16le")),
        swapped(bytes(said, "utf16le", [0xff, 0xfe]))
      ]
      for (const one of cases) assert.strictEqual(yield* PipedText.decode(one), said)
      assert.strictEqual(yield* PipedText.decode(new Uint8Array()), "")
      // The last character is not whole.
      assert.strictEqual(yield* PipedText.decode(bytes("a€", "utf8").subarray(0, 3), true), "a")
    }))

  it.effect("is refused where it is none", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Uint8Array, said: string]> = [
        [bytes("Größe", "latin1"), "not valid UTF-8"],
        [Uint8Array.from([0xff, 0xfe, 0, 0, 65, 0, 0, 0]), "is no text"],
        [Uint8Array.from([0xff, 0xfe, 65]), "is no text"],
        [Uint8Array.from([...Buffer.from("PK\u0003\u0004"), 0, 1, 2, 0]), "a ZIP archive"],
        [Uint8Array.from([1, 0, 0, 0, 2, 0, 5]), "is no text"],
        [bytes("a€", "utf8").subarray(0, 3), "not valid UTF-8"]
      ]
      for (const [one, told] of cases) assert.include((yield* Effect.flip(PipedText.decode(one))).message, told)
    }))
})
