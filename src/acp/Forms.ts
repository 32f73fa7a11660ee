/**
 * What MCP servers ask a person, asked by a client that can show it.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import type { UnknownException } from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Elicitation from "../tools/mcp/Elicitation.ts"
import type { Asking } from "../tools/permission/Approver.ts"

/**
 * Nothing of it where the client has not said that it can. `request` sends what it is given for the session.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  can: Acp.ElicitationCapabilities | null | undefined,
  request: (
    ask: (sessionId: string) => Acp.CreateElicitationRequest
  ) => Effect.Effect<Acp.CreateElicitationResponse, UnknownException>
): Pick<Asking, "fill" | "visit"> => ({
  ...can?.form == null ? {} : {
    fill: (form) =>
      answered(request((sessionId) => ({
        mode: "form",
        sessionId,
        message: said(form),
        requestedSchema: Elicitation.schemaOf(form)
      })))
  },
  ...can?.url == null ? {} : {
    visit: (page) =>
      answered(request((sessionId) => ({
        mode: "url",
        sessionId,
        message: said(page),
        url: page.url,
        elicitationId: `${page.server}/${page.id}`
      })))
  }
})

/** The client shows who asks nowhere else. */
const said = ({ message, server }: { readonly message: string; readonly server: string }): string =>
  `The MCP server ${server} asks: ${message}`

/** A client that cannot answer has not answered. */
const answered = (
  response: Effect.Effect<Acp.CreateElicitationResponse, UnknownException>
): Effect.Effect<Elicitation.Answer> =>
  Effect.match(response, {
    onFailure: () => Elicitation.cancel,
    onSuccess: (answer): Elicitation.Answer => {
      switch (answer.action) {
        case "accept":
          return { _tag: "Accept", content: Predicate.isReadonlyRecord(answer["content"]) ? answer["content"] : {} }
        case "decline":
          return Elicitation.decline
        default:
          return Elicitation.cancel
      }
    }
  })
