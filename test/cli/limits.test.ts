import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { limitsOf } from "../../src/cli/commands/options.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, eventually, isAlive, type Line, lines, machine, platform } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))
const turns = (...turns: ReadonlyArray<Script.Turn>) => Script.fromTurns(turns)
const bash = (command: string) => Script.answer(Script.call("bash", { command }))

const ends = (all: ReadonlyArray<Line>) => all.filter(({ type }) => /^turn\.(?!started)/.test(type))

describe("limits", () => {
  it.scopedLive(
    "end the turn with one line and code 8, and the session goes on where it stood",
    () =>
      Effect.gen(function*() {
        const cases: ReadonlyArray<readonly [flag: string, value: string, limit: string]> = [
          ["--max-steps", "1", "steps"],
          ["--max-tool-calls", "0", "tool_calls"],
          ["--max-tokens", "100", "tokens"]
        ]
        for (const [flag, value, limit] of cases) {
          const { file, fs, run } = yield* machine(turns(bash("echo once >> once.txt"), hello))
          const first = yield* run(["run", "--json", flag, value, "Go on"])
          assert.strictEqual(first.code, 8, flag)
          assert.deepStrictEqual(
            ends(lines(first.stdout)).map((line) => [line.type, line["limit"], line["exit_code"]]),
            [
              ["turn.limited", limit, 8]
            ]
          )
          const second = yield* run(["resume", "--last", flag, "1000"])
          assert.deepStrictEqual([second.code, second.stdout], [0, "Hello!\n"])
          assert.strictEqual(yield* fs.readFileString(file("once.txt")), "once\n")
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("say in a sentence how to go on", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(turns(bash("true"), hello))
      const { code, stderr, stdout } = yield* run(["--max-steps=1", "Go on"])
      assert.deepStrictEqual([code, stdout], [8, ""])
      assert.match(stderr, /^Stopped: .*--max-steps.* To go on: effixir resume [0-9a-f-]{36}$/m)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("on time stop the tools, and end with code 124", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(turns(bash("sleep 300 & echo $$ $! > pids; wait"), hello))
      const { code, stdout } = yield* run(["run", "--json", "--timeout", "1500ms", "Take your time"])
      assert.strictEqual(code, 124)
      assert.deepStrictEqual(ends(lines(stdout)).map((line) => [line.type, line["limit"], line["exit_code"]]), [
        ["turn.limited", "time", 124]
      ])
      const [started, ended] = lines(stdout).filter(({ item }) => item?.type === "tool_call").map(({ item }) => item)
      assert.deepStrictEqual([started?.id, ended?.["status"]], [ended?.id, "interrupted"])
      const pids = (yield* fs.readFileString(file("pids"))).trim().split(" ").map(Number)
      assert.strictEqual(pids.length, 2)
      // An orphan stands in the list until somebody has taken note of its death.
      yield* eventually("the tools are gone", () => !pids.some(isAlive))
      assert.strictEqual((yield* run(["resume", "--last"])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))

  it.effect("that are none are told in a sentence", () =>
    Effect.gen(function*() {
      const none = {
        maxSteps: Option.none<string>(),
        maxToolCalls: Option.none<string>(),
        maxCallsPerResponse: Option.none<string>(),
        maxTokens: Option.none<string>(),
        maxCost: Option.none<string>(),
        timeout: Option.none<string>()
      }
      const cases: ReadonlyArray<readonly [key: keyof typeof none, flag: string, ...values: ReadonlyArray<string>]> = [
        ["maxSteps", "--max-steps", "0", "-1", "1.5", "many", "1e9", "0x10"],
        ["maxToolCalls", "--max-tool-calls", "-1", "x"],
        ["maxCallsPerResponse", "--max-calls-per-response", "0", "x"],
        ["maxTokens", "--max-tokens", "0", "10k"],
        ["maxCost", "--max-cost", "0", "-1", "a lot", "1e3"],
        ["timeout", "--timeout", "0", "-5s", "soon", "5 days", "10000h"]
      ]
      for (const [key, flag, ...values] of cases) {
        for (const value of values) {
          const { message } = yield* Effect.flip(limitsOf({ ...none, [key]: Option.some(value) }))
          assert.isTrue(message.startsWith(`${flag} cannot be "${value}": give it `), message)
        }
      }
    }))

  it.scopedLive("that are none end the program with 2, and nothing is sent", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(turns())
      const { code, stderr, stdout } = yield* run(["--timeout=soon", "Go on"])
      assert.deepStrictEqual([code, stdout], [2, ""])
      assertSentence(stderr, "--timeout", "\"soon\"")
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))
})

describe("resume without a prompt", () => {
  it.scopedLive(
    "goes on with a turn that failed, and has nothing to do once it has completed",
    () =>
      Effect.gen(function*() {
        const { run } = yield* machine(turns(bash("true"), Script.refuse(400, { detail: "no" }), hello))
        assert.strictEqual((yield* run(["Go on"])).code, 1)
        const { code, stdout } = yield* run(["resume", "--last", "--json"])
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(ends(lines(stdout)).map(({ type }) => type), ["turn.completed"])
        const again = yield* run(["resume", "--last"])
        assert.strictEqual(again.code, 2)
        assertSentence(again.stderr, "has completed")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "goes on with a turn that was interrupted, and tells its parts in growing numbers",
    () =>
      Effect.gen(function*() {
        const { run, start } = yield* machine(turns(bash("sleep 60"), hello))
        const { child, output, result } = yield* start(["--json", "Take your time"])
        yield* Effect.repeat(Effect.delay(Effect.sync(output), "10 millis"), {
          until: ({ stdout }) => stdout.includes("item.started")
        })
        child.kill("SIGINT")
        const first = lines((yield* result).stdout)
        const second = lines((yield* run(["resume", "--last", "--json"])).stdout)
        assert.deepStrictEqual([...ends(first), ...ends(second)].map(({ type }) => type), [
          "turn.interrupted",
          "turn.completed"
        ])
        const seqs = [...first, ...second.slice(1)].map(({ seq }) => seq)
        assert.deepStrictEqual(seqs, Array.from(new Set(seqs)).toSorted((a, b) => a - b))
      }).pipe(Effect.provide(platform))
  )
})
