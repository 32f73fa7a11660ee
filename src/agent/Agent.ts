/**
 * Runs agents: takes a session and an input, and gives a stream of events.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { decoding } from "../internal/decoding.ts"
import { defined } from "../internal/json.ts"
import { fromWork } from "../internal/stream.ts"
import * as Conversation from "../prompts/Conversation.ts"
import { Prices } from "../responses/account/Price.ts"
import { developerMessage, type Item, userMessage } from "../responses/Item.ts"
import type { ReasoningOptions } from "../responses/Request.ts"
import { Responses } from "../responses/Responses.ts"
import * as StructuredOutput from "../responses/StructuredOutput.ts"
import * as History from "../session/History.ts"
import * as LastTurn from "../session/LastTurn.ts"
import type { Session } from "../session/Session.ts"
import {
  type Parent,
  type SessionEvent,
  SessionStarted,
  Setup,
  TurnResumed,
  TurnStarted
} from "../session/SessionEvent.ts"
import { makeId, SessionStore } from "../session/SessionStore.ts"
import { Processes } from "../tools/command/Processes.ts"
import { Approver, type Asking } from "../tools/permission/Approver.ts"
import { Permission } from "../tools/permission/Permission.ts"
import type { Budget, CallContext } from "../tools/Tool.ts"
import { make as makeExecutor, ToolExecutor } from "../tools/ToolExecutor.ts"
import type { Toolkit } from "../tools/Toolkit.ts"
import { type AgentError, Unanswered } from "./AgentError.ts"
import { type AgentEvent, end as endOf, fromStored } from "./AgentEvent.ts"
import { ContextPolicy } from "./ContextPolicy.ts"
import * as EventSink from "./EventSink.ts"
import * as Hook from "./hooks/Hooks.ts"
import { Hooks } from "./hooks/Hooks.ts"
import * as TurnHooks from "./hooks/TurnHooks.ts"
import type { Inbox } from "./Inbox.ts"
import * as Inputs from "./Inputs.ts"
import * as LostCalls from "./LostCalls.ts"
import * as ManualCompaction from "./ManualCompaction.ts"
import * as Step from "./Step.ts"
import * as Turn from "./Turn.ts"
import * as TurnEnd from "./TurnEnd.ts"

/**
 * How an agent works. The options of `Agent.layer` are the defaults of every run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Turn.Control {
  readonly model: string
  readonly instructions: string
  readonly reasoning?: ReasoningOptions | undefined
  /** The folder the agent works in; it is noted in the session, so that a later run can go on there. */
  readonly workspace?: string | undefined
  /**
   * Items that precede the conversation of a session. They are computed once, when the session begins, and kept with
   * the first turn: if they changed, the server's prompt cache would miss.
   */
  readonly preamble?: Effect.Effect<ReadonlyArray<Item>> | undefined
}

/**
 * What one run does differently.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions extends Partial<Options> {
  /** Further input for the agent while it runs. */
  readonly inbox?: Inbox | undefined
  /** The reason that the log gives for an interruption, evaluated when there is one; `cancelled` by default. */
  readonly whyInterrupted?: Effect.Effect<string> | undefined
  /**
   * Whether an interruption leaves the turn open, to go on elsewhere, evaluated when there is one: nothing is written of it
   * then.
   */
  readonly isHandedOver?: Effect.Effect<boolean> | undefined
  /** What the turn is asked with, noted in the log for the next one. */
  readonly setup?: Setup | undefined
  /** The caller's own name for the turn, noted in the log. */
  readonly key?: string | undefined
  /** The call that a new session works for; set by {@link child}. */
  readonly parent?: Parent | undefined
  /** What the parent run may still use; set by {@link child}. */
  readonly budget?: Budget | undefined
}

/**
 * What a child agent does differently from its parent: all but the model's account, the store and the permissions.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChildOptions<R> extends Options {
  readonly toolkit: Toolkit<R>
  readonly inbox?: Inbox | undefined
  /** The id of its session, to find it again; a new one by default. */
  readonly session?: string | undefined
  /** Asked in the place of its parent's approver. */
  readonly approver?: Asking | undefined
  /** Decides in the place of its parent's permissions. */
  readonly permission?: typeof Permission.Service | undefined
  /** What the turn is asked with, noted in its log. */
  readonly setup?: Setup | undefined
}

