/**
 * Renders a run as text for a person: the answer on stdout, everything else on stderr.
 *
 * On a terminal the answer appears as it is written, with its Markdown drawn. Into a pipe it goes once and alone, as it
 * is, when it is complete.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { AgentEvent } from "../../agent/AgentEvent.ts"
import { field, text } from "../../internal/json.ts"
import * as Visible from "../../internal/visible.ts"
import { isMessage, isReasoning, text as textOf } from "../../responses/Item.ts"
import { isToolCall } from "../../responses/ToolCall.ts"
import { queryOf } from "../../responses/WebSearch.ts"
import type { ModelResponded } from "../../session/SessionEvent.ts"
import * as FileChange from "../../tools/workspace/FileChange.ts"
import { dim as dimOn, type Screen } from "../Screen.ts"
import { wrap } from "../wrap.ts"
import { callLine, childLine, oneLine, outputLines, usual, whole } from "./call.ts"
import type { Renderer, Verbosity } from "./Renderer.ts"
import * as Summary from "./summary.ts"
import {
  compactedLine,
  cutLine,
  frames,
  limits,
  loadingLine,
  notCompactedLine,
  removedLine,
  retryLine,
  secondsOf,
  tokensLine
} from "./wording.ts"
import * as Written from "./written.ts"

export interface Options {
  /** Hands the terminal over to the approval question; absent where no person can be asked. */
  readonly leave?: Effect.Effect<unknown> | undefined
  /** Whether something else is shown in the place of the status line. */
  readonly isAside?: (() => boolean) | undefined
  /** Whether anything is kept of the session. */
  readonly isKept?: boolean
  /** Whether it is told how to go on with the session. */
  readonly isResumable?: boolean
  readonly verbosity?: Verbosity | undefined
}

