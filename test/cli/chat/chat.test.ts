import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Script from "../../../src/testing/Script.ts"
import { platform } from "../support.ts"
import { isThere, sitDown } from "./terminal.ts"

const timeout = 180_000

const test = (
  name: string,
  body: () => Effect.Effect<void, unknown, Layer.Layer.Success<typeof platform> | Scope.Scope>
) =>
  it.scopedLive(name, () => body().pipe(Effect.provide(platform), Effect.timeout("170 seconds"), Effect.orDie), timeout)

const say = (text: string) => Script.answer(Script.say(text))
const bash = (command: string) => Script.answer(Script.call("bash", { command }))

describe.runIf(isThere)("a conversation", () => {
  test("goes on turn after turn in one session", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("First answer."), say("Second answer.")]))
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("one")
      yield* terminal.press("Enter")
      yield* terminal.see("First answer.")
      yield* terminal.type("two")
      yield* terminal.press("Enter")
      yield* terminal.see("Second answer.")
      console.log(terminal.history())
      yield* terminal.press("C-d")
      const { code, stty } = yield* terminal.end
      console.log(terminal.history(), stty)
      assert.strictEqual(code, 0)
      assert.match(stty, /\sicanon\b/)
      assert.match(stty, /\secho\b/)
    }))
})