/**
 * What an agent shares with its children.
 *
 * @since 0.1.0
 * @category models
 */
export type Shared = Permission | Responses | SessionStore

/**
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import { Agent, AgentEvent, SessionStore } from "effixir"
 * import { NodeAgent } from "effixir/node"
 *
 * const program = Effect.gen(function*() {
 *   const agent = yield* Agent.Agent
 *   const session = yield* SessionStore.makeId
 *   const events = agent.run(session, "What is in this folder?", { limits: { steps: 20 } })
 *   yield* Console.log(yield* AgentEvent.answer(events))
 * }).pipe(Effect.provide(NodeAgent.layer({ workspace: "." })))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Agent extends Context.Tag("effixir/agent/Agent")<Agent, {
  /**
   * Runs one turn of a session, new or old. The stream ends with the one event that ends the turn, and fails after it
   * if the turn failed. Closing the stream stops the request and the tools; the log then says that the turn was
   * interrupted.
   */
  readonly run: (
    session: string,
    input: string | ReadonlyArray<Item>,
    options?: RunOptions
  ) => Stream.Stream<AgentEvent, AgentError>
  /**
   * Goes on with the last turn of a session unless it has completed: whether a crash cut it off, or it was interrupted,
   * reached a limit, or failed. Completed steps are not repeated, and calls that never started are run. A call that started
   * without a recorded end runs again where its tool says that it may (`replay`); of the others the model is told. The turn
   * keeps its model and effort, unless these options name others.
   * Emits nothing if that turn has completed.
   */
  readonly resume: (session: string, options?: RunOptions) => Stream.Stream<AgentEvent, AgentError>
  /**
   * Compacts the conversation of a session between turns: from the next model call on, what stands for its beginning is
   * sent instead. Nothing is deleted from the log. With `isDryRun` it only tells what would be done, and asks nobody.
   */
  readonly compact: (session: string, options?: CompactOptions) => Effect.Effect<ManualCompaction.Report, AgentError>
}>() {}

/** @since 0.1.0 @category models */
export interface CompactOptions {
  /** Which model to ask; the one of the last turn by default. */
  readonly model?: string
  readonly reasoning?: ReasoningOptions | undefined
  readonly isDryRun?: boolean
}

