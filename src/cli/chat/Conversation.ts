/**
 * A conversation as a person reads it: a fold over the events of its turns, into rows that are printed for good and rows
 * that still change.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { AgentEvent, Delta } from "../../agent/AgentEvent.ts"
import { line, prose } from "../../internal/visible.ts"
import { isMessage, isReasoning, type Item, text as textOf } from "../../responses/Item.ts"
import { queryOf } from "../../responses/WebSearch.ts"
import { endsTurn, shownItems, type ToolStarted, type TurnEnd } from "../../session/SessionEvent.ts"
import { childLine } from "../render/call.ts"
import {
  compactedLine,
  cutLine,
  frames,
  grouped,
  limits,
  loadingLine,
  notCompactedLine,
  removedLine,
  retryLine
} from "../render/wording.ts"
import * as Card from "./Card.ts"
import type { Highlighter } from "./CodeLines.ts"
import { commandOf } from "./commandOf.ts"
import * as Markdown from "./Markdown.ts"
import { behind, bold, dim, type Row, span, toText, wrap } from "./StyledText.ts"

export interface Options {
  readonly width: () => number
  readonly colors: boolean
  /** Which key stops a turn, as it is told beside what the turn is doing. */
  readonly hint?: string
}

export interface Conversation {
  /**
   * Takes an event in, and gives the rows that are complete with it. They are printed for good. What the person has typed
   * is not shown again where it `isEchoed`.
   */
  readonly add: (event: AgentEvent, isEchoed?: boolean) => Effect.Effect<ReadonlyArray<string>>
  /** The rows that still change: what is being written, the calls that run, and for how long the turn has been at it. */
  readonly live: (now: number) => ReadonlyArray<string>
}

/** How much is kept of what a running call has printed, in characters. */
const maxPrinted = 4000

/** A longer prompt is shown by its first and its last rows: whoever has pasted it knows it. */
const maxSaid = { rows: 40, first: 20, last: 5 }

type Kind = "answer" | "thoughts" | "call" | "note" | "prompt"

