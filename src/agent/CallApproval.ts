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
import * as HookTexts from "../prompts/HookTexts.ts"
import * as Refusals from "../prompts/Refusals.ts"
import { argument, type ToolCall } from "../responses/ToolCall.ts"
import { PermissionDecided } from "../session/SessionEvent.ts"
import { type Answer, Approver, type Question, type Subject } from "../tools/permission/Approver.ts"
import * as Grants from "../tools/permission/Grants.ts"
import { type Decision, Permission, questionOf } from "../tools/permission/Permission.ts"
import type { Access, Child, Preview, RefusedWrite } from "../tools/Tool.ts"
import { ToolExecutor } from "../tools/ToolExecutor.ts"
import { PermissionNeeded } from "./AgentError.ts"
import type { PermissionRequested } from "./AgentEvent.ts"
import type { Admitted, Options } from "./Calls.ts"
import * as CallHooks from "./hooks/CallHooks.ts"
import type { Hooked } from "./hooks/CallHooks.ts"
import { Step } from "./Step.ts"

/**
 * A call with the decision about it. `agreed` is the digest of the change that was approved.
 *
 * @since 0.1.0
 * @category models
 */
export interface Permitted extends Admitted {
  readonly agreed?: string | undefined
  /** What hooks have to say to the model beside its output. */
  readonly context?: ReadonlyArray<string> | undefined
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
    readonly hooked: Hooked
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
export const decide = Effect.fnUntraced(function*({ sessionId, turnId }: Options, given: Admitted) {
  const decided = (call: Permitted, touches: ReadonlyArray<string> = []): Decided => ({
    _tag: "Decided",
    call,
    touches
  })
  if (given.isDone || given.refusal !== undefined) return decided(given)
  const tools = yield* ToolExecutor
  const permission = yield* Permission
  const { recall, step } = yield* Step
  const touching = (access: Access) => access.kind === "write" ? access.paths.map((path) => resolve("/", path)) : []
  const known = yield* recall(decisionKey(given), PermissionDecided)
  if (Option.isSome(known)) {
    const settled = yield* settle(given, known.value)
    return decided(settled, touching(yield* tools.access(settled.call)))
  }
  const hooked = yield* CallHooks.before({ sessionId, turnId }, given.call)
  const call = { ...given, call: hooked.call }
  const access = yield* tools.access(call.call)
  const touches = touching(access)
  const describe = yield* tools.describe(call.call)
  const name = yield* tools.nameOf(call.call)
  const decision = withVerdict(yield* permission.decide({ sessionId, tool: name, access, describe }), hooked, {
    access,
    describe
  })
  if (decision._tag === "Ask") return { _tag: "Asking", call, access, decision, hooked, touches } satisfies Decided
  const isSilent = hooked.arguments === undefined && hooked.context === undefined
  if (decision._tag === "Allow" && decision.isRoutine && isSilent) return decided(call, touches)
  const of = {
    turnId,
    itemId: call.itemId,
    rule: decision.rule,
    by: "rule" as const,
    ...defined({ arguments: hooked.arguments, context: hooked.context })
  }
  const event = decision._tag === "Allow"
    ? PermissionDecided.make({ ...of, decision: "allowed", ...defined({ agreed: versionOf(access) }) })
    : PermissionDecided.make({
      ...of,
      decision: "denied",
      ...defined({ reason: decision.reason, advice: decision.advice })
    })
  const settled = yield* settle(call, yield* step(decisionKey(call), PermissionDecided, Effect.succeed(event)))
  return decided(settled, touches)
})

/** A hook can make less of what the rules and the mode allow, and can answer what only the mode asks. */
const withVerdict = (
  decision: Decision,
  { verdict: { decision: wanted, reason } }: Hooked,
  about: { readonly access: Access; readonly describe: string }
): Decision => {
  if (decision._tag === "Deny" || wanted === undefined) return decision
  switch (wanted) {
    case "deny":
      return { _tag: "Deny", rule: "hook", reason: reason ?? HookTexts.refused }
    case "ask":
      return decision._tag === "Ask" ? decision : {
        _tag: "Ask",
        rule: "hook",
        isByMode: false,
        question: questionOf(about.access, about.describe),
        reason: reason ?? HookTexts.asks,
        scopes: []
      }
    case "allow":
      return decision._tag === "Ask" && decision.isByMode ? { _tag: "Allow", rule: "hook", isRoutine: false } : decision
  }
}

/** The key of the decision about a call. */
export const decisionKey = ({ key }: Pick<Admitted, "key">): string => `${key}/permission`

const settle = (given: Admitted, decided: PermissionDecided): Effect.Effect<Permitted, never, ToolExecutor> =>
  Effect.map(CallHooks.recalled(given.call, decided.arguments), (call) =>
    decided.decision === "allowed"
      ? { ...given, call, agreed: decided.agreed, context: decided.context }
      : { ...given, call, refusal: Refusals.notPermitted(decided) })

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
  return yield* settle(call, decided)
})