export const make = (loud: typeof Screen.Service, options: Options = {}): Renderer => {
  const { isAside = () => false, isKept = true, isResumable = true, leave, verbosity = "usual" } = options
  const screen = verbosity === "quiet" ? withoutWords(loud) : loud
  const isVerbose = verbosity === "verbose"
  const room = isVerbose ? whole : usual
  const dim = dimOn(screen)
  /** Which text, if any, stands unfinished on the terminal. */
  let open: "none" | "answer" | "reasoning" = "none"
  let hasStatus = false
  let streamed = ""
  let writing: Written.Written | undefined
  let activity = "getting ready"
  /** The last line of output of the running tool. */
  let latest = ""
  let since: number | undefined
  let frame = 0
  /** Since when the server has been waited for that is loading its model, and when that was last said. */
  let loading: { readonly since: number; readonly told: number } | undefined
  /** The session id, until it has been printed. */
  let session: string | undefined
  /** The call whose line was printed last: its output needs no heading. */
  let lastCall: string | undefined
  let isCompleted = false
  let hasBegun = false
  const sum = Summary.make()
  /** The calls that have not ended, and the names of their tools. */
  const running = new Map<string, string>()
  /** The ids of the calls of a response beyond its limit, and how many of them were not shown. */
  const excess = new Set<string>()
  let passedOver = 0

  const eraseStatus = Effect.suspend(() => {
    if (!hasStatus) return Effect.void
    hasStatus = false
    return screen.err("\r\u001B[2K")
  })

  const closeLine = Effect.suspend(() => {
    const last = writing
    open = "none"
    writing = undefined
    return last === undefined ? Effect.void : last.end
  })

  const note = (line: string) => Effect.all([eraseStatus, closeLine, screen.err(`${line}\n`)], { discard: true })

  /** Prints a sentence, wrapped between words on a terminal. */
  const remark = (sentence: string, styled: (text: string) => string = (text) => text) =>
    note(styled(screen.isErrTerminal ? wrap(sentence, screen.width, "") : sentence))

  /** What the answer lacks, or why there is none, is told however quiet it is otherwise. */
  const lack = (sentence: string) => verbosity === "quiet" ? loud.fail(sentence) : remark(sentence)

  const write = (to: "answer" | "reasoning") =>
    Written.make({
      write: to === "answer" ? screen.out : screen.err,
      size: screen.size,
      colors: screen.hasColors,
      hasCursor: loud.isErrTerminal,
      style: to === "answer" ? "" : "2"
    })

  const stream = (to: "answer" | "reasoning", piece: string) =>
    Effect.gen(function*() {
      yield* eraseStatus
      if (open !== to) yield* closeLine
      open = to
      if (to === "answer") streamed += piece
      writing ??= write(to)
      yield* writing.push(piece)
    })

  const work = (what: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      activity = what
      latest = ""
      since = now
    })

  /** A terminal counts the seconds itself; elsewhere a line says now and then that the wait goes on. */
  const showLoading = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    if (loading === undefined) {
      loading = { since: now, told: now }
      return Effect.zipRight(
        remark(loadingLine),
        work("waiting for the model to load")
      )
    }
    if (screen.isErrTerminal || now - loading.told < loadingLines) return Effect.void
    loading = { ...loading, told: now }
    return note(`↻ Still loading after ${secondsOf(now - loading.since)} s.`)
  })

  /** Of the calls beyond the limit, shows the first and the number of the others. */
  const show = (event: AgentEvent): Effect.Effect<void> => {
    if (event._tag === "ToolStarted" && event.isExcess === true) {
      excess.add(event.itemId)
      return Effect.void
    }
    if (event._tag === "ToolEnded" && excess.has(event.itemId)) return passedOver++ === 0 ? showOne(event) : Effect.void
    if (event._tag === "ToolProgress" || event._tag === "ToolEnded" || passedOver === 0) return showOne(event)
    const more = passedOver - 1
    passedOver = 0
    excess.clear()
    return Effect.zipRight(
      more === 0
        ? Effect.void
        : note(dim(`    … and ${more.toLocaleString("en-US")} more ${more === 1 ? "call" : "calls"} refused`)),
      showOne(event)
    )
  }

  /** Printed once in a session: the model goes on answering, without some of its earlier reasoning. */
  const showRemoved = ({ removed }: ModelResponded) =>
    removed === undefined
      ? Effect.void
      : remark(removedLine(removed))

  const showOne = (event: AgentEvent): Effect.Effect<void> => {
    hasBegun = true
    sum.add(event)
    switch (event._tag) {
      case "SessionStarted":
        session = event.sessionId
        return Effect.void
      case "TurnStarted":
        return work("thinking")
      case "InputAdded":
        return Effect.zipRight(note(dim(`↻ ${oneLine(event.input.map(textOf).join(" "), room)}`)), work("thinking"))
      case "TurnResumed":
        return Effect.void
      case "TextDelta":
        return screen.isOutTerminal ? stream("answer", event.delta) : Effect.void
      case "ReasoningDelta":
        return screen.isErrTerminal ? stream("reasoning", event.delta) : Effect.void
      case "Retrying": {
        if (event.isLoading) return showLoading
        loading = undefined
        const isVoid = open === "answer" || streamed !== ""
        streamed = ""
        return Effect.zipRight(
          remark(retryLine(event, isVoid)),
          work("waiting to try again")
        )
      }
      case "ModelResponded":
        loading = undefined
        return Effect.all([
          closeLine,
          showThoughts(event),
          showRemarks(event),
          showRemoved(event),
          isVerbose ? note(dim(`  ${tokensLine(event.usage)}`)) : Effect.void
        ], { discard: true })
      case "Compacting":
        return work("compacting the conversation")
      case "CompactionFailed":
        return Effect.zipRight(
          remark(notCompactedLine(event.message)),
          work("thinking")
        )
      case "Compacted":
        return Effect.zipRight(remark(compactedLine(event)), work("thinking"))
      case "PermissionRequested": {
        if (leave === undefined) return Effect.void
        // Until it is answered, nothing else is shown.
        since = undefined
        return Effect.all([eraseStatus, closeLine, leave], { discard: true })
      }
      case "ChildAnswered":
        return work(`running ${running.get(event.itemId) ?? "agent"}`)
      case "PermissionDecided":
        return event.by === "person" ? work(workingOn(running.get(event.itemId))) : Effect.void
      case "WebSearched":
        return Effect.zipRight(note(`• web_search ${oneLine(queryOf(event.item), room)}`), work("thinking"))
      case "ToolStarted":
        lastCall = event.itemId
        running.set(event.itemId, event.call.name)
        return Effect.zipRight(note(`• ${callLine(event, room)}`), work(`running ${event.call.name}`))
      case "ToolProgress": {
        if (event.child !== undefined) {
          const { agent, state } = event.child
          const line = dim(`  ${childLine(agent, state === "ended" ? "has ended" : event.text, room)}`)
          // The turn does something else meanwhile.
          if (state !== undefined) return note(line)
          lastCall = undefined
          return Effect.zipRight(
            note(line),
            work(`running ${running.get(event.itemId) ?? "agent"}`)
          )
        }
        // A line that a carriage return has overwritten is not the latest.
        const line = oneLine(event.text.trimEnd().split(/[\r\n]/).at(-1) ?? "", room)
        return Effect.sync(() => {
          latest = line
        })
      }
      case "ToolEnded": {
        const heading = lastCall === event.itemId ? [] : [`◦ ${callLine(event, room)}`]
        lastCall = undefined
        running.delete(event.itemId)
        const other = [...running.values()].at(-1)
        return Effect.all([
          Effect.forEach([...heading, ...outputLines(event, room)].map(dim), note, { discard: true }),
          showChanges(FileChange.inDetails(event.details)),
          work(workingOn(other))
        ], { discard: true })
      }
      case "TurnCompleted":
        isCompleted = true
        return Effect.all([eraseStatus, closeLine, showAnswer(event.answer), showCut(event.finishReason)], {
          discard: true
        })
      case "TurnFailed": {
        // Why it failed is told last, and may say how to go on.
        if (event.message.includes("effixir resume")) session = undefined
        // The turn has its answer, which could not be written to a file.
        const answer = text(field(event.details, "answer"))
        return answer === undefined
          ? Effect.void
          : Effect.all([eraseStatus, closeLine, showAnswer(answer)], { discard: true })
      }
      case "TurnInterrupted":
        return lack(`Interrupted. ${howToGoOn()}`.trimEnd())
      case "TurnLimited":
        return lack(`Stopped: ${limits[event.limit]}. ${howToGoOn()}`.trimEnd())
      default:
        return Effect.void
    }
  }

  /** Prints the changes of files. */
  const showChanges = Effect.fnUntraced(function*(changes: ReadonlyArray<FileChange.FileChange>) {
    if (changes.length === 0) return
    const { changeRows, more } = yield* Effect.promise(() => import("./diff.ts"))
    const rows = changeRows(changes, { size: screen.size(), hasColors: screen.hasColors })
    const shown = rows.length > room.change
      ? [...rows.slice(0, room.change - 1), more(rows.length - room.change + 1)]
      : rows
    yield* Effect.forEach(shown, note, { discard: true })
  })

  const howToGoOn = () => {
    const id = session
    session = undefined
    if (!isResumable) return ""
    if (!isKept) return "Nothing of it is kept (--ephemeral)."
    // A turn that has its answer goes on with something else to do.
    return `To go on: effixir resume ${id ?? "--last"}${isCompleted ? " \"…\"" : ""}`
  }

  /** What the model said on the way to its calls. A terminal has shown it already. */
  const showRemarks = (event: ModelResponded) => {
    const isOnTheWay = event.items.some(isToolCall)
    const remarks = event.items.filter(isMessage).map(textOf).filter((remark) => remark !== "")
    const isUnseen = isOnTheWay && !screen.isOutTerminal
    if (isOnTheWay) streamed = ""
    return Effect.forEach(isUnseen ? remarks : [], (remark) => note(dim(Visible.prose(remark))), { discard: true })
  }

  /** A terminal has shown them already. */
  const showThoughts = ({ items }: ModelResponded) =>
    Effect.forEach(
      isVerbose && !screen.isErrTerminal ? items.filter(isReasoning).map(textOf).filter((said) => said !== "") : [],
      (said) => note(Visible.prose(said)),
      { discard: true }
    )

  const showAnswer = (answer: string) => {
    if (!screen.isOutTerminal) return screen.out(`${answer}\n`)
    return streamed.endsWith(answer) ? Effect.void : Effect.zipRight(stream("answer", answer), closeLine)
  }

  const showCut = (finishReason: string) => {
    const line = cutLine(finishReason)
    return line === undefined ? Effect.void : lack(line)
  }

  const tick = Effect.suspend(() => {
    if (writing !== undefined) return writing.show
    if (since === undefined && hasBegun) return Effect.void
    if (isAside()) {
      // What is shown now begins by erasing the line.
      hasStatus = false
      return Effect.void
    }
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const start = since ??= now
      const spinner = frames[frame++ % frames.length] ?? ""
      hasStatus = true
      const seconds = Math.floor((now - start) / 1000)
      const status = `${spinner} ${activity} ${seconds}s · Ctrl-C to stop${latest === "" ? "" : ` · ${latest}`}`
      return screen.err(`\r\u001B[2K${dim(screen.oneRow(status))}`)
    })
  })

  return {
    isForPeople: true,
    show,
    tick: screen.isErrTerminal ? tick : Effect.void,
    finish: Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const line = sum.line(now)
      const lines = [...line === undefined ? [] : [line], ...session === undefined || !isResumable ? [] : [howToGoOn()]]
      return Effect.zipRight(eraseStatus, Effect.forEach(lines, (line) => note(dim(line)), { discard: true }))
    })
  }
}

/** The answer alone is shown. */
const withoutWords = (screen: typeof Screen.Service): typeof Screen.Service => ({
  ...screen,
  err: () => Effect.void,
  isErrTerminal: false
})

/** In milliseconds. */
const loadingLines = 10_000

const workingOn = (call: string | undefined): string => call === undefined ? "thinking" : `running ${call}`
