import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { eventually, isAlive, lines, machine, platform } from "./support.ts"

/** The model starts a server that stays, and goes on as it is told. */
const starting = (then: Script.Turn): Script.Script => ({ input }) =>
  input.some(({ type }) => type === "function_call_output")
    ? then
    : Script.answer(Script.call("bash", { command: "echo $$ > pid; sleep 600", background: true }))

const pidOf = (path: string) =>
  Effect.map(
    eventually("the command runs", () => existsSync(path) && readFileSync(path, "utf8") !== ""),
    () => Number(readFileSync(path, "utf8"))
  )

describe("A command that stays", () => {
  it.scopedLive("is asked about as one that stays, and ends with the run", () =>
    Effect.gen(function*() {
      const { file, run } = yield* machine(
        starting(Script.answer(Script.call("bash", { command: "until [ -s pid ]; do :; done" })))
      )
      const asked = yield* run(["run", "--json", "--permission", "ask", "Go"])
      assert.strictEqual(asked.code, 3)
      assert.deepInclude(lines(asked.stdout).find(({ type }) => type === "permission.requested"), {
        command: "echo $$ > pid; sleep 600",
        background: true,
        question: "run echo $$ > pid; sleep 600 in the background, where it stays"
      })
      assert.isFalse(existsSync(file("pid")))
      yield* run(["run", "--max-tool-calls", "2", "Go"])
      const pid = yield* pidOf(file("pid"))
      yield* eventually("it is gone", () => !isAlive(pid))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is gone when the program is killed or stopped by a signal", () =>
    Effect.gen(function*() {
      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        const { file, start } = yield* machine(starting(Script.answer(Script.call("bash", { command: "sleep 600" }))))
        const { child, result } = yield* start(["run", "Go"])
        const pid = yield* pidOf(file("pid"))
        assert.isTrue(isAlive(pid))
        child.kill(signal)
        yield* result
        yield* eventually(`it is gone after ${signal}`, () => !isAlive(pid))
      }
    }).pipe(Effect.provide(platform)))
})
