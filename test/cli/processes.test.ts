import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { availableParallelism, loadavg } from "node:os"
import { isItem } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { isAlive } from "../tools/support.ts"
import { eventually, lines, machine, platform } from "./support.ts"

const hasSetsid = process.platform === "linux" && existsSync("/usr/bin/setsid")

/**
 * A tree that clings to life: a deaf shell, what it has in the background, and, where there is `setsid`, what has left
 * its session, once with and once without a parent, and the same with an empty environment. Each puts its number into a
 * file of the folder `pids`.
 */
const tree = [
  "mkdir pids; trap '' TERM INT HUP",
  "sh -c 'touch pids/$$; exec sleep 300' &",
  "(sh -c 'touch pids/$$; sleep 301; :' &)",
  ...hasSetsid
    ? [
      "setsid sh -c 'touch pids/$$; exec sleep 302' &",
      "(setsid sh -c 'touch pids/$$; sleep 303; :' &)",
      "env -i setsid sh -c 'touch pids/$$; exec sleep 305' &",
      "(setsid env -i sh -c 'touch pids/$$; sleep 306; :' &)"
    ]
    : [],
  "touch pids/$$; wait; sleep 304"
].join("\n")

const size = hasSetsid ? 7 : 3

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

/** Who is still there of a tree. */
const remaining = (pids: ReadonlyArray<number>, folder: string): ReadonlyArray<number | string> => [
  ...pids.filter(isAlive),
  ...process.platform === "linux" ? workingIn(folder) : []
]

/**
 * How many want to run for each processor there is, on the average of the last minute or at this moment: so many times
 * longer than on a quiet machine it takes until what is to be done is done.
 */
const crowd = (): number => {
  const running = existsSync("/proc/loadavg") ? parseInt(readFileSync("/proc/loadavg", "utf8").split(" ")[3] ?? "") : 0
  return Math.max(1, (loadavg()[0] ?? 0) / availableParallelism(), running / availableParallelism())
}

/**
 * Waits until nobody is left, far longer than it may take, and then says who is too late: nobody may be left 1.5 s after
 * the signal, on a machine that has nothing else to do. On one that is busy with other things, that is so much longer as
 * they make everything wait; the time alone would tell of them, not of us.
 */
const areGone = Effect.fnUntraced(function*(pids: ReadonlyArray<number>, folder: string, since: number) {
  let most = crowd()
  let left = remaining(pids, folder)
  for (let n = 0; n < 1500 && left.length > 0; n++) {
    yield* Effect.sleep("10 millis")
    most = Math.max(most, crowd())
    left = remaining(pids, folder)
  }
  const duration = performance.now() - since
  assert.deepStrictEqual(left, [])
  assert.isBelow(duration, 1500 * most, `on a machine with ${most} at once for each processor`)
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

        const since = performance.now()
        child.kill(signal)
        const { code: actual, stdout } = yield* result
        // Who ends politely has seen to it before: no waiting makes up for that.
        if (code !== undefined) {
          assert.deepStrictEqual(remaining(pids, folder), [])
        }
        yield* areGone(pids, folder, since)
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
      }).pipe(Effect.provide(platform)))
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
      }).pipe(Effect.provide(platform))
  )
})
