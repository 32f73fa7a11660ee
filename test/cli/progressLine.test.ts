import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { spawnSync } from "node:child_process"
import { withProgressLine } from "../../src/cli/progressLine.ts"
import { Screen } from "../../src/cli/Screen.ts"
import { timeLeft } from "../../src/cli/time.ts"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

const erase = "\r\u001B[2K"

/** What is seen of work that takes three seconds and has fifteen minutes. */
const watch = Effect.fnUntraced(function*(isErrTerminal: boolean) {
  const seen = yield* Ref.make<ReadonlyArray<string>>([])
  const screen: typeof Screen.Service = {
    out: () => Effect.dieMessage("stdout is for results"),
    err: (text) => Ref.update(seen, (all) => [...all, text]),
    say: () => Effect.void,
    adviseFor: () => Effect.void,
    advised: (sentence: string) => sentence,
    fail: () => Effect.void,
    isOutTerminal: false,
    isErrTerminal,
    hasColors: false,
    width: 80,
    closed: Effect.never,
    size: () => ({ columns: 80, rows: 24 }),
    oneRow: (text) => text.slice(0, 79)
  }
  const until = DateTime.addDuration(yield* DateTime.now, "15 minutes")
  const work = Effect.as(Effect.sleep("2500 millis"), "done").pipe(
    withProgressLine(Effect.map(timeLeft(until), (left) => `Waiting, ${left} left`)),
    Effect.provideService(Screen, screen)
  )
  const fiber = yield* Effect.fork(work)
  yield* TestClock.adjust("3 seconds")
  assert.strictEqual(yield* Fiber.join(fiber), "done")
  return yield* Ref.get(seen)
})

describe("the line of somebody who waits", () => {
  it.effect("tells the time that is left each second, and is gone afterwards", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* watch(true), [
        `${erase}Waiting, 15:00 left · Ctrl-C to stop`,
        `${erase}Waiting, 14:59 left · Ctrl-C to stop`,
        `${erase}Waiting, 14:58 left · Ctrl-C to stop`,
        erase
      ])
    }))

  const terminal = ["sh", "-c", "exec script -qec \"$*\" /dev/null", "sh"]
  const hasTerminal = spawnSync("sh", [...terminal.slice(1), "true"]).status === 0
  const name = hasTerminal ? "" : " (skipped: needs the script command of util-linux)"

  it.scopedLive.runIf(hasTerminal)(
    `makes room for the code on a terminal, and is gone in the end${name}`,
    () =>
      Effect.gen(function*() {
        const { run } = yield* machine(() => Script.answer(), { autoApprove: true, pollInterval: "1 second" })
        const { code, stdout } = yield* run(["login", "--device"], { through: terminal })
        assert.strictEqual(code, 0)
        assert.include(stdout, "Ctrl-C to stop")
        assert.include(stdout, `${erase}Open this address`)
        const end = stdout.slice(stdout.lastIndexOf(erase))
        assert.isTrue(end.startsWith(`${erase}Signed in as`), end)
      }).pipe(Effect.provide(platform))
  )

  it.effect("is never there into a pipe", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* watch(false), [])
    }))
})
