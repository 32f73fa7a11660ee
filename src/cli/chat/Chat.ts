/**
 * A conversation: takes what a person says, runs the turns of a session, and shows what happens. How it is shown, and
 * how words come in, is the business of its {@link Front}.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type AgentError, toTurnFailed } from "../../agent/AgentError.ts"
import { type AgentEvent, type Delta, fromStored } from "../../agent/AgentEvent.ts"
import * as Inbox from "../../agent/Inbox.ts"
import { prose } from "../../internal/visible.ts"
import type { Undo } from "../../node/session/Undo.ts"
import * as GitBranch from "../../node/workspace/GitBranch.ts"
import { RateLimits } from "../../responses/account/RateLimits.ts"
import { isMessage, type Item, text as textOf, userMessage } from "../../responses/Item.ts"
import * as Usage from "../../responses/Usage.ts"
import { endsTurn, type Stored, TurnFailed, TurnInterrupted } from "../../session/SessionEvent.ts"
import { toTitle } from "../../session/Summary.ts"
import type * as ExitCode from "../ExitCode.ts"
import * as Image from "../image.ts"
import type { Interruption } from "../Interruption.ts"
import type { Screen } from "../Screen.ts"
import type { ChatSession } from "./ChatSession.ts"
import * as Conversation from "./Conversation.ts"
import type { Front } from "./Front.ts"
import * as ImagePaths from "./imagePaths.ts"
import type { InputHistory } from "./InputHistory.ts"
import * as OwnCommand from "./ownCommand.ts"
import { wrapped } from "./rows.ts"
import * as Slash from "./slash/table.ts"

/** What a conversation needs of the program. */
export type Services = FileSystem.FileSystem | Path.Path | Screen | Interruption

/** How many inputs may wait while a turn runs. */
const maxWaiting = 64

/** How many of the last turns are shown when an old session goes on. */
const turnsShown = 3

export interface Chat {
  readonly session: ChatSession
  readonly front: Front
  readonly history: InputHistory
  readonly undo: Undo
  /** Takes a line, a command or a prompt. While a turn runs, it hears a prompt at its next step, or when it would end. */
  readonly submit: (text: string, kind: "steer" | "followUp") => Effect.Effect<void, never, Services>
  /** Stops what runs; whether anything did. */
  readonly interrupt: Effect.Effect<boolean>
  /** Tells a person something, in words. */
  readonly say: (sentence: string) => Effect.Effect<void>
  /** Sends a prompt that the person has asked for with what they `typed`, which is shown in its place. */
  readonly send: (typed: string, prompt: string) => Effect.Effect<void, never, Services>
  /** Sends what a server has written, which `typed` has asked for. No file that it names is sent along. */
  readonly sendFrom: (typed: string, parts: ReadonlyArray<Item>) => Effect.Effect<void, never, Services>
  /** The model hears this with the next prompt. */
  readonly note: (text: string) => void
  /** Shows the end of a session that is there already, as the one that goes on. */
  readonly show: (log: ReadonlyArray<Stored>) => Effect.Effect<void>
  /** The conversation is so long now, in tokens. */
  readonly compacted: (tokens: number) => Effect.Effect<void>
  /** Forgets what was said, as the session is another one. */
  readonly forget: Effect.Effect<void>
  readonly state: () => State
}

/** What is shown beside the conversation. */
export interface State {
  /** What runs, and since when. */
  readonly work: { readonly name: string; readonly since: number; readonly isTurn: boolean } | undefined
  /** What the model hears later. */
  readonly waiting: ReadonlyArray<{ readonly kind: "steer" | "followUp"; readonly text: string }>
  /** What is not shown for good yet. */
  readonly live: (now: number) => ReadonlyArray<string>
  readonly context: { readonly tokens: number; readonly window: number | null } | undefined
  readonly usage: Usage.Usage
  /** The last answer. */
  readonly answer: string
  readonly model: string | undefined
  readonly branch: string | undefined
  /** The windows of the plan, and how much of them is used. */
  readonly windows: ReadonlyArray<{ readonly minutes: number; readonly usedPercent: number }>
}

