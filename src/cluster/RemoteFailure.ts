/**
 * Why a turn on another machine has failed, as the errors that an agent has here.
 *
 * @internal
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type AgentError, HookStopped, PermissionNeeded } from "../agent/AgentError.ts"
import { decodingOption } from "../internal/decoding.ts"
import { ModelError, Reason } from "../responses/ModelError.ts"
import { SessionError } from "../session/SessionError.ts"
import { WorkspaceGone } from "../tools/workspace/Workspace.ts"

interface Told {
  readonly kind: string
  readonly message: string
  readonly details: { readonly [name: string]: unknown }
}

const reasonOf = decodingOption(Reason)
const needed = decodingOption(
  Schema.Struct({ session: Schema.String, tool: Schema.String, question: Schema.String, rule: Schema.String })
)
const stopped = decodingOption(Schema.Struct({ event: Schema.String, reason: Schema.String }))
const gone = decodingOption(Schema.Struct({ workspace: Schema.String }))
const sessionReason = decodingOption(SessionError.fields.reason)

/** What has no error of its own here is `Remote`, with what its runner has said. */
export const toAgentError = (session: string, { details, kind, message }: Told): AgentError => {
  const other = () => new SessionError({ reason: "Remote", session, detail: message })
  switch (kind) {
    case "PermissionNeeded":
      return Option.match(needed(details), {
        onNone: other,
        onSome: (fields) => new PermissionNeeded({ ...fields, isByMode: true })
      })
    case "HookStopped":
      return Option.match(stopped(details), { onNone: other, onSome: (fields) => new HookStopped(fields) })
    case "WorkspaceGone":
      return Option.match(gone(details), {
        onNone: other,
        onSome: ({ workspace }) => new WorkspaceGone({ root: workspace })
      })
  }
  const reason = sessionReason(kind.replace(/^Session/, ""))
  if (kind.startsWith("Session") && Option.isSome(reason)) {
    return new SessionError({ reason: reason.value, session, detail: message })
  }
  return Option.match(reasonOf({ _tag: kind, ...details }), {
    onNone: other,
    onSome: (reason) => new ModelError({ reason, detail: message })
  })
}