const askPerson = Effect.fnUntraced(function*(
  { asking, sessionId, turnId }: Options,
  { access, call: { call: written, itemId }, decision, hooked }: Asking,
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
  const of = {
    turnId,
    itemId,
    rule,
    by: "person" as const,
    ...defined({ arguments: hooked.arguments, context: hooked.context })
  }
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
 * Asks the approver whether a command may run again and write what its sandbox has refused it, and remembers what is
 * allowed for the whole session. Nobody is asked about what may not be written by a person's word alone: by a rule, by the
 * mode, or because of what it is.
 *
 * @since 0.1.0
 * @category permitting
 */
export const askToWrite = Effect.fnUntraced(function*(
  { asking, sessionId, turnId }: Options,
  { call, itemId, key }: Pick<Admitted, "call" | "itemId" | "key">,
  { command, paths, workdir }: RefusedWrite
) {
  const permission = yield* Permission
  const { step } = yield* Step
  const tool = yield* Effect.flatMap(ToolExecutor, (tools) => tools.nameOf(call))
  if (!(yield* mayWrite(sessionId, paths))) return Option.none<Answer>()
  const scopes = permission.granted === undefined ? [] : Grants.ofWritable(paths)
  const question = questionOf({ kind: "run", command, workdir }, "")
  const about = {
    question: Refusals.again(question, paths),
    subject: { _tag: "Command", command, workdir, writable: paths } as const,
    reason: Refusals.sandboxRefused(paths),
    scopes,
    rule: "sandbox"
  }
  const answer = yield* put(
    asking,
    { ...about, _tag: "PermissionRequested", turnId, itemId, call },
    { ...about, sessionId, itemId, tool, text: about.question }
  )
  if (Option.isNone(answer)) return answer
  const given = answer.value
  const [scope] = given._tag === "Always" ? scopes : []
  const of = { turnId, itemId, rule: about.rule, by: "person" as const }
  const decided = yield* step(
    `${key}/writable`,
    PermissionDecided,
    Effect.succeed(
      given._tag === "No"
        ? PermissionDecided.make({
          ...of,
          decision: "denied",
          reason: Refusals.userSaidNo,
          ...defined({ words: given.words?.trim() || undefined })
        })
        : PermissionDecided.make({
          ...of,
          decision: "allowed",
          ...defined({ scope: scope?.kind, grants: scope?.grants })
        })
    )
  )
  yield* permission.remember(sessionId, decided.grants ?? [])
  return answer
})

/** Whether nothing but a person's word is in the way of writing paths. */
const mayWrite = Effect.fnUntraced(function*(sessionId: string, paths: ReadonlyArray<string>) {
  const permission = yield* Permission
  const access: Access = { kind: "write", paths }
  return yield* Effect.every(
    writers,
    (tool) =>
      Effect.map(
        permission.decide({ sessionId, tool, access, describe: "" }),
        (decision) => decision._tag !== "Deny"
      )
  )
})

/** A rule that keeps one of them from a file means the file. */
const writers = ["bash", "write", "edit", "apply_patch"]

/**
 * The paths that a person has let the commands of a session write, as far as nothing else is in the way by now.
 *
 * @since 0.1.0
 * @category permitting
 */
export const writable = Effect.fnUntraced(function*(sessionId: string) {
  const permission = yield* Permission
  const granted = permission.granted === undefined ? [] : Grants.writable(yield* permission.granted(sessionId))
  return yield* Effect.filter(granted, (path) => mayWrite(sessionId, [path]))
})

/**
 * Whether somebody is there to be asked about what need not be asked.
 *
 * @since 0.1.0
 * @category permitting
 */
export const isSomebodyThere = Effect.map(
  Effect.all([Approver, Permission]),
  ([{ isThere }, { inForce }]) => isThere ?? inForce?.permission === "ask"
)

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
  if (access.kind === "run") {
    const { command, stays, workdir } = access
    return { _tag: "Command", command, workdir, ...(stays === true ? { stays } : {}) }
  }
  return preview === undefined
    ? { _tag: "Call", arguments: argument(call) }
    : { _tag: "Changes", changes: preview.changes }
}