/** How many events may wait for the consumer of the stream. */
const bufferSize = 256

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Agent } from "effixir"
 *
 * // Two agents in one program, which differ in their instructions.
 * const both = Effect.all({
 *   author: Agent.make({ model: "gpt-6.2-sol", instructions: "Write code." }),
 *   critic: Agent.make({ model: "gpt-6.2-sol", instructions: "Find what is wrong with it." })
 * })
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = Effect.fnUntraced(function*(defaults: Options) {
  const responses = yield* Responses
  const store = yield* SessionStore
  const tools = yield* ToolExecutor
  const permission = yield* Permission
  const approver = yield* Approver
  const policy = yield* ContextPolicy
  const prices = yield* Prices
  const hooks = yield* Hooks
  const processes = yield* Processes
  // One context, because a turn keeps another copy of all its services for each that is provided alone.
  const services = Context.make(Responses, responses).pipe(
    Context.add(ToolExecutor, tools),
    Context.add(Permission, permission),
    Context.add(Approver, approver),
    Context.add(ContextPolicy, policy),
    Context.add(Prices, prices),
    Context.add(Hooks, hooks)
  )
  /** The sessions of which a turn was begun here: hooks hear of a session once. */
  const begun = new Set<string>()

  const stream = (
    id: string,
    work: (session: Session, sink: EventSink.EventSink) => Effect.Effect<void, AgentError>
  ): Stream.Stream<AgentEvent, AgentError> =>
    fromWork((emit) =>
      Effect.scoped(Effect.gen(function*() {
        // Without a sign-in the run fails here, before anything is written.
        yield* responses.account
        const session = yield* store.open(id)
        yield* work(session, EventSink.make(session, emit))
      })), bufferSize)

  /** What a person has allowed for the whole session applies to every run of it. */
  const remember = (id: string, past: ReadonlyArray<SessionEvent>) =>
    permission.remember(
      id,
      past.flatMap((event) => event._tag === "PermissionDecided" ? event.grants ?? [] : [])
    )

  const answerOf = (id: string) =>
    Effect.map(Effect.orElseSucceed(store.read(id), () => []), (log) => {
      const last = log.at(-1)?.event
      return last?._tag === "TurnCompleted" ? Option.some(last.answer) : Option.none()
    })

  const runTurn = (
    session: Session,
    sink: EventSink.EventSink,
    turn: Omit<Turn.Options, "history" | "answerOf"> & Pick<RunOptions, "isHandedOver" | "whyInterrupted">,
    begin: Effect.Effect<History.History, AgentError, ToolExecutor>
  ) =>
    Effect.flatMap(begin, (history) => Turn.run({ ...turn, history, answerOf })).pipe(
      Effect.provide(Context.add(services, Step.Step, Step.make(session, sink))),
      TurnEnd.ending(session, sink, turn)
    )

  /** What hooks have to say to the model before a turn. */
  const hear = Effect.fnUntraced(function*(session: Session, items: ReadonlyArray<Item>) {
    if (hooks.sessionStart === undefined && hooks.userPromptSubmit === undefined) return []
    const { id: sessionId } = session
    const turnId = nextTurn(yield* TurnEnd.eventsOf(session))
    const source = begun.has(sessionId) ? undefined : turnId === "turn-1" ? "startup" : "resume"
    const said = yield* Effect.provideService(TurnHooks.beginning({ sessionId, turnId }, items, source), Hooks, hooks)
    begun.add(sessionId)
    return said
  })

  /** The model is told with each prompt what still runs that it has started. */
  const running = (id: string) =>
    Effect.map(processes.list(id), (all): ReadonlyArray<Item> => {
      const alive = all.filter(({ ending }) => ending === undefined)
      return alive.length === 0 ? [] : [developerMessage(Conversation.stillRunning(alive))]
    })

  return Agent.of({
    run: (id, input, overrides) =>
      stream(id, (session, sink) =>
        Effect.gen(function*() {
          const options = { ...defaults, ...overrides }
          const record = (key: string, event: SessionEvent) =>
            Effect.tap(session.append(key, event), (stored) => sink.emit(fromStored(stored)))
          const begin = (key: string, event: SessionEvent) =>
            Effect.zipRight(record(key, event), Effect.map(session.events, History.fromStored))

          const { parent, preamble = Effect.succeed([]), workspace } = options
          const items = typeof input === "string" ? [userMessage(input)] : input
          const said = yield* hear(session, items)
          yield* record(
            "session",
            SessionStarted.make({ sessionId: id, schemaVersion: 1, ...defined({ workspace, parent }) })
          )
          const past = yield* TurnEnd.closeOpenTurn(session)
          const turnId = nextTurn(past)
          const before = turnId === "turn-1" ? yield* preamble : []
          const started = TurnStarted.make({
            turnId,
            model: options.model,
            ...defined({ effort: options.reasoning?.effort }),
            input: [...before, ...items, ...said, ...yield* running(id)],
            ...defined({ setup: options.setup, key: options.key }),
            ...permission.inForce
          })
          yield* remember(id, past)
          yield* sink.skipLogged
          const turn = {
            ...options,
            reasoning: options.reasoning,
            sessionId: id,
            turnId
          }
          yield* runTurn(session, sink, turn, begin(turnId, started))
        })),
    resume: (id, overrides) =>
      stream(id, (session, sink) =>
        Effect.gen(function*() {
          const stored = yield* session.events
          const past = stored.map(({ event }) => event)
          const last = LastTurn.unfinishedTurn(past)
          if (Option.isNone(last)) return
          const { at, started } = last.value
          const used = LastTurn.lastUsed(past)
          const model = overrides?.model ?? used.model ?? defaults.model
          yield* Effect.forEach(stored.slice(0, 1), (first) => sink.emit(fromStored(first)))
          yield* remember(id, past)
          yield* noteChanges(session, started.turnId, permission.inForce, {
            model,
            effort: overrides?.reasoning?.effort ?? used.effort,
            setup: overrides?.setup
          })
          yield* sink.skipLogged
          const options = { ...defaults, ...overrides }
          const turn = {
            ...options,
            reasoning: options.reasoning,
            model,
            sessionId: id,
            turnId: started.turnId,
            effortChanges: Inputs.effortChanges((yield* TurnEnd.eventsOf(session)).slice(at))
          }
          const begin = Effect.gen(function*() {
            yield* LostCalls.recover(session)
            yield* sink.flush
            // The completed steps replay what came after.
            return History.fromStored(stored.slice(0, at + 1))
          })
          yield* runTurn(session, sink, turn, begin)
        })),
    compact: (id, overrides) =>
      Effect.scoped(Effect.gen(function*() {
        yield* responses.account
        const { isDryRun = false, ...chosen } = overrides ?? {}
        const session = isDryRun ? undefined : yield* store.open(id)
        const stored = yield* session === undefined ? store.read(id) : session.events
        const model = LastTurn.lastUsed(stored.map(({ event }) => event)).model ?? defaults.model
        const { instructions, reasoning } = defaults
        const options = { model, instructions, reasoning, ...chosen, sessionId: id }
        return yield* session === undefined
          ? ManualCompaction.preview(stored, options)
          : ManualCompaction.run(session, options)
      })).pipe(
        Effect.provide(services)
      )
  })
})

