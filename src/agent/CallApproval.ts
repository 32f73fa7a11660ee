/**
 * Whether the calls of a response may run: decided by rules, or by a person or program that is asked.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { defined } from "../internal/json.ts"
import { resolve } from "../internal/paths.ts"
import * as Refusals from "../prompts/Refusals.ts"
import { argument, type ToolCall } from "../responses/ToolCall.ts"
import { PermissionDecided } from "../session/SessionEvent.ts"
import { Approver, type Question, type Subject } from "../tools/permission/Approver.ts"
import { type Decision, Permission } from "../tools/permission/Permission.ts"
import type { Access, Child, Preview } from "../tools/Tool.ts"
import { ToolExecutor } from "../tools/ToolExecutor.ts"
import { PermissionNeeded } from "./AgentError.ts"
import type { PermissionRequested } from "./AgentEvent.ts"
import type { Admitted, Options } from "./Calls.ts"
import { Step } from "./Step.ts"

/**
 * A call with the decision about it. `agreed` is the digest of the change that was approved.
 *
 * @since 0.1.0
 * @category models
 */
export interface Permitted extends Admitted {
  readonly agreed?: string | undefined
}

/**
 * A call that needs approval, or one that is decided already. `touches` are the files it would change.
 *
 * @since 0.1.0
 * @category models
 */
export type Decided =
  | { readonly _tag: "Decided"; readonly call: Permitted; readonly touches: ReadonlyArray<string> }
  | {
    readonly _tag: "Asking"
    readonly call: Admitted
    readonly access: Access
    readonly decision: Ask
    readonly touches: ReadonlyArray<string>
  }

type Ask = Extract<Decision, { readonly _tag: "Ask" }>

/**
 * Finds out whether a call may run, and turns a "no" into a refusal. All calls of a response are decided before the
 * first one runs: where there is no approver, none of them is cut off in the middle.
 *
 * @since 0.1.0
 * @category permitting
 */
export const decide = Effect.fnUntraced(function*({ sessionId, turnId }: Options, call: Admitted) {
  const decided = (call: Permitted, touches: ReadonlyArray<string> = []): Decided => ({
    _tag: "Decided",
    call,
    touches
  })
  if (call.isDone || call.refusal !== undefined) return decided(call)
  const tools = yield* ToolExecutor
  const permission = yield* Permission
  const { recall, step } = yield* Step
  const access = yield* tools.access(call.call)
  const touches = access.kind === "write" ? access.paths.map((path) => resolve("/", path)) : []
  const known = yield* recall(decisionKey(call), PermissionDecided)
  if (Option.isSome(known)) return decided(settle(call, known.value), touches)
  const describe = yield* tools.describe(call.call)
  const name = yield* tools.nameOf(call.call)
  const decision = yield* permission.decide({ sessionId, tool: name, access, describe })
  if (decision._tag === "Ask") return { _tag: "Asking", call, access, decision, touches } satisfies Decided
  if (decision._tag === "Allow" && decision.isRoutine) return decided(call, touches)
  const of = { turnId, itemId: call.itemId, rule: decision.rule, by: "rule" as const }
  const event = decision._tag === "Allow"
    ? PermissionDecided.make({ ...of, decision: "allowed", ...defined({ agreed: versionOf(access) }) })
    : PermissionDecided.make({
      ...of,
      decision: "denied",
      ...defined({ reason: decision.reason, advice: decision.advice })
    })
  return decided(settle(call, yield* step(decisionKey(call), PermissionDecided, Effect.succeed(event))), touches)
})

const decisionKey = ({ key }: Admitted): string => `${key}/permission`

const settle = (call: Admitted, decided: PermissionDecided): Permitted =>
  decided.decision === "allowed"
    ? { ...call, agreed: decided.agreed }
    : { ...call, refusal: Refusals.notPermitted(decided) }

type Asking = Extract<Decided, { readonly _tag: "Asking" }>

/**
 * Asks the approver, and remembers what it allows. It is not asked about a change that cannot be made at present: the
 * model is told why.
 *
 * @since 0.1.0
 * @category permitting
 */
