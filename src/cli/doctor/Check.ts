/**
 * One thing that is looked at, and what was found.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export type Status = "ok" | "warn" | "fail" | "skip"

/** One sentence about what was found; and what to do, where something is to be done. */
export interface Finding {
  readonly status: Status
  readonly summary: string
  readonly remedy: string | null
}

export interface Check<R = never> {
  readonly id: string
  readonly look: Effect.Effect<Finding, never, R>
}

export interface Result extends Finding {
  readonly id: string
  readonly duration_ms: number
}

export const ok = (summary: string): Finding => ({ status: "ok", summary, remedy: null })
export const warn = (summary: string, remedy: string): Finding => ({ status: "warn", summary, remedy })
export const fail = (summary: string, remedy: string): Finding => ({ status: "fail", summary, remedy })
export const skipped = (summary: string): Finding => ({ status: "skip", summary, remedy: null })

/** Longer than any server that works takes, and short enough to wait for. */
const patience = Duration.seconds(10)

/** Looks at one thing, for a bounded time. A check that fails itself is a finding too. */
export const run = <R>({ id, look }: Check<R>): Effect.Effect<Result, never, R> =>
  Effect.gen(function*() {
    const begin = yield* Clock.currentTimeMillis
    const finding = yield* look.pipe(
      Effect.timeoutTo({
        duration: patience,
        onSuccess: (finding) => finding,
        onTimeout: () =>
          fail(
            `There was no answer within ${Duration.toSeconds(patience)} seconds`,
            "Look whether the disk or the network of this machine hangs, and try again"
          )
      }),
      Effect.catchAllDefect((defect) =>
        Effect.succeed(
          fail(`It could not be looked at: ${defect instanceof Error ? defect.message : String(defect)}`, "Report this")
        )
      )
    )
    return { id, ...finding, duration_ms: Math.round((yield* Clock.currentTimeMillis) - begin) }
  })