/**
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { Agent, Permission, SessionStore, ToolExecutor, Toolkit } from "effixir"
 * import { Script, ScriptedResponses } from "effixir/testing"
 *
 * const Poet = Agent.layer({ model: "gpt-6.2-sol", instructions: "Answer in verse." }).pipe(
 *   Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll, SessionStore.layerMemory]),
 *   Layer.provide(ScriptedResponses.layer(Script.fromTurns([Script.answer(Script.say("Roses are red."))])))
 * )
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<Agent, never, Permission | Responses | SessionStore | ToolExecutor> => Layer.effect(Agent, make(options))

/**
 * Runs another agent inside a call of a tool. It has its own session, whose first event names the call it works for,
 * and its own instructions, tools, model and limits. It shares its parent's store, access to the model, permissions and
 * approver, but not what a person has allowed for the parent's session. It lives no longer than the stream: it is
 * interrupted when the call is interrupted or the turn's time is up. The event that ends its turn (`AgentEvent.end`)
 * holds its usage. Its steps and calls count towards its own limits only; its tokens, and what they
 * cost, count towards its parent's limits as well, and it reaches its limit when these are used up.
 *
 * ```ts
 * const explore = Tool.make({
 *   name: "explore",
 *   description: "Have somebody look around, and get the answer",
 *   parameters: Schema.Struct({ question: Schema.String }),
 *   handler: ({ question }, call) =>
 *     Agent.child(call, question, {
 *       model: "gpt-6-luna",
 *       instructions: "Look around and answer in a few lines.",
 *       toolkit: Toolkit.pick(BuiltIn.toolkit, "read", "grep", "find"),
 *       limits: { steps: 20 }
 *     }).pipe(
 *       AgentEvent.answer,
 *       Effect.mapError(({ message }) => new Tool.ToolFailure({ message }))
 *     )
 * })
 * ```
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 * import { Agent, AgentEvent, Tool, Toolkit } from "effixir"
 *
 * const explore = Tool.make({
 *   name: "explore",
 *   description: "Answers a question about the code, by an agent that only reads",
 *   parameters: Schema.Struct({ question: Schema.String }),
 *   handler: ({ question }, call) =>
 *     Agent.child(call, question, {
 *       model: "gpt-6.2-sol",
 *       instructions: "Look around and answer.",
 *       toolkit: Toolkit.empty
 *     }).pipe(
 *       AgentEvent.answer,
 *       Effect.mapError(({ message }) => new Tool.ToolFailure({ message }))
 *     )
 * })
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const child = <R>(
  call: Pick<CallContext, "budget" | "callId" | "sessionId">,
  input: string | ReadonlyArray<Item>,
  options: ChildOptions<R>
): Stream.Stream<AgentEvent, AgentError, R | Shared> =>
  Stream.unwrap(Effect.gen(function*() {
    const tools = yield* makeExecutor(options.toolkit)
    const agent = yield* make(options).pipe(
      Effect.provideService(ToolExecutor, tools),
      Effect.provideService(Permission, options.permission ?? (yield* Permission)),
      Effect.provideService(Approver, options.approver ?? (yield* Approver)),
      Effect.provideService(Hooks, Hook.ofChild(yield* Hooks))
    )
    const session = options.session ?? (yield* makeId)
    const parent = { sessionId: call.sessionId, callId: call.callId }
    return agent.run(session, input, { inbox: options.inbox, parent, budget: call.budget, setup: options.setup })
  }))

/**
 * One turn whose final answer is a value of `schema`. An answer that does not fit is sent back once, with what is wrong.
 * Fails with {@link Unanswered} where a limit or an interruption ends the turn before it has one.
 *
 * @example
 * ```ts
 * import * as Schema from "effect/Schema"
 * import { Agent } from "effixir"
 *
 * const Review = Schema.Struct({ verdict: Schema.Literal("good", "bad"), remarks: Schema.Array(Schema.String) })
 *
 * const review = (session: string) => Agent.object(Review, session, "Review the README in this folder")
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const object = <A, I>(
  schema: Schema.Schema<A, I>,
  session: string,
  input: string | ReadonlyArray<Item>,
  options?: Omit<RunOptions, "output">
): Effect.Effect<A, AgentError | Unanswered, Agent> =>
  Effect.gen(function*() {
    const { run } = yield* Agent
    const events = run(session, input, { ...options, output: StructuredOutput.make(schema) })
    const end = Option.getOrUndefined(yield* endOf(events))
    const unanswered = new Unanswered({ session, end: end?._tag ?? "TurnInterrupted" })
    return end?._tag === "TurnCompleted"
      ? yield* Effect.mapError(decoding(Schema.parseJson(schema))(end.answer), () => unanswered)
      : yield* unanswered
  })

/** A resumed turn may have other permissions than before, and may be asked with something else. */
const noteChanges = Effect.fnUntraced(
  function*(
    session: Session,
    turnId: string,
    inForce: typeof Permission.Service["inForce"],
    now: Pick<LastTurn.LastUsed, "model" | "effort" | "setup">
  ) {
    const past = yield* TurnEnd.eventsOf(session)
    const last = LastTurn.lastPermission(past)
    const used = LastTurn.lastUsed(past)
    const changed = defined({
      model: now.model === used.model ? undefined : now.model,
      effort: now.effort === used.effort ? undefined : now.effort,
      setup: now.setup === undefined || used.setup !== undefined && isSameSetup(now.setup, used.setup)
        ? undefined
        : now.setup
    })
    const isAllowed = inForce === undefined || inForce.permission === last.permission && inForce.policy === last.policy
    if (isAllowed && Object.keys(changed).length === 0) return
    const times = past.filter((event) => event._tag === "TurnResumed" && event.turnId === turnId).length
    yield* session.append(`${turnId}/resumed/${times}`, TurnResumed.make({ turnId, ...changed, ...inForce }))
  }
)

const isSameSetup = Schema.equivalence(Setup)

/** One more than any that is known of: where the line of a beginning is damaged, its other lines have their keys. */
const nextTurn = (past: ReadonlyArray<SessionEvent>): string => {
  let last = 0
  for (const event of past) {
    const [, n = "0"] = "turnId" in event ? /^turn-(\d+)$/.exec(event.turnId ?? "") ?? [] : []
    last = Math.max(last, Number(n))
  }
  return `turn-${last + 1}`
}