export const make = ({ colors, hint, width }: Options): Conversation => {
  let last: Kind | undefined
  /** The text that is being written. */
  let open: { readonly kind: Kind; readonly itemId: string; readonly stream: Markdown.Stream; end: string } | undefined
  /** Whether rows of the open text have been printed. */
  let isBegun = false
  /** The items that have been shown as they were written. */
  let written = new Set<string>()
  let activity: { readonly what: string; readonly since: number } | undefined
  /** Absent when no turn runs: a log may go on behind the end of one, with a compaction. */
  let startedAt: number | undefined
  let isLoading = false
  let highlighter: Highlighter | undefined
  const running = new Map<string, { readonly event: ToolStarted; printed: string }>()
  /** What agents in the background do, by their session. */
  const beside = new Map<string, string>()
  /** The calls of a response beyond its limit, and how many of them have been refused. */
  const excess = new Set<string>()
  let refused = 0

  const look = () => ({ width: width(), colors })

  const rowsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => rows.map((row) => toText(row, colors))

  /** Whether a blank row stands before something of this kind. */
  const isApart = (kind: Kind): boolean => last !== undefined && (kind !== last || kind !== "call" && kind !== "note")

  const block = (kind: Kind, rows: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (rows.length === 0) return rows
    const all = isApart(kind) ? ["", ...rows] : rows
    last = kind
    return all
  }

  const sentence = (text: string, style = ""): ReadonlyArray<string> =>
    rowsOf(prose(text).split("\n").flatMap((line) => wrap([span(line, style)], width())))

  const note = (text: string, style = dim) => block("note", sentence(text, style))

  const work = (what: string, event: AgentEvent) => {
    if (startedAt !== undefined) activity = { what, since: DateTime.toEpochMillis(event.at) }
  }

  const streamOf = (kind: Kind) =>
    Markdown.make({ width, colors, style: kind === "thoughts" ? dim : "", highlighter: () => highlighter })

  /** The rows of an open text, which stand together however many pieces they come in. */
  const more = (rows: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (open === undefined || rows.length === 0) return rows
    if (isBegun) return rows
    isBegun = true
    return block(open.kind, rows)
  }

  const close = (): ReadonlyArray<string> => {
    if (open === undefined) return []
    const rows = more(open.stream.end())
    open = undefined
    isBegun = false
    return rows
  }

  const loadHighlighter = Effect.map(Effect.promise(() => import("./Highlighter.ts")), ({ make }) => {
    highlighter = make("")
  })

  const write = (kind: Kind, { delta, itemId }: Pick<Delta, "delta" | "itemId">) => {
    const before = open?.itemId === itemId && open.kind === kind ? [] : close()
    if (open === undefined) {
      open = { kind, itemId, stream: streamOf(kind), end: "" }
      written.add(itemId)
    }
    // Each part of a summary begins with a title, and nothing says where the one before it ends.
    const isPart = kind === "thoughts" && delta.startsWith("**") && /[^\s*_]$/.test(open.end)
    open.stream.push(isPart ? `\n\n${delta}` : delta)
    open.end = delta.slice(-1)
    const { stream } = open
    const rows = () => before.length === 0 ? more(stream.finished()) : [...before, ...more(stream.finished())]
    return highlighter === undefined && stream.wantsHighlighter()
      ? Effect.map(loadHighlighter, rows)
      : Effect.succeed(rows())
  }

  /** An item as a whole, unless it has been shown while it was written. */
  const whole = ({ item, itemId }: { readonly item: Item; readonly itemId: string }) => {
    const kind = isMessage(item) ? "answer" : isReasoning(item) ? "thoughts" : undefined
    const delta = kind === undefined ? "" : textOf(item)
    if (kind === undefined || delta.trim() === "" || written.has(itemId)) return Effect.succeed([])
    return Effect.map(write(kind, { delta, itemId }), (rows) => [...rows, ...close()])
  }

  const said = (input: ReadonlyArray<Item>) =>
    input.filter(isMessage).filter(({ role }) => role === "user").flatMap((item) => {
      const written = textOf(item).trim()
      const text = commandOf(written) ?? written
      const pictures = item.content.filter(({ type }) => type === "input_image").map(() => "[picture]")
      const lines = [...text === "" ? [] : prose(text).split("\n"), ...pictures]
      const rows = lines.flatMap((line) => wrap([span(line, bold)], Math.max(1, width() - 2)))
      return block("prompt", rowsOf(behind([span("> ", bold)], [span("  ")], shortened(rows))))
    })

  /** Of the calls beyond the limit, the first is shown, and the number of the others. */
  const passedOver = (event: AgentEvent): ReadonlyArray<string> => {
    if (refused === 0 || event._tag === "ToolStarted" || event._tag === "ToolEnded") return []
    const count = refused - 1
    refused = 0
    excess.clear()
    return count === 0 ? [] : note(`    … and ${grouped(count)} more ${count === 1 ? "call" : "calls"} refused`)
  }

  const end = (event: TurnEnd & { readonly at: DateTime.Utc }): ReadonlyArray<string> => {
    const rows = close()
    activity = undefined
    running.clear()
    beside.clear()
    written = new Set()
    const began = startedAt
    startedAt = undefined
    switch (event._tag) {
      case "TurnCompleted": {
        const { cachedInputTokens, inputTokens, outputTokens } = event.usage
        const now = DateTime.toEpochMillis(event.at)
        const seconds = Math.round((now - (began ?? now)) / 1000)
        const cut = cutLine(event.finishReason)
        const cached = cachedInputTokens === 0 ? "" : `, ${grouped(cachedInputTokens)} of them cached`
        return [
          ...rows,
          ...cut === undefined ? [] : note(cut, ""),
          ...note(`${seconds} s · ${grouped(inputTokens)} tokens read${cached} · ${grouped(outputTokens)} written`)
        ]
      }
      case "TurnFailed":
        return [...rows, ...note(`✗ ${event.message}`, "31")]
      case "TurnInterrupted":
        return [...rows, ...note("■ Interrupted.", "")]
      case "TurnLimited":
        return [...rows, ...note(`■ Stopped: ${limits[event.limit]}.`, "")]
    }
  }

  const rowsFor = (event: AgentEvent, isEchoed: boolean): Effect.Effect<ReadonlyArray<string>> => {
    if (endsTurn(event)) return Effect.succeed(end(event))
    switch (event._tag) {
      case "TurnStarted":
        startedAt = DateTime.toEpochMillis(event.at)
        work("thinking", event)
        return Effect.succeed(isEchoed ? [] : said(event.input))
      case "TurnResumed":
        startedAt = DateTime.toEpochMillis(event.at)
        work("thinking", event)
        return Effect.succeed([])
      case "InputAdded":
        return Effect.succeed([...close(), ...said(event.input)])
      case "TextDelta":
        if (activity?.what === "thinking") work("answering", event)
        return write("answer", event)
      case "ReasoningDelta":
        return write("thoughts", event)
      case "ModelResponded": {
        isLoading = false
        if (activity?.what === "answering") work("thinking", event)
        return Effect.map(Effect.forEach(shownItems(event), whole), (rows) => {
          const { removed } = event
          return [...close(), ...rows.flat(), ...removed === undefined ? [] : note(removedLine(removed))]
        })
      }
      case "Retrying": {
        if (event.isLoading) {
          const isTold = isLoading
          isLoading = true
          if (isTold) return Effect.succeed([])
          work("waiting for the model to load", event)
          return Effect.succeed([...close(), ...note(loadingLine)])
        }
        const isVoid = open !== undefined
        const before = close()
        written.clear()
        work("waiting to try again", event)
        return Effect.succeed([...before, ...note(retryLine(event, isVoid), "33")])
      }
      case "Compacting":
        work("compacting the conversation", event)
        return Effect.succeed(close())
      case "Compacted":
        work("thinking", event)
        return Effect.succeed([...close(), ...note(compactedLine(event))])
      case "CompactionFailed":
        work("thinking", event)
        return Effect.succeed([...close(), ...note(notCompactedLine(event.message))])
      case "PermissionRequested":
        activity = undefined
        return Effect.succeed(close())
      case "ChildAnswered":
        work("running agent", event)
        return Effect.succeed([])
      case "PermissionDecided":
        if (event.by === "person") {
          const call = running.get(event.itemId)?.event.call.name
          work(call === undefined ? "thinking" : `running ${line(call)}`, event)
        }
        return Effect.succeed([])
      case "WebSearched":
        work("thinking", event)
        return Effect.succeed([...close(), ...block("call", sentence(`• web_search ${line(queryOf(event.item))}`))])
      case "ToolStarted":
        if (event.isExcess === true) excess.add(event.itemId)
        else {
          running.set(event.itemId, { event, printed: "" })
          work(`running ${line(event.call.name)}`, event)
        }
        return Effect.succeed(close())
      case "ToolProgress": {
        if (event.child?.state !== undefined) {
          const { agent, sessionId, state } = event.child
          if (state === "ended") beside.delete(sessionId)
          else beside.set(sessionId, childLine(agent, event.text))
          return Effect.succeed([])
        }
        const call = running.get(event.itemId)
        if (call === undefined) return Effect.succeed([])
        // What a child has begun to do is added to what it did before.
        call.printed = event.child === undefined
          ? event.text
          : `${call.printed}${childLine(event.child.agent, event.text)}\n`.slice(-maxPrinted)
        return Effect.succeed([])
      }
      case "ToolEnded": {
        if (excess.has(event.itemId) && refused++ > 0) return Effect.succeed([])
        const printed = running.get(event.itemId)?.printed ?? ""
        running.delete(event.itemId)
        const other = [...running.values()].at(-1)
        work(other === undefined ? "thinking" : `running ${line(other.event.call.name)}`, event)
        const before = close()
        return Effect.map(Card.ended(event, printed, look()), (rows) => [...before, ...block("call", rows)])
      }
      default:
        return Effect.succeed([])
    }
  }

  const openRows = (): ReadonlyArray<string> => {
    if (open === undefined) return []
    const rows = open.stream.open()
    return rows.length > 0 && !isBegun && isApart(open.kind) ? ["", ...rows] : rows
  }

  return {
    add: (event, isEchoed = false) =>
      Effect.suspend(() => {
        const before = passedOver(event)
        const rows = rowsFor(event, isEchoed)
        return before.length === 0 ? rows : Effect.map(rows, (rows) => [...before, ...rows])
      }),
    live: (now) => {
      const cards = [...running.values()].flatMap(({ event, printed }) => Card.running(event, printed, look()))
      const isFirstCard = cards.length > 0 && last !== undefined && last !== "call"
      const seconds = activity === undefined ? 0 : Math.max(0, Math.floor((now - activity.since) / 1000))
      const mark = frames[Math.floor(now / 100) % frames.length] ?? ""
      const what = activity === undefined
        ? []
        : wrap([span(`${mark} ${activity.what} ${seconds}s${hint === undefined ? "" : ` · ${hint}`}`, dim)], width())
      const others = [...beside.values()].flatMap((line) => wrap([span(line, dim)], width()))
      return [
        ...openRows(),
        ...isFirstCard ? ["", ...cards] : cards,
        ...others.length === 0 ? [] : ["", ...rowsOf(others)],
        ...what.length === 0 ? [] : ["", ...rowsOf(what)]
      ]
    }
  }
}

const shortened = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const { first, last, rows: most } = maxSaid
  if (rows.length <= most) return rows
  return [
    ...rows.slice(0, first),
    [span(`… ${grouped(rows.length - first - last)} more rows …`, dim)],
    ...rows.slice(-last)
  ]
}
