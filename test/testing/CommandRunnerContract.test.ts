import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { tmpdir } from "node:os"
import * as ProcessGroup from "../../src/node/process/ProcessGroup.ts"
import * as CommandRunnerContract from "../../src/testing/CommandRunnerContract.ts"
import { CommandRunner } from "../../src/tools/command/CommandRunner.ts"

const at = { folder: tmpdir() }

describe("Commands on this machine", () => {
  for (const { check, name } of CommandRunnerContract.checks(ProcessGroup.layer, at)) it.live(name, () => check)
})

type Runner = typeof CommandRunner.Service

const broken = (spoil: (runner: Runner) => Partial<Runner>) =>
  Effect.filter(
    CommandRunnerContract.checks(
      Layer.effect(CommandRunner, Effect.map(CommandRunner, (runner) => ({ ...runner, ...spoil(runner) }))).pipe(
        Layer.provide(ProcessGroup.layer)
      ),
      at
    ),
    ({ check }) => Effect.map(Effect.exit(check), Exit.isFailure)
  ).pipe(Effect.map((failed) => failed.map(({ name }) => name)))

describe("CommandRunnerContract", () => {
  it.live.each<[string, (runner: Runner) => Partial<Runner>, string]>([
    [
      "says nothing",
      ({ start }) => ({
        start: (...args) => Effect.map(start(...args), (running) => ({ ...running, output: Stream.empty }))
      }),
      "gives what a command writes in the order of its arrival, and how it has ended"
    ],
    [
      "passes its options over",
      ({ start }) => ({ start: (command, folder) => start(command, folder) }),
      "runs a command within another program"
    ],
    [
      "starts a command anywhere",
      ({ start }) => ({ start: (command, _, options) => start(command, tmpdir(), options) }),
      "does not start one in a folder that is not there"
    ],
    [
      "lets commands run on",
      ({ start }) => ({
        start: (command, folder, options) =>
          Effect.flatMap(
            Scope.make(),
            (scope) => Scope.extend(start(`timeout 5 sh -c '${command}'`, folder, options), scope)
          )
      }),
      "stops a command, and what it has started, with its Scope"
    ]
  ])(
    "finds out one that %s",
    ([, spoil, promise]) => Effect.map(broken(spoil), (names) => assert.include(names, promise))
  )
})
