import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { existsSync, readdirSync, readlinkSync } from "node:fs"
import { isItem } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { isAlive } from "../tools/support.ts"
import { eventually, lines, machine, platform } from "./support.ts"

const timeout = 30_000
const hasSetsid = process.platform === "linux" && existsSync("/usr/bin/setsid")

/**
 * A tree that clings to life: a deaf shell, what it has in the background, and, where there is `setsid`, what has left
 * its session, once with and once without a parent. Each puts its number into a file of the folder `pids`.
 */
const tree = [
  "mkdir pids; trap '' TERM INT HUP",
  "sh -c 'touch pids/$$; exec sleep 300' &",
  "(sh -c 'touch pids/$$; sleep 301; :' &)",
  ...hasSetsid
    ? ["setsid sh -c 'touch pids/$$; exec sleep 302' &", "(setsid sh -c 'touch pids/$$; sleep 303; :' &)"]
    : [],
  "touch pids/$$; wait; sleep 304"
].join("\n")

const size = hasSetsid ? 5 : 3

const script = Script.fromTurns([
  Script.answer(Script.call("bash", { command: "echo one" }, "c_one")),
  Script.answer(
    Script.call("bash", { command: tree }, "c_tree"),
    Script.call("bash", { command: "echo two" }, "c_two")
  ),
  Script.answer(Script.say("Hello!"))
])

/** The processes that work in a folder: nobody else than the tree does, once effixir is gone. */
const workingIn = (folder: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(folder)
    } catch {
      return false
    }
  })

/** Who is still there when nobody should be; empty as soon as it is. */
const remaining = Effect.fnUntraced(function*(pids: ReadonlyArray<number>, folder: string) {
  const look = Effect.sync(() => [
    ...pids.filter(isAlive),
    ...process.platform === "linux" ? workingIn(folder) : []
  ])
  return yield* look.pipe(
    Effect.repeat({ schedule: Schedule.spaced("10 millis"), until: (left) => left.length === 0 }),
    Effect.timeoutTo({ duration: "1500 millis", onSuccess: () => Effect.succeed([]), onTimeout: () => look }),
    Effect.flatten
  )
})

describe("a tree of processes", () => {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGKILL", undefined]] as const) {
    it.scopedLive(`is gone soon after ${signal}, and the session goes on`, () =>
      Effect.gen(function*() {
        const { file, folder, fs, run, simulator, start } = yield* machine(script)
        const { child, output, result } = yield* start(["--json", "Grow a tree"])
        const grown = Effect.orElseSucceed(fs.readDirectory(file("pids")), () => [])
        yield* eventually("the tree has grown, and the other call has ended", async () =>
          (await Effect.runPromise(grown)).length === size && output().stdout.includes("\"output\":\"two\""))
        const pids = (yield* grown).map(Number)
        assert.deepStrictEqual(pids.filter(isAlive), pids)

        child.kill(signal)
        assert.deepStrictEqual(yield* remaining(pids, folder), [])
        const { code: actual, stdout } = yield* result
        const ends = lines(stdout).filter(({ type }) =>
          /^turn\.(?!started)/.test(type)
        )
        assert.deepStrictEqual(
          ends.map((line) => [actual, line.type, line["reason"], line["exit_code"]]),
          code === undefined ? [] : [[code, "turn.interrupted", signal, code]]
        )

        const resumed = yield* run(["resume", "--last", "--json", "Go on"])
        assert.strictEqual(resumed.code, 0, resumed.stderr)
        assert.lengthOf(lines(resumed.stdout).filter(({ type }) => type === "turn.completed"), 1)
        const { input }: { readonly input?: unknown } = (yield* simulator.requests).at(-1)?.body ?? {}
        const items = Array.isArray(input) ? input.filter(isItem) : []
        const callIds = (type: string) => items.filter((item) => item.type === type).map(({ call_id }) => call_id)
        assert.deepStrictEqual(callIds("function_call"), ["c_one", "c_tree", "c_two"])
        assert.deepStrictEqual(callIds("function_call_output"), ["c_one", "c_tree", "c_two"])
      }).pipe(Effect.provide(platform)), timeout)
  }

  it.scopedLive.runIf(hasSetsid)(
    "a daemon is reported to the model and runs on when the turn is over",
    () =>
      Effect.gen(function*() {
        const { simulator, run } = yield* machine(Script.fromTurns([
          Script.answer(Script.call("bash", { command: "setsid sleep 60 & sleep 0.2; echo up" }, "c_daemon")),
          Script.answer(Script.say("Hello!"))
        ]))
        assert.strictEqual((yield* run(["Start it"])).code, 0)
        const told = JSON.stringify((yield* simulator.requests).at(-1)?.body)
        const pid = Number(/Still running in the background: (\d+) \(sleep 60\)/.exec(told)?.[1])
        assert.isTrue(isAlive(pid))
        process.kill(pid)
      }).pipe(Effect.provide(platform)),
    timeout
  )
})
