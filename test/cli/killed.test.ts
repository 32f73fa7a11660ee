import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Conversation from "../../src/prompts/Conversation.ts"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import type { Script } from "../../src/testing/Script.ts"
import * as Scripts from "../../src/testing/Script.ts"
import { eventually, lines, machine, platform } from "./support.ts"

const steps = 7
const kills = 20

/** Six calls one after the other, and an answer: what comes next follows from what the request already holds. */
const script: Script = ({ input }) => {
  const n = input.filter(isFunctionCallOutput).length
  return n < steps - 1
    ? Scripts.answer(Scripts.call("bash", { command: `sleep 0.03; echo ${n} >> done.txt` }, `c${n}`))
    : Scripts.answer(Scripts.say("All done."))
}

const isEnd = ({ type }: { readonly type: string }) => /^turn\.(?!started)/.test(type)

describe("kill -9", () => {
  it.scopedLive(
    "at growing moments of a turn: each is resumed to its end, and no call that has ended runs again",
    () =>
      Effect.gen(function*() {
        const { file, fs, home, path, run, start } = yield* machine(script)
        const folder = (name: string) => Effect.as(fs.makeDirectory(file(name)), file(name))

        // The first start of a home compiles the program, and is longer than those that follow.
        yield* run(["run", "--json", "-C", yield* folder("first"), "Count"])
        const whole = yield* run(["run", "--json", "-C", yield* folder("whole"), "Count"])
        const length = lines(whole.stdout).length
        assert.strictEqual(whole.code, 0)

        const left: Array<number> = []
        for (let n = 0; n < kills; n++) {
          const place = yield* folder(`killed-${n}`)
          const { child, output, result } = yield* start(["run", "--json", "-C", place, "Count"])
          // However fast the machine is: so far in the turn, and then somewhere in what comes next.
          const told = Math.floor(length * n / kills)
          yield* eventually(
            `${told} lines are told`,
            () => output().stdout.split("\n").length > told || child.exitCode !== null
          )
          yield* Effect.sleep(7 * (n % 6))
          child.kill("SIGKILL")
          const killed = lines((yield* result).stdout)
          const id = killed[0]?.["thread_id"]
          const log = fs.readFileString(path.join(home, "sessions", String(id), "log.ndjson"))
          // It may be too early to have begun, or too late: the end is in the log before it is told.
          if (id === undefined || (yield* log).includes("\"_tag\":\"TurnCompleted\"")) continue

          const { code, stderr, stdout } = yield* run(["resume", String(id), "--json"])
          assert.strictEqual(code, 0, stderr)
          const resumed = lines(stdout)
          assert.deepStrictEqual(resumed.filter(isEnd).map(({ type }) => type), ["turn.completed"])
          assert.strictEqual(resumed.at(-1)?.type, "turn.completed")
          left.push(resumed.filter(({ type }) => type === "usage").length)

          const ended = lines(yield* log)
            .map(({ event }) => JSON.stringify(event))
            .filter((event) => event.includes("\"_tag\":\"ToolEnded\""))
          assert.strictEqual(ended.length, steps - 1)
          const lost = ended.filter((event) => event.includes(Conversation.unknownOutcome))
          assert.isAtMost(lost.length, 1)
          const done = (yield* fs.readFileString(path.join(place, "done.txt"))).trim().split("\n")
          assert.deepStrictEqual(done, Array.from(new Set(done)))
          assert.isAtLeast(done.length, steps - 1 - lost.length)
        }
        // The kills came at different steps.
        assert.isAbove(new Set(left).size, 2, `${left.length} kills, steps left: ${left.join(" ")}`)
      }).pipe(Effect.provide(platform)),
    600_000
  )
})