export const make = Effect.fnUntraced(function*(
  { front, history, images: given = [], session, undo }: Pick<Chat, "front" | "history" | "session" | "undo"> & {
    /** They go along with the first prompt. */
    readonly images?: ReadonlyArray<Item>
  }
) {
  const scope = yield* Effect.scope
  const inbox = yield* Inbox.make(maxWaiting)
  let conversation = begin(front)
  let work: (NonNullable<State["work"]> & { readonly fiber: Fiber.RuntimeFiber<void> }) | undefined
  let waiting: State["waiting"] = []
  let notes: ReadonlyArray<string> = []
  let attached = given
  let context: State["context"]
  let usage = Usage.zero
  let answer = ""
  let model: string | undefined
  let lastSeq = 0
  let branch: string | undefined
  let windows: State["windows"] = []
  let hasHistoryFailed = false
  let isNoteLast = true

  /** Notes stand apart from what was said and done. */
  const say = (sentence: string) =>
    Effect.suspend(() => {
      const rows = wrapped(prose(sentence), front.columns())
      const all = isNoteLast ? rows : ["", ...rows]
      isNoteLast = true
      return front.print(all)
    })

  const seeWaiting = Effect.map(inbox.pending, (pending) => {
    waiting = pending.map(({ input, kind }) => ({ kind, text: said(input) }))
  })

  /** Follows an event for what is shown beside the conversation. */
  const follow = (event: AgentEvent) => {
    lastSeq = Math.max(lastSeq, event.seq)
    switch (event._tag) {
      case "TurnStarted":
        model = event.model
        return
      case "ModelResponded": {
        const { inputTokens, outputTokens } = event.usage
        model = event.model
        usage = Usage.add(usage, event.usage)
        context = { tokens: inputTokens + outputTokens, window: context?.window ?? null }
        return
      }
      case "Compacted":
        context = { tokens: event.afterTokens, window: context?.window ?? null }
        return
      case "TurnCompleted":
        context = event.context ?? context
        answer = event.answer
    }
  }

  const show = Effect.fnUntraced(function*(event: AgentEvent, isEchoed = false) {
    follow(event)
    const rows = yield* conversation.add(event, isEchoed)
    if (rows.length > 0) {
      const isApart = rows[0] === "" || !isNoteLast
      isNoteLast = false
      yield* front.print(isApart ? rows : ["", ...rows])
    }
    if (event._tag === "InputAdded" || endsTurn(event)) yield* seeWaiting
    yield* front.refresh
  })

  /** Looks at what a turn may have changed. */
  const look = Effect.gen(function*() {
    branch = yield* GitBranch.of(session.asked().folder)
    const limits = yield* Effect.orElseSucceed(
      session.use(Effect.flatMap(RateLimits, ({ latest }) => latest.get)),
      Option.none
    )
    // The first limit is that of the plan; others are of single models.
    windows = Option.match(limits, { onNone: () => [], onSome: ({ limits }) => limits[0]?.windows ?? [] })
    yield* front.refresh
  })

  /** An interruption ends the stream before the last events; they are in the log. */
  const showRest = Effect.gen(function*() {
    const before = lastSeq
    const rest = yield* Effect.orElseSucceed(session.eventsAfter(before), () => [])
    yield* Effect.forEach(rest.filter(({ seq }) => seq > before).map(fromStored), (event) => show(event), {
      discard: true
    })
    return rest.some(({ event, seq }) => seq > before && endsTurn(event))
  })

  /** Shows how it has ended also if it is interrupted. */
  const turn = (prompt: ReadonlyArray<Item>, isTyped: boolean, typed?: string) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        let hasEnded = false
        let hasCompleted = false
        const denied = new Set<string>()
        yield* undo.begin(session.asked().session, toTitle(said(prompt)))
        const exit = yield* Effect.exit(restore(Stream.runForEachChunk(session.run(prompt, inbox), (events) =>
          Effect.forEach(joined(events), (event) =>
            Effect.gen(function*() {
              hasEnded ||= endsTurn(event)
              hasCompleted ||= event._tag === "TurnCompleted"
              if (event._tag === "TurnStarted") {
                yield* session.began
              }
              if (event._tag === "PermissionDecided" && event.decision === "denied") {
                denied.add(event.itemId)
              }
              if (event._tag === "ToolStarted" && event.call.name === "bash" && !denied.has(event.itemId)) {
                yield* undo.ran
              }
              const shown = event._tag === "TurnStarted" && typed !== undefined
                ? { ...event, input: [userMessage(typed)] }
                : event
              yield* show(shown, isTyped && front.hasEcho)
            }), { discard: true }))))
        if (Exit.isFailure(exit) && !hasEnded && !(yield* showRest)) {
          const end = Cause.isInterruptedOnly(exit.cause)
            ? TurnInterrupted.make({ turnId: "", reason: "cancelled" })
            : failureOf(exit.cause)
          yield* show({ ...end, seq: lastSeq + 1, at: yield* DateTime.now })
        }
        // What came as it completed makes the next turn: see `sendLate`.
        if (!hasCompleted) {
          yield* giveBack
        }
        yield* look
      })
    )

  /** What no turn has heard goes back to where it was typed. */
  const giveBack = Effect.gen(function*() {
    const left = yield* inbox.pending
    if (left.length === 0) return
    yield* Effect.forEach(left, inbox.remove, { discard: true })
    yield* seeWaiting
    yield* front.give(left.map(({ input }) => said(input)).join("\n"))
  })

  /** Runs something beside the input, one thing at a time. */
  const start = <R>(
    name: string,
    isTurn: boolean,
    run: Effect.Effect<void, never, R>
  ): Effect.Effect<void, never, R | Services> =>
    Effect.gen(function*() {
      const since = yield* Clock.currentTimeMillis
      const ended = Effect.suspend(() => {
        work = undefined
        return Effect.zipRight(front.refresh, isTurn ? sendLate : Effect.void)
      })
      const fiber = yield* Effect.forkIn(Effect.ensuring(Effect.interruptible(run), ended), scope)
      if (fiber.unsafePoll() === null) work = { name, since, isTurn, fiber }
      yield* front.refresh
    })

  /** What came while a turn was ending makes the next one. */
  const sendLate = Effect.suspend(() =>
    Effect.gen(function*() {
      const late = yield* inbox.pending
      if (late.length === 0) return
      yield* Effect.forEach(late, inbox.remove, { discard: true })
      yield* seeWaiting
      yield* start("working", true, turn(late.flatMap(({ input }) => input), false))
    })
  )

  const remember = (text: string) =>
    Effect.catchAll(history.add(text), (problem) =>
      Effect.suspend(() => {
        if (hasHistoryFailed) return Effect.void
        hasHistoryFailed = true
        return say(problem)
      }))

  /** The prompt with its images, and with what the model is to hear besides. */
  const itemsOf = Effect.fnUntraced(function*(prompt: string) {
    const images = yield* Effect.forEach(
      yield* ImagePaths.inText(prompt, session.asked().folder),
      (path) =>
        Effect.catchAll(Effect.map(Image.read(path), (image) => [image]), ({ message }) => Effect.as(say(message), []))
    )
    return withRest((rest) => Image.message(prompt, [...rest, ...images.flat()]))
  })

  const withRest = (message: (attached: ReadonlyArray<Item>) => Item): ReadonlyArray<Item> => {
    const items = [...notes.map((note) => userMessage(note)), message(attached)]
    notes = []
    attached = []
    return items
  }

  const prompted = Effect.fnUntraced(function*(
    prompt: string,
    kind: "steer" | "followUp",
    { isTyped = false, parts, typed }: {
      readonly isTyped?: boolean
      readonly parts?: ReadonlyArray<Item>
      readonly typed?: string
    } = {}
  ) {
    const items = parts === undefined
      ? yield* itemsOf(prompt)
      : withRest((rest) => ({ ...userMessage(""), content: [...parts, ...rest] }))
    if (work === undefined) return yield* start("working", true, turn(items, isTyped || typed !== undefined, typed))
    if (!work.isTurn) {
      yield* front.give(prompt)
      return yield* say(`Wait until ${work.name} has ended, or stop it with Esc.`)
    }
    yield* Effect.catchAll(inbox[kind](items), ({ message }) => Effect.zipRight(front.give(prompt), say(message)))
    yield* seeWaiting
    yield* front.refresh
  })

  const submit: Chat["submit"] = Effect.fnUntraced(function*(given, kind) {
    const text = given.trim()
    if (text === "") return
    yield* remember(text)
    if (given.startsWith("!")) {
      const command = text.slice(1).trim()
      if (command === "") return yield* say("Say which command to run: !git status")
      if (work !== undefined) return yield* say(busy(`!${command}`))
      return yield* start(`!${toTitle(command)}`, false, OwnCommand.run(chat, command))
    }
    // A space before it makes a prompt of a command.
    const found = /^\s/.test(given) ? undefined : yield* Slash.find(chat, text)
    if (found === undefined) return yield* prompted(text, kind, { isTyped: true })
    if (found._tag === "Problem") return yield* say(found.problem)
    if (work !== undefined && !found.command.worksAlongside) return yield* say(busy(`/${found.command.name}`))
    const run = Effect.catchAll(found.command.run(chat, found.words), ({ message }) => say(message))
    // A command beside a turn is short.
    yield* work === undefined ? start(`/${found.command.name}`, false, run) : Effect.forkIn(run, scope)
  })

  const busy = (what: string) =>
    `${what} waits for the end of ${
      work?.isTurn === true ? "the turn" : work?.name
    }: stop it with Esc, or try again later.`

  /** What a command sends is sent when the command has ended. */
  const afterCommand = <R>(sending: Effect.Effect<void, never, R>) =>
    Effect.suspend(() => work === undefined || work.isTurn ? Effect.void : Fiber.await(work.fiber)).pipe(
      Effect.zipRight(sending),
      Effect.forkIn(scope),
      Effect.asVoid
    )

  const chat: Chat = {
    session,
    front,
    history,
    undo,
    submit: (text, kind) =>
      Effect.catchAllDefect(
        submit(text, kind),
        (defect) => say(`Something went wrong inside effixir: ${String(defect)}`)
      ),
    interrupt: Effect.suspend(() => {
      if (work === undefined) return Effect.succeed(false)
      const { fiber } = work
      return Effect.as(Fiber.interruptFork(fiber), true)
    }),
    say,
    send: (typed, prompt) => afterCommand(prompted(prompt, "steer", { typed })),
    sendFrom: (typed, parts) => afterCommand(prompted(typed, "steer", { parts })),
    note: (text) => {
      notes = [...notes, text]
    },
    show: Effect.fnUntraced(function*(log) {
      const starts = log.flatMap(({ event }, at) => event._tag === "TurnStarted" ? [at] : [])
      const from = starts.at(-turnsShown) ?? 0
      const earlier = Math.max(0, starts.length - turnsShown)
      if (earlier > 0) yield* say(`… ${earlier} earlier ${earlier === 1 ? "turn" : "turns"}: /history shows all`)
      for (const stored of log.slice(0, from)) follow(fromStored(stored))
      for (const stored of log.slice(from)) yield* show(fromStored(stored))
      usage = Usage.zero
      // A turn that was cut off is not running now.
      if (!log.some(({ event }, at) => at >= (starts.at(-1) ?? 0) && endsTurn(event))) conversation = begin(front)
    }),
    compacted: (tokens) =>
      Effect.suspend(() => {
        context = { tokens, window: context?.window ?? null }
        return front.refresh
      }),
    forget: Effect.suspend(() => {
      conversation = begin(front)
      notes = []
      context = undefined
      usage = Usage.zero
      answer = ""
      model = undefined
      lastSeq = 0
      return front.refresh
    }),
    state: () => ({
      work,
      waiting,
      live: conversation.live,
      context,
      usage,
      answer,
      model: session.model() ?? model,
      branch,
      windows
    })
  }
  yield* look
  return chat
})

