import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { AgentEvent } from "../../../src/agent/AgentEvent.ts"
import type { Inbox } from "../../../src/agent/Inbox.ts"
import * as Chat from "../../../src/cli/chat/Chat.ts"
import type { ChatSession } from "../../../src/cli/chat/ChatSession.ts"
import type { Front } from "../../../src/cli/chat/Front.ts"
import { Interruption } from "../../../src/cli/Interruption.ts"
import { Screen } from "../../../src/cli/Screen.ts"
import { isMessage, type Item, text, userMessage } from "../../../src/responses/Item.ts"
import * as Usage from "../../../src/responses/Usage.ts"
import { platform } from "../support.ts"

const turnId = "turn-1"
const now = { seq: 1, at: DateTime.unsafeMake(0) }
const completed: AgentEvent = {
  _tag: "TurnCompleted",
  turnId,
  answer: "",
  usage: Usage.zero,
  finishReason: "stop",
  ...now
}
const limited: AgentEvent = { _tag: "TurnLimited", turnId, limit: "steps", usage: Usage.zero, ...now }

/** A turn of it hears what comes behind its end. */
const sit = (end: AgentEvent) =>
  Effect.gen(function*() {
    const asked: Array<string> = []
    const given: Array<string> = []
    const session = {
      asked: () => ({ session: "s", folder: "/", isNew: false }),
      use: () => Effect.succeedNone,
      eventsAfter: () => Effect.succeed([]),
      began: Effect.void,
      model: () => "m",
      run: (input: ReadonlyArray<Item>, inbox: Inbox) => {
        asked.push(input.filter(isMessage).map(text).join())
        const late = asked.length === 1 ? Effect.orDie(inbox.steer([userMessage("late")])) : Effect.void
        return Stream.concat(Stream.make(end), Stream.drain(Stream.fromEffect(late)))
      }
    } as unknown as ChatSession
    const front = {
      columns: () => 80,
      hasColors: false,
      hasEcho: false,
      hint: "",
      print: () => Effect.void,
      refresh: Effect.void,
      give: (text: string) => Effect.sync(() => void given.push(text))
    } as unknown as Front
    const undo = { begin: () => Effect.void } as unknown as Chat.Chat["undo"]
    const chat = yield* Chat.make({
      session,
      front,
      undo,
      history: { inputs: () => [], add: () => Effect.void }
    })
    yield* chat.submit("first", "steer")
    yield* Effect.repeat(Effect.yieldNow(), { until: () => chat.state().work === undefined })
    return { asked, given }
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.mergeAll(
      platform,
      Layer.succeed(Screen, {} as unknown as typeof Screen.Service),
      Layer.succeed(Interruption, { signal: Effect.succeed(Option.none()) } as unknown as typeof Interruption.Service)
    ))
  )

it.live("What is said just as a turn completes makes the next one", () =>
  Effect.map(sit(completed), ({ asked, given }) => assert.deepStrictEqual([asked, given], [["first", "late"], []])))

it.live("What is said just as a turn ends otherwise is given back", () =>
  Effect.map(sit(limited), ({ asked, given }) => assert.deepStrictEqual([asked, given], [["first"], ["late"]])))
