/**
 * What an MCP server asks the person (elicitation), and the model if a person lets it (sampling). It may ask while it
 * works for a call, a prompt or a resource, and neither while it lists what it has nor at any other time.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberSet from "effect/FiberSet"
import { quote } from "../../internal/quote.ts"
import * as Elicitation from "../../tools/mcp/Elicitation.ts"
import * as Sampling from "../../tools/mcp/Sampling.ts"
import type { Asking } from "../../tools/permission/Approver.ts"
import type { Budget } from "../../tools/Tool.ts"
import { type Client, CreateMessageRequestSchema, ElicitRequestSchema, ErrorCode, McpError } from "../../vendor/mcp.ts"

/** How long the person may take. */
const patience = Duration.minutes(5)

/** How often a server may ask the model while it works for a call. */
const maxSamples = 5

/** How many pages a server may want seen before a call. */
const maxWanted = 3

/** How many forms and pages of a server are shown while it works for a call. */
const maxAsked = 5

/**
 * How the person is asked, as far as somebody is there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Person extends Pick<Asking, "fill" | "visit"> {
  /** Asks the model, for a server that may use it. */
  readonly sample?: Sampling.Ask | undefined
}

/** @since 0.1.0 @category models */
export interface ServerQuestions {
  /** Lets the server ask as long as this runs. */
  readonly during: <A, E, R>(call: Effect.Effect<A, E, R>, budget: Budget | undefined) => Effect.Effect<A, E, R>
  /** Shows the pages that the server wants seen before a call; whether the person has gone to each. */
  readonly visitAll: (pages: ReadonlyArray<unknown>) => Effect.Effect<boolean>
  /** Whether the person is asked now. */
  readonly isAsking: () => boolean
}

/**
 * What a server is told that the person can be asked. Where nobody is there, that is nothing.
 *
 * @since 0.1.0
 * @category accessors
 */
export const capabilitiesOf = ({ fill, sample, visit }: Person) => ({
  ...fill === undefined && visit === undefined
    ? {}
    : { elicitation: { ...fill === undefined ? {} : { form: {} }, ...visit === undefined ? {} : { url: {} } } },
  ...fill === undefined || sample === undefined ? {} : { sampling: {} }
})

