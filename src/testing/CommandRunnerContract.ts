/**
 * The promises of whoever runs commands, as checks for authors of their own: a container, another machine. The commands
 * are those of a POSIX shell.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { strict as assert } from "node:assert"
import {
  type CommandNotStarted,
  CommandRunner,
  type Options,
  type RunningCommand
} from "../tools/command/CommandRunner.ts"

/**
 * A promise, and a check that dies if the runner breaks it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check<E> {
  readonly name: string
  readonly check: Effect.Effect<void, E | CommandNotStarted>
}

/**
 * The checks of a runner, each with a layer of its own. `folder` is one that there is where the commands run; nothing is
 * written in it. They run commands, in real time: `for (const { name, check } of checks(layer, { folder })) it.live(name,
 * () => check)`.
 *
 * @example
 * ```ts
 * import { describe, it } from "@effect/vitest"
 * import { ProcessGroup } from "effixir/node"
 * import { CommandRunnerContract } from "effixir/testing"
 *
 * describe("My runner", () => {
 *   const checks = CommandRunnerContract.checks(ProcessGroup.layer, { folder: "/tmp" })
 *   for (const { check, name } of checks) it.live(name, () => check)
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <E>(
  layer: Layer.Layer<CommandRunner, E>,
  { folder }: { readonly folder: string }
): ReadonlyArray<Check<E>> =>
  Object.entries(promises).map(([name, promised]) => ({
    name,
    check: Effect.gen(function*() {
      const runner = yield* CommandRunner
      yield* promised((command, options) => runner.start(command, folder, options), runner)
    }).pipe(Effect.scoped, Effect.provide(layer))
  }))

type Start = (command: string, options?: Options) => Effect.Effect<RunningCommand, CommandNotStarted, Scope.Scope>

type Promised = (
  start: Start,
  runner: typeof CommandRunner.Service
) => Effect.Effect<void, CommandNotStarted, Scope.Scope>

const promises: { readonly [name: string]: Promised } = {
  "gives what a command writes in the order of its arrival, and how it has ended": Effect.fnUntraced(function*(start) {
    const running = yield* start("echo one; echo two >&2; exit 4")
    assert.equal(yield* text(running), "one\ntwo\n")
    for (let read = 0; read < 2; read++) {
      assert.deepEqual(yield* running.ending, { _tag: "Exited", code: 4, background: [] })
    }
  }),

  "tells of the signal that has ended a command": Effect.fnUntraced(function*(start) {
    const running = yield* start("kill -TERM $$")
    assert.deepEqual(yield* running.ending, { _tag: "Killed", signal: "SIGTERM", background: [] })
  }),

  "does not start one in a folder that is not there": Effect.fnUntraced(function*(_, runner) {
    const started = yield* Effect.either(runner.start("true", "/there/is/no/such/folder"))
    assert.equal(started._tag, "Left")
  }),

  "gives a command its environment, and what is added": Effect.fnUntraced(function*(start, runner) {
    const [name, value] = Object.entries(yield* runner.environment).find(([name, value]) =>
      /^[A-Z]+$/.test(name) && /^[\w/.-]+$/.test(value ?? "") && name !== "PWD"
    ) ?? assert.fail("it has no environment at all")
    const running = yield* start(`echo "$${name} $EFFIXIR_ADDED"`, { env: { EFFIXIR_ADDED: "added" } })
    assert.equal(yield* text(running), `${value} added\n`)
  }),

  "gives it nothing to read, unless it is to have an input": Effect.fnUntraced(function*(start) {
    assert.equal(yield* text(yield* start("cat; echo done")), "done\n")
    const running = yield* start("cat; echo done", { hasInput: true })
    const input = running.input ?? assert.fail("it has no input")
    assert.equal(yield* input.write("said\n"), true)
    yield* input.end
    assert.equal(yield* text(running), "said\ndone\n")
  }),

  "keeps what it writes to stderr apart where it is asked to": Effect.fnUntraced(function*(start) {
    const running = yield* start("echo out; echo err >&2", { hasErrors: true })
    assert.equal(yield* text(running), "out\n")
    assert.equal(yield* running.errors ?? assert.fail("it has no errors"), "err\n")
  }),

  "runs a command within another program": Effect.fnUntraced(function*(start) {
    assert.equal(yield* text(yield* start("echo $WITHIN", { within: ["env", "WITHIN=another"] })), "another\n")
  }),

  "stops a command, and what it has started, with its Scope": Effect.fnUntraced(function*(start) {
    const scope = yield* Scope.make()
    const running = yield* Scope.extend(start("sleep 600 & echo $!; wait"), scope)
    const id = (yield* running.output.pipe(
      Stream.decodeText(),
      Stream.takeUntil((text) => text.includes("\n")),
      Stream.mkString
    )).trim()
    assert.match(id, /^\d+$/)
    assert.equal(yield* isThere(start, id), true)
    yield* Scope.close(scope, Exit.void)
    assert.equal(yield* isThere(start, id), false)
  })
}

const text = ({ output }: RunningCommand): Effect.Effect<string> => output.pipe(Stream.decodeText(), Stream.mkString)

/** Whether a process runs where the commands do. One that has ended, and that nobody has asked for its end, does not. */
const isThere = (start: Start, id: string) =>
  Effect.scoped(
    Effect.flatMap(start(`ps -o stat= -p ${id} | grep -qv '^ *Z'`), ({ ending }) =>
      Effect.map(ending, (ending) => ending._tag === "Exited" && ending.code === 0))
  )
