/**
 * What each call of the API does.
 *
 * @since 0.1.0
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { linesOf } from "../agent/EventLines.ts"
import { defined, field, text } from "../internal/json.ts"
import { LongAnswer } from "../internal/LongAnswer.ts"
import type { Item } from "../responses/Item.ts"
import * as Picture from "../responses/Picture.ts"
import * as ContextSize from "../session/compaction/ContextSize.ts"
import * as LastTurn from "../session/LastTurn.ts"
import { SessionStarted, type Stored, TurnInterrupted } from "../session/SessionEvent.ts"
import * as SessionJson from "../session/SessionJson.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { descendantsOf } from "../session/Summary.ts"
import * as Approver from "../tools/permission/Approver.ts"
import { type Answer, Api, type Authorization, type Limits } from "./Api.ts"
import { EventFeeds } from "./EventFeeds.ts"
import { Questions } from "./Questions.ts"
import * as Refusal from "./Refusal.ts"
import { ServedAgents } from "./ServedAgents.ts"
import * as SessionId from "./SessionId.ts"
import { Turns } from "./Turns.ts"
import * as UiInput from "./UiInput.ts"
import * as UiMessageStream from "./UiMessageStream.ts"

const sessions = HttpApiBuilder.group(Api, "sessions", (handlers) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const agents = yield* ServedAgents
    const questions = yield* Questions
    const find = SessionId.finder(store)

    return handlers
      .handle("create", ({ payload: { model, title, workspace: named } }) =>
        Effect.gen(function*() {
          const workspace = yield* agents.workspace(named)
          return yield* Effect.mapError(
            store.create((session) =>
              Effect.as(
                session.append(
                  "session",
                  SessionStarted.make({
                    sessionId: session.id,
                    schemaVersion: 1,
                    ...defined({ workspace, title, model })
                  })
                ),
                { session_id: session.id }
              )
            ),
            Refusal.ofSession
          )
        }))
      .handle("list", ({ urlParams: { workspace } }) =>
        Effect.map(
          Effect.mapError(workspace === undefined ? store.list : store.listIn(workspace), Refusal.ofSession),
          (all) => {
            const asking = questions.sessions()
            // The others work for a call of one of these.
            const own = all.filter((one) => one.parent === null)
            return {
              sessions: own.map((one) => ({
                ...SessionJson.session(one),
                ...asking.has(one.id) ? { asking: true as const } : {}
              }))
            }
          }
        ))
      .handle("get", ({ path }) =>
        Effect.gen(function*() {
          const id = yield* find(path.session)
          const events = yield* Effect.mapError(store.read(id), Refusal.ofSession)
          const all = yield* Effect.mapError(store.list, Refusal.ofSession)
          const summary = all.find((one) => one.id === id)
          if (summary === undefined) return yield* Refusal.noSession(id)
          return SessionJson.details(summary, events, yield* ContextSize.ofLog(events, agents.window), all)
        }))
      .handle("remove", ({ path }) =>
        Effect.gen(function*() {
          const id = yield* find(path.session)
          yield* Effect.mapError(store.read(id), Refusal.ofSession)
          const all = yield* Effect.mapError(store.list, Refusal.ofSession)
          // What has worked for the session goes with it.
          const children = all.filter((one) => one.id === id).flatMap((one) => descendantsOf(one, all))
          const deleted = [id, ...children.map((one) => one.id)]
          yield* Effect.mapError(Effect.forEach(deleted, store.remove), Refusal.ofSession)
          return { deleted }
        }))
  }))

const turns = HttpApiBuilder.group(Api, "turns", (handlers) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const turns = yield* Turns
    const feeds = yield* EventFeeds
    const questions = yield* Questions
    const { respond } = yield* LongAnswer
    const find = SessionId.finder(store)

    const existing = (given: string) =>
      Effect.tap(find(given), (id) => Effect.mapError(store.read(id, Infinity), Refusal.ofSession))

    return handlers
      .handle("start", ({ path, payload: { input, key, limits, model } }) =>
        Effect.gen(function*() {
          const id = yield* find(path.session)
          if (typeof input !== "string") yield* checkPictures(input)
          const turn = yield* turns.start(id, { input, key, model, limits: limits && limitsOf(limits) })
          return { session_id: id, turn_id: turn }
        }))
      .handle("events", ({ path, request, urlParams }) =>
        Effect.gen(function*() {
          const id = yield* existing(path.session)
          const last = yield* lastEventId(request.headers["last-event-id"])
          const events = feeds.read(id, last ?? urlParams.after ?? 0)
          return yield* Effect.mapError(
            respond(events, {
              contentType: "text/event-stream",
              headers: { "cache-control": "no-store", "x-accel-buffering": "no" }
            }),
            Refusal.ofSession
          )
        }))
      .handle("interrupt", ({ path }) =>
        Effect.gen(function*() {
          const id = yield* existing(path.session)
          return { session_id: id, turn_id: Option.getOrNull(yield* turns.interrupt(id)) }
        }))
      .handle("steer", ({ path, payload: { text } }) =>
        Effect.gen(function*() {
          const id = yield* existing(path.session)
          return { session_id: id, turn_id: yield* turns.steer(id, text) }
        }))
      .handle("answer", ({ path: { item, session }, payload }) =>
        Effect.gen(function*() {
          const id = yield* existing(session)
          const isAsked = yield* questions.answer(id, item, answerOf(payload))
          return isAsked ? { session_id: id } : yield* Refusal.noQuestion(id, item)
        }))
  }))

const ui = HttpApiBuilder.group(Api, "ui", (handlers) =>
  Effect.gen(function*() {
    const store = yield* SessionStore
    const turns = yield* Turns
    const feeds = yield* EventFeeds
    const questions = yield* Questions
    const find = SessionId.finder(store)
    const logOf = (id: string) => Effect.mapError(store.read(id), Refusal.ofSession)

    /** What is told of a session; a question that has just been answered may still be told as open. */
    const streamed = (told: ReturnType<typeof feeds.read>, answered: ReadonlyArray<string> = []) => {
      const left = new Set(answered)
      const isTold = (line: unknown) => {
        // A call whose question is decided may ask another one.
        if (text(field(line, "type")) === "permission.decided") left.delete(text(field(line, "item_id")) ?? "")
        return text(field(line, "type")) !== "permission.requested" ||
          !left.has(text(field(field(line, "item"), "id")) ?? "")
      }
      return HttpServerResponse.stream(
        Stream.encodeText(UiMessageStream.fromFrames(told, isTold)),
        { headers: UiMessageStream.headers }
      )
    }

    /** A turn whose process has died, told to its end, which the next process that opens the session will note. */
    const ofDead = (session: string, after: number, turnId: string) =>
      Stream.concat(
        feeds.past(session, after),
        Stream.fromIterableEffect(Effect.map(DateTime.now, (at) => {
          const end = { ...TurnInterrupted.make({ turnId, reason: "crashed" }), seq: after, at }
          return linesOf(end, false).map((line) => `data: ${JSON.stringify(line)}\n\n`)
        }))
      )

    const startOf = (events: ReadonlyArray<Stored>, turn: string) =>
      (events.findLast(({ event }) => event._tag === "TurnStarted" && event.turnId === turn)?.seq ?? 1) - 1

    return handlers
      .handle("chat", ({ payload: { id: given, limits, messages, model, trigger } }) =>
        Effect.gen(function*() {
          const id = yield* find(given)
          const before = yield* logOf(id)
          const last = messages[messages.length - 1] ?? messages[0]
          if (last.role === "assistant") {
            const answers = UiInput.answers(last.parts)
            const isHeard = yield* Effect.forEach(answers, ({ answer, item }) => questions.answer(id, item, answer))
            return isHeard.includes(true)
              ? streamed(feeds.read(id, before.at(-1)?.seq ?? 0), answers.map(({ item }) => item))
              : yield* Refusal.noQuestion(id, "the last message")
          }
          const input = UiInput.input(last.parts)
          if (input === undefined) return yield* Refusal.badInput("The last message has neither a text nor a picture")
          yield* checkPictures([input])
          // A message that is sent once more is the same turn, unless its answer is to be another one.
          const key = trigger === "regenerate-message" ? undefined : last.id
          const turn = yield* turns.start(id, { input: [input], key, model, limits: limits && limitsOf(limits) })
          return streamed(feeds.read(id, startOf(yield* logOf(id), turn)))
        }))
      .handle("stream", ({ path }) =>
        Effect.gen(function*() {
          const id = yield* find(path.session)
          const events = yield* logOf(id)
          const turn = openTurn(events)
          if (turn === undefined) return HttpServerResponse.empty({ status: 204 })
          const after = startOf(events, turn)
          const isAlive = turns.isAlive(id, events)
          // It may have ended since its log was read.
          const isDead = !isAlive && openTurn(yield* logOf(id)) === turn && !turns.isAlive(id, events)
          return streamed(isDead ? ofDead(id, after, turn) : feeds.read(id, after))
        }))
  }))