export const ask = Effect.fnUntraced(function*(options: Options, asking: Asking) {
  const { sessionId } = options
  const { call } = asking
  const tools = yield* ToolExecutor
  const permission = yield* Permission
  const { step } = yield* Step
  const preview = yield* Effect.either(tools.preview(call.call, { sessionId }))
  if (Either.isLeft(preview)) return { ...call, refusal: preview.left.message }
  const decided = yield* step(
    decisionKey(call),
    PermissionDecided,
    askPerson(options, asking, Option.getOrUndefined(preview.right))
  )
  yield* permission.remember(sessionId, decided.grants ?? [])
  return settle(call, decided)
})

const askPerson = Effect.fnUntraced(function*(
  { asking, sessionId, turnId }: Options,
  { access, call: { call: written, itemId }, decision }: Asking,
  preview: Preview | undefined
) {
  const tools = yield* ToolExecutor
  const { isByMode, question, reason, rule, scopes } = decision
  // What would run is approved, not how the model has written it.
  const call = yield* tools.resolve(written)
  const subject = subjectOf(call, access, preview)
  const answer = yield* put(
    asking,
    { _tag: "PermissionRequested", turnId, itemId, call, rule, question, subject, reason, scopes },
    { sessionId, itemId, tool: call.name, text: question, subject, reason, scopes, rule }
  )
  if (Option.isNone(answer)) {
    return yield* new PermissionNeeded({ session: sessionId, tool: call.name, question, rule, isByMode })
  }
  const of = { turnId, itemId, rule, by: "person" as const }
  if (answer.value._tag === "No") {
    const words = answer.value.words?.trim()
    return PermissionDecided.make({
      ...of,
      decision: "denied",
      reason: Refusals.userSaidNo,
      ...(words ? { words } : {})
    })
  }
  const wanted = answer.value
  const scope = wanted._tag === "Once"
    ? undefined
    : scopes.find(({ kind }) => wanted.scope === undefined || kind === wanted.scope)
  return PermissionDecided.make({
    ...of,
    decision: "allowed",
    ...defined({ agreed: preview?.digest ?? versionOf(access), scope: scope?.kind, grants: scope?.grants })
  })
})

/** Of a tool that may have become another one until the call runs. */
const versionOf = (access: Access): string | undefined => access.kind === "other" ? access.version : undefined
/**
 * Asks for a child agent of a call, as a part of the call: whoever follows the session sees the question, and answers it
 * there.
 *
 * @since 0.1.0
 * @category permitting
 */
export const askForChild = (
  { asking, sessionId, turnId }: Options,
  { call, itemId }: Pick<Admitted, "call" | "itemId">,
  question: Question,
  child: Child
) => {
  const { reason, rule = "", scopes, subject, text, tool } = question
  const of = { turnId, itemId, rule, child: { ...child, itemId: question.itemId } }
  return put(
    asking,
    { ...of, _tag: "PermissionRequested", call, question: text, subject, reason, scopes, tool },
    { ...question, sessionId, itemId, child }
  ).pipe(Effect.tap(Option.match({
    onNone: () => Effect.void,
    onSome: (answer) =>
      Effect.flatMap(Step, ({ show }) =>
        show({
          ...of,
          _tag: "ChildAnswered",
          decision: answer._tag === "No" ? "denied" : "allowed",
          words: answer._tag === "No" ? answer.words : undefined
        }))
  })))
}

/** Whoever follows the session hears of the question before it is asked. Questions come one at a time. */
const put = (asking: Effect.Semaphore, requested: PermissionRequested, question: Question) =>
  asking.withPermits(1)(Effect.gen(function*() {
    const approver = yield* Approver
    const { show } = yield* Step
    yield* show(requested)
    return yield* approver.ask(question)
  }))

const subjectOf = (call: ToolCall, access: Access, preview: Preview | undefined): Subject => {
  if (access.kind === "run") return { _tag: "Command", command: access.command, workdir: access.workdir }
  return preview === undefined
    ? { _tag: "Call", arguments: argument(call) }
    : { _tag: "Changes", changes: preview.changes }
}
