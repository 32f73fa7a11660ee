/**
 * Why a run failed: as typed errors that a caller can act on, and as the plain event that ends a turn.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { AuthError } from "../auth/AuthClient.ts"
import { defined } from "../internal/json.ts"
import { line } from "../internal/visible.ts"
import { type ModelError, Reason } from "../responses/ModelError.ts"
import type { SessionError } from "../session/SessionError.ts"
import { TurnFailed } from "../session/SessionEvent.ts"
import type { WorkspaceGone } from "../tools/workspace/Workspace.ts"

/**
 * A call needs approval, and there is no approver to give it. The turn can resume with that very call. `isByMode` where
 * the mode asks, rather than a rule or the protection of paths that holds in every mode.
 *
 * @since 0.1.0
 * @category errors
 */
export class PermissionNeeded
  extends Schema.TaggedError<PermissionNeeded>("effixir/agent/AgentError/PermissionNeeded")("PermissionNeeded", {
    session: Schema.String,
    tool: Schema.String,
    question: Schema.String,
    rule: Schema.String,
    isByMode: Schema.Boolean
  })
{
  override get message(): string {
    const what = brief(line(this.question))
    const way = this.isByMode
      ? `without being asked: effixir resume ${this.session} --permission auto`
      : `with rules that allow it: effixir resume ${this.session} --policy FILE`
    return `Nobody is there to say whether this may be done (${this.rule}): ${what}. Go on at a terminal, or ${way}`
  }
}

/** A question may be long; the message says when it is cut. */
const brief = (question: string): string =>
  question.length > 300 ? `${question.slice(0, 300)}… (${question.length - 300} more characters)` : question

/**
 * A turn has ended without an answer that could be a value: at a limit, by an interruption, or because the program has
 * stopped it. `end` is the event that ended it. The session can go on.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unanswered extends Schema.TaggedError<Unanswered>("effixir/agent/AgentError/Unanswered")("Unanswered", {
  session: Schema.String,
  end: Schema.String
}) {
  override get message(): string {
    return `The turn has ended without an answer (${this.end}); session ${this.session} can go on`
  }
}

/**
 * A hook has ended the turn, or refused the prompt that would have begun it. `event` is where: `PreToolUse`, …
 *
 * @since 0.1.0
 * @category errors
 */
export class HookStopped
  extends Schema.TaggedError<HookStopped>("effixir/agent/AgentError/HookStopped")("HookStopped", {
    event: Schema.String,
    reason: Schema.String
  })
{
  override get message(): string {
    return `A hook (${this.event}) has stopped the turn: ${line(this.reason)}`
  }
}

/** @since 0.1.0 @category errors */
export type AgentError = ModelError | AuthError | SessionError | PermissionNeeded | WorkspaceGone | HookStopped

/**
 * The event that ends a turn with this failure. Of a defect it holds only the message.
 *
 * @example
 * ```ts
 * import * as Cause from "effect/Cause"
 * import { AgentError, SignedOut } from "effixir"
 *
 * const event = AgentError.toTurnFailed("turn_1", Cause.fail(new SignedOut.SignedOut({ reason: "NeverSignedIn" })))
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const toTurnFailed = (turnId: string, cause: Cause.Cause<AgentError>): TurnFailed =>
  Either.match(Cause.failureOrCause(cause), {
    onLeft: (error) => TurnFailed.make({ turnId, message: error.message, ...describe(error) }),
    onRight: (defect) =>
      TurnFailed.make({
        turnId,
        kind: "Defect",
        message: `Something went wrong inside effixir: ${messageOf(Cause.squash(defect))}`,
        retryable: false,
        details: {}
      })
  })

const describe = (error: AgentError): Pick<TurnFailed, "kind" | "retryable" | "details"> => {
  switch (error._tag) {
    case "ModelError": {
      const { _tag, ...reason } = encodeReason(error.reason)
      return {
        kind: _tag,
        retryable: error.isRetryable,
        details: {
          ...reason,
          ...defined({
            code: error.code,
            param: error.param,
            status: error.status,
            requestId: error.requestId,
            cfRay: error.cfRay
          })
        }
      }
    }
    case "SessionError":
      return { kind: `Session${error.reason}`, retryable: error.reason === "Busy", details: { session: error.session } }
    case "PermissionNeeded": {
      const { question, rule, session, tool } = error
      return { kind: error._tag, retryable: false, details: { session, tool, question, rule } }
    }
    case "HookStopped":
      return { kind: error._tag, retryable: false, details: { event: error.event, reason: error.reason } }
    case "WorkspaceGone":
      return { kind: error._tag, retryable: false, details: { workspace: error.root } }
    case "SignedOut":
      return { kind: error._tag, retryable: false, details: { reason: error.reason } }
    case "OAuthError":
      return { kind: error._tag, retryable: error.isTransient, details: { reason: error.reason } }
    case "ConfigError":
      return { kind: error._tag, retryable: false, details: { key: error.key } }
    case "CredentialStoreError":
      return { kind: error._tag, retryable: false, details: { location: error.location } }
  }
}

const encodeReason = (reason: typeof Reason.Type) => Schema.encodeSync(Reason)(reason)

const messageOf = (defect: unknown): string => defect instanceof Error ? defect.message : String(defect)
