/**
 * The HTTP API of a server of sessions, as a value: its handlers, its document and its client are made of it. Nothing
 * here needs more than a browser has.
 *
 * @since 0.1.0
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { version } from "../internal/version.ts"
import { Item } from "../responses/Item.ts"
import * as SessionJson from "../session/SessionJson.ts"
import * as ApiError from "./ApiError.ts"

/** A misspelt field would go unnoticed. */
const exactly = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).annotations({ parseOptions: { onExcessProperty: "error" } })

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const Positive = Schema.Int.pipe(Schema.positive())

/**
 * A new session. Without a folder it works in that of the server, and without a model it asks the usual one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const NewSession = exactly({
  workspace: optional(Schema.NonEmptyString),
  model: optional(Schema.NonEmptyString),
  title: optional(Schema.NonEmptyString)
}).annotations({ identifier: "NewSession" })

/**
 * A session in the list of a server. `asking` says that a turn of it waits for an answer.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ServedSession = Schema.Struct({
  ...SessionJson.Session.fields,
  asking: Schema.optional(Schema.Literal(true))
})

/**
 * How much a turn may do; `time` is in seconds, `cost` in US dollars.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Limits = exactly({
  steps: optional(Positive),
  tool_calls: optional(Schema.NonNegativeInt),
  calls_per_response: optional(Positive),
  tokens: optional(Positive),
  cost: optional(Schema.Positive),
  time: optional(Schema.Positive.pipe(Schema.lessThan(2 ** 31 / 1000)))
}).annotations({ identifier: "Limits" })

/**
 * A new turn. `input` is a text, or items as the Responses API has them. The same `key` again is the same turn.
 *
 * @since 0.1.0
 * @category schemas
 */
export const NewTurn = exactly({
  input: Schema.Union(Schema.NonEmptyTrimmedString, Schema.NonEmptyArray(Item)),
  key: optional(Schema.NonEmptyString.pipe(Schema.maxLength(256))),
  model: optional(Schema.NonEmptyString),
  limits: optional(Limits)
}).annotations({ identifier: "NewTurn" })

/**
 * The answer to a question about a call. `scope` is how far an "always" reaches, the least by default; `words` are told to
 * the model with a "no".
 *
 * @since 0.1.0
 * @category schemas
 */
export const Answer = exactly({
  answer: Schema.Literal("yes", "always", "no"),
  scope: optional(Schema.Literal("command", "files", "folder", "tool")),
  words: optional(Schema.String)
}).annotations({ identifier: "Answer" })

/** A part of a message of the AI SDK; others are passed over. */
const UiPart = Schema.Struct({
  type: Schema.String,
  text: Schema.optional(Schema.String),
  mediaType: Schema.optional(Schema.String),
  url: Schema.optional(Schema.String),
  approval: Schema.optional(Schema.Struct({
    id: Schema.String,
    approved: Schema.optional(Schema.Boolean),
    reason: Schema.optional(Schema.String)
  }))
})

/**
 * What `useChat` of the AI SDK sends: `id` is that of the session. Of the messages the last one counts: those before it are
 * in the log of the session.
 *
 * @since 0.1.0
 * @category schemas
 */
export const UiChat = Schema.Struct({
  id: Schema.NonEmptyString,
  messages: Schema.NonEmptyArray(
    Schema.Struct({
      id: Schema.optional(Schema.String),
      role: Schema.Literal("system", "user", "assistant"),
      parts: Schema.Array(UiPart)
    })
  ),
  trigger: Schema.optional(Schema.String),
  model: Schema.optional(Schema.NonEmptyString),
  limits: Schema.optional(Limits)
}).annotations({ identifier: "UiChat" })

/** @since 0.1.0 @category schemas */
export const SessionId = Schema.Struct({ session_id: Schema.String })

/** @since 0.1.0 @category schemas */
export const TurnId = Schema.Struct({ session_id: Schema.String, turn_id: Schema.String })

/** It is done, or will be soon, whether or not the caller waits. */
const accepted = { status: 202 } as const

/**
 * Checks the token of a call.
 *
 * @since 0.1.0
 * @category services
 */
export class Authorization extends HttpApiMiddleware.Tag<Authorization>()("effixir/server/Api/Authorization", {
  failure: ApiError.at(401, "The token is missing or wrong"),
  security: { bearer: HttpApiSecurity.bearer }
}) {}

