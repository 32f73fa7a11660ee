/**
 * Shows a run to its end, and returns the exit code of the program.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type AgentError, toTurnFailed } from "../agent/AgentError.ts"
import { type AgentEvent, fromStored } from "../agent/AgentEvent.ts"
import { endsTurn, type TurnEnd, TurnFailed, TurnInterrupted } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import * as ExitCode from "./ExitCode.ts"
import { Interruption } from "./Interruption.ts"
import type { LastMessage } from "./lastMessage.ts"
import { errorOf } from "./render/envelope.ts"
import type { Renderer } from "./render/Renderer.ts"
import { OutputLost, Screen } from "./Screen.ts"

export interface Options {
  readonly renderer: Renderer
  readonly lastMessage?: LastMessage | undefined
  /** Events up to this number are known to be in the log already. */
  readonly known?: number | undefined
}

/**
 * Shows every event, and exactly one that ends the turn. The end of an interrupted run is read from the log; for a run
 * that failed before its turn, one is made here.
 */
export const renderTurn = Effect.fnUntraced(function*(
  session: string,
  events: Stream.Stream<AgentEvent, AgentError>,
  { known = 0, lastMessage, renderer }: Options
) {
  const store = yield* SessionStore
  const interruption = yield* Interruption
  const screen = yield* Screen
  const before = yield* Effect.orElseSucceed(store.read(session, known), () => [])
  let lastSeq = before.at(-1)?.seq ?? known
  let end: TurnEnd | undefined

  /** Says why the turn was stopped, where its renderer does not; whoever has closed the output wants to hear no more. */
  const sayWhy = Effect.fnUntraced(function*(event: TurnEnd) {
    const signal = yield* interruption.signal
    const error = event._tag === "TurnFailed" || renderer.isForPeople ? null : errorOf(event, signal)
    if (error !== null && signal !== "SIGPIPE") yield* screen.fail(error.message)
  })

  const show = (event: AgentEvent) =>
    Effect.gen(function*() {
      lastSeq = Math.max(lastSeq, event.seq)
      if (!endsTurn(event)) return yield* renderer.show(event)
      const told = event._tag === "TurnCompleted" && lastMessage !== undefined ? yield* keep(event, lastMessage) : event
      end = told
      const code = Effect.map(
        Effect.all([interruption.signal, screen.isClosed]),
        ([signal, isClosed]) => ExitCode.orUnread(ExitCode.ofEnd(told, signal), isClosed)
      )
      yield* interruption.tellEnd(code, Effect.zipRight(renderer.show(told), sayWhy(told)))
    })

  const showEnd = (event: TurnEnd) =>
    Effect.gen(function*() {
      if (end === undefined) yield* show({ ...event, seq: lastSeq + 1, at: yield* DateTime.now })
    })

  /** If the answer could not be written, the run has failed, even if the turn succeeded. */
  const showFailure = (cause: Cause.Cause<AgentError>) => {
    const lost = Chunk.findFirst(Cause.defects(cause), (defect) => defect instanceof OutputLost)
    return Option.isSome(lost) ? Effect.die(lost.value) : showEnd(toTurnFailed("", cause))
  }

  const showRest = Effect.gen(function*() {
    const rest = yield* Effect.orElseSucceed(store.read(session, lastSeq), () => [])
    yield* Effect.forEach(rest.map(fromStored), show)
    yield* showEnd(TurnInterrupted.make({ turnId: "", reason: ExitCode.reasonOf(yield* interruption.signal) }))
  })

  /** Nothing was left to do: another process has ended the turn meanwhile. */
  const showPast = Effect.gen(function*() {
    if (end !== undefined) return
    const log = yield* Effect.orElseSucceed(store.read(session, 0), () => [])
    const last = log.findLast((stored) => endsTurn(stored.event))
    if (last !== undefined) yield* show(fromStored(last))
  })

  const ticking = Effect.forkScoped(Effect.repeat(renderer.tick, Schedule.spaced("100 millis")))
  // The reader of the output is gone, so the run stops.
  const closing = Effect.forkScoped(Effect.zipRight(screen.closed, interruption.stop("SIGPIPE")))
  yield* Effect.scoped(Effect.zipRight(Effect.zipRight(ticking, closing), Stream.runForEach(events, show))).pipe(
    Effect.onInterrupt(() => showRest),
    Effect.exit,
    Effect.tap((exit) =>
      Exit.isSuccess(exit) ? showPast : Cause.isInterrupted(exit.cause) ? Effect.void : showFailure(exit.cause)
    ),
    Effect.ensuring(renderer.finish)
  )
  if (end?._tag === "TurnFailed") yield* screen.fail(end.message)
  return end === undefined ? ExitCode.success : ExitCode.ofEnd(end, yield* interruption.signal)
})

/** A run whose answer could not be written has failed, even if the turn succeeded; the answer is told all the same. */
const keep = (
  event: Extract<TurnEnd, { readonly _tag: "TurnCompleted" }> & Pick<AgentEvent, "seq" | "at">,
  { path, write }: LastMessage
): Effect.Effect<TurnEnd & Pick<AgentEvent, "seq" | "at">> =>
  Effect.match(write(event.answer), {
    onFailure: (message) => {
      const details = { answer: event.answer, file: path }
      const failed = TurnFailed.make({ turnId: event.turnId, kind: "OutputLost", message, retryable: false, details })
      return { ...failed, seq: event.seq, at: event.at }
    },
    onSuccess: () => event
  })