const begin = (front: Front) => Conversation.make({ width: front.columns, colors: front.hasColors, hint: front.hint })

/** What a person has said, as it stands in items. */
const said = (items: ReadonlyArray<Item>): string =>
  items.filter((item) => isMessage(item) && item.role === "user").map(textOf).at(-1) ?? ""

/** Why a turn has failed that the log has no end of. */
const failureOf = (cause: Cause.Cause<AgentError | ExitCode.BadInput>): TurnFailed =>
  Either.match(Cause.failureOrCause(cause), {
    onLeft: (error) =>
      error._tag === "BadInput"
        ? TurnFailed.make({ turnId: "", kind: error._tag, message: error.message, retryable: false, details: {} })
        : toTurnFailed("", Cause.fail(error)),
    onRight: (defect) => toTurnFailed("", defect)
  })

/** Pieces of the same text that have come together are drawn together: each costs more than what is written in it. */
const joined = (events: Iterable<AgentEvent>): ReadonlyArray<AgentEvent> => {
  const all: Array<AgentEvent> = []
  for (const event of events) {
    const last = all.at(-1)
    if (
      isDelta(event) && last !== undefined && isDelta(last) && last._tag === event._tag && last.itemId === event.itemId
    ) {
      all[all.length - 1] = { ...event, delta: last.delta + event.delta }
    } else all.push(event)
  }
  return all
}

const isDelta = (event: AgentEvent): event is Extract<AgentEvent, Delta> =>
  event._tag === "TextDelta" || event._tag === "ReasoningDelta"