const session = HttpApiSchema.param("session", Schema.String)

/** Sessions: what `effixir sessions` does. */
const sessions = HttpApiGroup.make("sessions")
  .add(HttpApiEndpoint.post("create", "/").setPayload(NewSession).addSuccess(SessionId, { status: 201 }))
  .add(
    HttpApiEndpoint.get("list", "/")
      .setUrlParams(Schema.Struct({ workspace: Schema.optional(Schema.String) }))
      .addSuccess(Schema.Struct({ sessions: Schema.Array(ServedSession) }))
  )
  .add(HttpApiEndpoint.get("get")`/${session}`.addSuccess(SessionJson.SessionDetails))
  .add(
    HttpApiEndpoint.del("remove")`/${session}`.addSuccess(Schema.Struct({ deleted: Schema.Array(Schema.String) }))
  )

/** What happens in a session. */
const turns = HttpApiGroup.make("turns")
  .add(
    HttpApiEndpoint.post("start")`/${session}/turns`.setPayload(NewTurn).addSuccess(TurnId, accepted)
  )
  .add(
    HttpApiEndpoint.get("events")`/${session}/events`
      .setUrlParams(Schema.Struct({ after: Schema.optional(Schema.NumberFromString.pipe(Schema.nonNegative())) }))
      .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
      .annotate(
        OpenApi.Description,
        "The events of the session, as server-sent events: those after the number `after`, or `Last-Event-ID`, and then " +
          "each as it happens. `data` is a line as `effixir --json` prints it, `id` its number; what is in no log, such " +
          "as a piece of a text, has no id."
      )
  )
  .add(
    HttpApiEndpoint.post("interrupt")`/${session}/interrupt`.addSuccess(
      Schema.Struct({ session_id: Schema.String, turn_id: Schema.NullOr(Schema.String) }),
      accepted
    )
  )
  .add(
    HttpApiEndpoint.post("steer")`/${session}/steer`
      .setPayload(exactly({ text: Schema.NonEmptyTrimmedString }))
      .addSuccess(TurnId, accepted)
  )
  .add(
    HttpApiEndpoint.post("answer")`/${session}/permissions/${HttpApiSchema.param("item", Schema.String)}`
      .setPayload(Answer)
      .addSuccess(SessionId, accepted)
  )

const uiMessages = HttpApiSchema.Text({ contentType: "text/event-stream" })

/** Turns for front ends that are made with the AI SDK. */
const ui = HttpApiGroup.make("ui")
  .add(
    HttpApiEndpoint.post("chat", "/").setPayload(UiChat).addSuccess(uiMessages).annotate(
      OpenApi.Description,
      "Begins a turn with the last message, or answers the questions that it has answers to, and streams the turn up to its " +
        "end or its next question, as UI messages of the AI SDK."
    )
  )
  .add(
    HttpApiEndpoint.get("stream")`/${session}/stream`.addSuccess(uiMessages).addSuccess(HttpApiSchema.NoContent)
      .annotate(OpenApi.Description, "Streams the turn that runs from its start; 204 if none runs.")
  )

const health = HttpApiGroup.make("health", { topLevel: true }).add(
  HttpApiEndpoint.get("health", "/health").addSuccess(Schema.Struct({ ok: Schema.Literal(true) }))
)

/**
 * The API.
 *
 * @since 0.1.0
 * @category api
 */
export class Api extends HttpApi.make("effixir")
  .add(sessions.prefix("/v1/sessions").middleware(Authorization))
  .add(turns.prefix("/v1/sessions").middleware(Authorization))
  .add(ui.prefix("/v1/ui").middleware(Authorization))
  .add(health)
  .addError(ApiError.at(400, "The call is not as this document says"))
  .addError(ApiError.at(403, "It comes from a page of somebody else, or by a name that is not this server's"))
  .addError(ApiError.at(404, "There is no such session, or question"))
  .addError(ApiError.at(409, "Not in the present state of the session"))
  .addError(ApiError.at(413, "The body is too large"))
  .addError(ApiError.at(429, "As many turns run as may; `Retry-After` says when to come back"))
  .addError(ApiError.at(500, "The server has failed"))
  .addError(ApiError.at(503, "The server ends, or its account cannot be used"))
  .annotate(OpenApi.Title, "effixir")
  .annotate(OpenApi.Version, version)
  .annotate(OpenApi.Description, "Sessions of agents that work in folders of this machine.")
{}
