import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { spawnSync } from "node:child_process"
import { whileWaiting, withProgressLine } from "../../src/cli/progressLine.ts"
import { Screen } from "../../src/cli/Screen.ts"
import { timeLeft } from "../../src/cli/time.ts"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

const erase = "\r\u001B[2K"

/** What is seen of work that takes two seconds and a half, and has fifteen minutes. */
const watch = Effect.fnUntraced(function*(isErrTerminal: boolean) {
  const until = DateTime.addDuration(yield* DateTime.now, "15 minutes")
  return yield* seenOf(
    "2500 millis",
    isErrTerminal,
    withProgressLine(Effect.map(timeLeft(until), (left) => `Waiting, ${left} left`))
  )
})

const seenOf = Effect.fnUntraced(
  function*(takes: Duration.DurationInput, isErrTerminal: boolean, telling: ReturnType<typeof whileWaiting>) {
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
      isClosed: Effect.succeed(false),
      size: () => ({ columns: 80, rows: 24 }),
      oneRow: (text) => text.slice(0, 79)
    }
    const work = Effect.as(Effect.sleep(takes), "done").pipe(
      telling,
      Effect.provideService(Screen, screen)
    )
    const fiber = yield* Effect.fork(work)
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(yield* Fiber.join(fiber), "done")
    return yield* Ref.get(seen)
  }
)

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

  it.effect("says what is waited for when it takes more than a second", () =>
    Effect.gen(function*() {
      const asking = whileWaiting("asking the server")
      assert.deepStrictEqual(yield* seenOf("2500 millis", true, asking), [
        `${erase}asking the server 1s · Ctrl-C to stop`,
        `${erase}asking the server 2s · Ctrl-C to stop`,
        erase
      ])
      assert.deepStrictEqual(yield* seenOf("900 millis", true, whileWaiting("asking the server")), [])
      assert.deepStrictEqual(yield* seenOf("2500 millis", false, whileWaiting("asking the server")), [])
    }))

  it.effect("is never there into a pipe", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* watch(false), [])
    }))
})
