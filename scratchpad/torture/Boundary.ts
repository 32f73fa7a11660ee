/** Has the process die where it was told to. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { writeSync } from "node:fs"
import type { Death, How } from "./order.ts"

export class Boundary extends Context.Tag("torture/Boundary")<Boundary, {
  /** Says that the process is there now. */
  readonly pass: (name: string) => Effect.Effect<void>
  /** Does something in the middle of which the process may die, wherever that is. */
  readonly during: (name: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}>() {}

export const layer = (death: Death | undefined) =>
  Layer.sync(Boundary, () => {
    let times = 0
    const isNow = (name: string) => death?.at === name && ++times === death.nth
    return {
      pass: (name) => Effect.sync(() => isNow(name) ? die(death?.how ?? "kill") : undefined),
      during: (name) => (effect) =>
        Effect.suspend(() => {
          if (!isNow(name)) return effect
          const delay = Math.random() * 3
          setTimeout(() => die("kill"), delay < 1 ? 0 : delay)
          return effect
        })
    }
  })

const die = (how: How): void => {
  if (how === "stop") writeSync(1, "stopped\n")
  process.kill(process.pid, how === "stop" ? "SIGSTOP" : "SIGKILL")
}