/**
 * Answers what the server of this client asks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(server: string, client: Client, person: Person) {
  const { fill, sample, visit } = person
  const run = yield* FiberSet.makeRuntimePromise()
  const idle = yield* Effect.makeLatch(true)
  let calls = 0
  let asking = 0
  let samples = 0
  let shown = 0
  /** The person has gone away from a question of these calls: no other one is shown. */
  let isLeft = false
  /** What the calls that run may still use; the last is the one that most likely asks. */
  let budgets: ReadonlyArray<Budget> = []

  const begin = (budget: Budget | undefined) =>
    Effect.suspend(() => {
      if (calls++ === 0) {
        samples = 0
        shown = 0
        isLeft = false
      }
      if (budget !== undefined) budgets = [...budgets, budget]
      return idle.close
    })
  const end = (budget: Budget | undefined) =>
    Effect.suspend(() => {
      budgets = budgets.filter((other) => other !== budget)
      return --calls === 0 ? idle.open : Effect.void
    })

  const patiently = (asked: Effect.Effect<Elicitation.Answer>) =>
    Effect.acquireUseRelease(Effect.sync(() => asking++), () => asked, () => Effect.sync(() => asking--)).pipe(
      Effect.timeoutTo({ duration: patience, onTimeout: () => Elicitation.cancel, onSuccess: (answer) => answer }),
      Effect.tap((answer) => Effect.sync(() => void (isLeft ||= answer._tag === "Cancel")))
    )

  const tooMany = Effect.when(
    Effect.logWarning(
      `the MCP server ${quote(server)} asks too much: after ${maxAsked} questions in a call it gets a no to the others`
    ),
    () => shown === maxAsked + 1
  )

  const answer = Effect.fnUntraced(function*(params: unknown, signal: AbortSignal) {
    const page = Elicitation.pageOf(server, params)
    const form = page === undefined ? Elicitation.formOf(server, params) : undefined
    const asked = page !== undefined ? visit?.(page) : form === undefined ? undefined : fill?.(form)
    if (asked === undefined || calls === 0 || isLeft) return decline
    if (++shown > maxAsked) return yield* Effect.as(tooMany, decline)
    const over = Effect.as(Effect.raceFirst(idle.await, aborted(signal)), Elicitation.cancel)
    const given = yield* Effect.raceFirst(patiently(asked), over)
    if (given._tag !== "Accept") return given._tag === "Decline" ? decline : cancel
    if (form === undefined) return accepted
    return { ...accepted, content: yield* Either.mapLeft(Elicitation.valuesOf(form, given.content), unfit) }
  })

  if (fill !== undefined || visit !== undefined) {
    client.setRequestHandler(
      ElicitRequestSchema,
      async ({ params }, { signal }) =>
        Either.getOrThrowWith(await run(Effect.either(answer(params, signal))), (error) => error)
    )
  } else {
    // It has not been told that it may ask, and asks all the same.
    client.fallbackRequestHandler = ({ method }) =>
      method === "elicitation/create"
        ? Promise.resolve(decline)
        : Promise.reject(new McpError(ErrorCode.MethodNotFound, "Method not found"))
  }

  /** The person says yes to each, and a server asks only so often while it works for a call. */
  const answerOfModel = Effect.fnUntraced(function*(ask: Sampling.Ask, params: unknown, signal: AbortSignal) {
    const request = Sampling.requestOf(params)
    if (request === undefined) return yield* refused("only short texts are answered")
    if (isLeft) return yield* refused("the user does not answer")
    if (calls === 0 || ++samples > maxSamples) return yield* refused(`no more than ${maxSamples} in a call`)
    const budget = budgets.at(-1)
    const left = budget === undefined ? undefined : yield* budget.left
    if (left !== undefined && (left.tokens <= 0 || left.cost <= 0)) {
      return yield* refused("the run has used up its limits")
    }
    const over = Effect.raceFirst(idle.await, aborted(signal))
    const agreed = yield* Effect.raceFirst(
      patiently(fill?.(Sampling.questionOf(server, request)) ?? Effect.succeed(Elicitation.decline)),
      Effect.as(over, Elicitation.cancel)
    )
    if (agreed._tag !== "Accept") return yield* refused("the user has said no")
    const { isCut, model, text, usage } = yield* Effect.raceFirst(
      Effect.catchAll(ask(request), refused),
      Effect.zipRight(over, refused("the call has ended"))
    )
    if (budget !== undefined) yield* budget.spend(usage)
    return {
      model,
      role: "assistant" as const,
      stopReason: isCut ? "maxTokens" : "endTurn",
      content: { type: "text" as const, text }
    }
  })

  if (fill !== undefined && sample !== undefined) {
    client.setRequestHandler(
      CreateMessageRequestSchema,
      async ({ params }, { signal }) =>
        Either.getOrThrowWith(await run(Effect.either(answerOfModel(sample, params, signal))), (error) => error)
    )
  }

  const questions: ServerQuestions = {
    during: (call, budget) => Effect.acquireUseRelease(begin(budget), () => call, () => end(budget)),
    visitAll: (wanted) => {
      const pages = wanted.map((one) => Elicitation.pageOf(server, one))
      if (visit === undefined || pages.length === 0 || pages.length > maxWanted) return Effect.succeed(false)
      return Effect.map(
        Effect.forEach(
          pages,
          (page) => page === undefined ? Effect.succeed(Elicitation.decline) : patiently(visit(page))
        ),
        (answers) => answers.every(({ _tag }) => _tag === "Accept")
      )
    },
    isAsking: () => asking > 0
  }
  return questions
})

/** As the protocol has it. */
interface Result {
  readonly action: "accept" | "decline" | "cancel"
  readonly content?: { [name: string]: Elicitation.Value }
  readonly [key: string]: unknown
}

const accepted: Result = { action: "accept" }
const decline: Result = { action: "decline" }
const cancel: Result = { action: "cancel" }

const refused = (why: string) => Effect.fail(new McpError(refusedByUser, `The model is not asked: ${why}`))

/** As the protocol says for what the user has refused. */
const refusedByUser = -1

const unfit = (problem: string) => new McpError(ErrorCode.InvalidParams, `The answer does not fit: ${problem}`)

const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.async((resume) => {
    const stop = () => resume(Effect.void)
    if (signal.aborted) return stop()
    signal.addEventListener("abort", stop, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", stop))
  })