/** The id of the turn that has no end in the log. */
const openTurn = (events: ReadonlyArray<Stored>): string | undefined =>
  Option.getOrUndefined(LastTurn.openTurn(events.map(({ event }) => event)))?.started.turnId

const health = HttpApiBuilder.group(
  Api,
  "health",
  (handlers) => handlers.handle("health", () => Effect.succeed({ ok: true as const }))
)

/**
 * The handlers of all calls.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<
  HttpApiGroup.ApiGroup<"effixir", "health" | "sessions" | "turns" | "ui">,
  never,
  Authorization | EventFeeds | Questions | ServedAgents | SessionStore | Turns
> = Layer.mergeAll(sessions, turns, ui, health)

/** One that no server of models takes would cost the turn a call. */
const checkPictures = (input: ReadonlyArray<Item>) => {
  const problem = Picture.problemIn(input)
  return problem === undefined
    ? Effect.void
    : Refusal.badInput(`A picture cannot be sent: ${problem}; give a png, jpeg, gif or webp`)
}

const limitsOf = ({ calls_per_response, cost, steps, time, tokens, tool_calls }: typeof Limits.Type) =>
  defined({
    steps,
    toolCalls: tool_calls,
    callsPerResponse: calls_per_response,
    tokens,
    cost,
    time: time === undefined ? undefined : Duration.seconds(time)
  })

const answerOf = ({ answer, scope, words }: typeof Answer.Type): Approver.Answer => {
  switch (answer) {
    case "yes":
      return Approver.once
    case "always":
      return Approver.always(scope)
    case "no":
      return Approver.no(words)
  }
}

const lastEventId = (header: string | undefined) => {
  if (header === undefined || header === "") return Effect.succeed(undefined)
  return /^\d{1,15}$/.test(header)
    ? Effect.succeed(Number(header))
    : Refusal.badInput("Last-Event-ID has to be the number of an event of this session")
}
