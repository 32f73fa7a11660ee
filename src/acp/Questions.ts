/**
 * Asks the person at the client.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Approver from "../tools/permission/Approver.ts"
import * as Sdk from "../vendor/acp.ts"
import * as Forms from "./Forms.ts"
import type { Opened } from "./OpenSession.ts"
import * as Updates from "./Updates.ts"

/**
 * Cancelled questions wait for the end of the turn, which was cancelled with them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  agent: Acp.AgentContext,
  capabilities: Acp.ClientCapabilities,
  opened: Opened
): Approver.Asking => ({
  ...Forms.make(capabilities.elicitation, (ask) =>
    Effect.tryPromise((cancellationSignal) => {
      const open = opened()
      return open === undefined
        ? Promise.reject(new Error("no session"))
        : agent.request(Sdk.methods.client.elicitation.create, ask(open.conversation.id), { cancellationSignal })
    })),
  isThere: true,
  ask: ({ scopes }) =>
    Effect.gen(function*() {
      const open = opened()
      if (open === undefined) return Option.none()
      const requested = yield* open.questions.take
      const { folder, id } = open.conversation
      const answered = yield* Effect.option(Effect.tryPromise((cancellationSignal) =>
        agent.request(Sdk.methods.client.session.requestPermission, {
          sessionId: id,
          toolCall: Updates.asked(folder, requested),
          options: [
            { optionId: "once", name: "Yes, this once", kind: "allow_once" },
            ...scopes.map(({ allows, kind }): Acp.PermissionOption => ({
              optionId: `always ${kind}`,
              name: `Always in this session: ${allows.length === 0 ? "this very command" : allows.join(", ")}`,
              kind: "allow_always"
            })),
            { optionId: "no", name: "No", kind: "reject_once" }
          ]
        }, { cancellationSignal })
      ))
      if (Option.isNone(answered)) {
        return Option.none()
      }
      const { outcome } = answered.value
      if (outcome.outcome === "cancelled") {
        yield* open.cancel ?? Effect.void
        return yield* Effect.never
      }
      if (outcome.optionId === "once") {
        return Option.some(Approver.once)
      }
      const scope = scopes.find(({ kind }) =>
        outcome.optionId === `always ${kind}`
      )
      return Option.some(scope === undefined ? Approver.no() : Approver.always(scope.kind))
    })
})
