/**
 * A conversation on a terminal: what is done scrolls up, and below it are what is being done, what is written, and a line
 * about the whole.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { homedir } from "node:os"
import { line } from "../../internal/visible.ts"
import { Interruption } from "../Interruption.ts"
import { frames } from "../render/wording.ts"
import { Screen } from "../Screen.ts"
import type { Chat, Services } from "./Chat.ts"
import * as Completion from "./Completion.ts"
import * as ExternalEditor from "./externalEditor.ts"
import type { Front } from "./Front.ts"
import * as InputHistory from "./InputHistory.ts"
import type { Key } from "./Keys.ts"
import * as LineEditor from "./LineEditor.ts"
import * as LiveArea from "./LiveArea.ts"
import * as Picker from "./Picker.ts"
import { cut } from "./rows.ts"
import * as Slash from "./slash/table.ts"
import * as StatusLine from "./StatusLine.ts"
import * as Terminal from "./Terminal.ts"

/** A second Ctrl-C counts within this time, in milliseconds. */
const twice = 2000

/** How many proposals are shown at once. */
const maxProposals = 8

/** What is open in the place of the input, or below it. */
type Open =
  | {
    readonly _tag: "Picker"
    readonly picker: Picker.Picker<unknown>
    readonly choose: (value: Option.Option<unknown>) => void
  }
  | {
    readonly _tag: "Search"
    readonly query: string
    readonly at: number | undefined
    readonly before: LineEditor.State
  }
  | {
    readonly _tag: "Proposals"
    readonly word: Completion.Word
    readonly all: ReadonlyArray<Completion.Proposal>
    readonly at: number
  }

export const make = Effect.gen(function*() {
  const screen = yield* Screen
  const clock = yield* Effect.clock
  const terminal = yield* Terminal.make
  const interruption = yield* Interruption
  const hasColors = screen.hasColors && screen.isOutTerminal
  const area = yield* LiveArea.make({ write: screen.out, size: terminal.size, hasCursor: true })
  const left = yield* Deferred.make<void>()
  let chat: Chat | undefined
  let editor = LineEditor.empty
  let open: Open | undefined
  /** Where in the history the person is, and what was written before. */
  let browsing: { readonly at: number; readonly draft: LineEditor.State } | undefined
  let interruptedAt = -Infinity
  let hint = ""
  let files: { readonly folder: string; readonly paths: ReadonlyArray<string> | undefined } | undefined

  const style = (code: number, end: number) => (text: string) =>
    hasColors ? `\u001B[${code}m${text}\u001B[${end}m` : text
  const [bold, dim, inverse] = [style(1, 22), style(2, 22), style(7, 27)]

  const editorWidth = () => Math.max(4, terminal.size().columns - 2)

  const view = (): LiveArea.View => {
    const { columns, rows: height } = terminal.size()
    const state = chat?.state()
    if (chat === undefined || state === undefined) return { rows: [] }
    const now = clock.unsafeCurrentTimeMillis()
    // The conversation itself tells of a turn.
    const work = state.work === undefined || state.work.isTurn || open?._tag === "Picker"
      ? []
      : [
        dim(
          cut(
            `${frames[Math.floor(now / 100) % frames.length]} ${line(state.work.name)} ${
              Math.floor((now - state.work.since) / 1000)
            }s · Esc stops`,
            columns
          )
        )
      ]
    const waiting = state.waiting.slice(0, 5).map(({ kind, text }) =>
      dim(cut(`  ${kind === "steer" ? "heard next" : "afterwards"}: ${line(text.slice(0, 500))}`, columns))
    )
    const asked = chat.session.asked()
    const { context, elapsed, model = "", usage, windows } = {
      ...state,
      elapsed: state.work?.isTurn === true ? now - state.work.since : undefined
    }
    const status = StatusLine.row({
      model,
      effort: chat.session.effort(),
      folder: tilde(asked.folder),
      branch: state.branch,
      context,
      windows,
      elapsed,
      cost: usage.costUsd,
      width: columns,
      colors: hasColors
    })
    const hints = hint === "" ? [] : [dim(cut(hint, columns))]
    if (open?._tag === "Picker") {
      const rows = Picker.view(open.picker, { columns, height: Math.max(4, Math.min(16, height - 4)), mark: inverse })
      const above = [...work, ...waiting]
      return {
        rows: [...above, ...rows, status],
        cursor: {
          row: above.length,
          column: Picker.cursor(open.picker, columns)
        }
      }
    }
    const edited = LineEditor.view(editor, editorWidth(), Math.max(1, Math.floor(height / 3)))
    const input = edited.rows.map((row, at) => `${at === 0 ? bold(">") : " "} ${row}`)
    const search = open?._tag === "Search"
      ? [
        dim(
          cut(
            `search: ${open.query}▏ ${
              open.at === undefined && open.query !== "" ? "nothing found" : "Ctrl-R older · Enter takes it · Esc back"
            }`,
            columns
          )
        )
      ]
      : []
    const proposals = open?._tag === "Proposals" ? proposalRows(open, columns) : []
    const below = [...search, ...proposals, ...hints, status]
    const fixed = work.length + waiting.length + input.length + below.length + 1
    const live = state.live(now).slice(-Math.max(1, height - 1 - fixed))
    const above = [...live, ...work, ...waiting, ""]
    return {
      rows: [...above, ...input, ...below],
      cursor: { row: above.length + edited.cursor.row, column: edited.cursor.column + 2 }
    }
  }

  const proposalRows = ({ all, at }: Extract<Open, { _tag: "Proposals" }>, columns: number) => {
    const from = Math.max(0, Math.min(at - Math.floor(maxProposals / 2), all.length - maxProposals))
    return all.slice(from, from + maxProposals).map(({ remark, title }, row) => {
      const text = cut(`  ${line(title)}${remark === "" ? "" : `  ${line(remark)}`}`, columns)
      return from + row === at ? inverse(text) : dim(text)
    })
  }

  const refresh = area.draw(view)

  const aside: Front["aside"] = (use) =>
    Effect.acquireUseRelease(
      area.suspend,
      // It has the terminal, and not the place where the conversation shows what others say.
      () => terminal.aside(Effect.provideService(use, Screen, screen)),
      () => Effect.zipRight(area.resume, refresh)
    )

  const front: Front = {
    columns: () => terminal.size().columns,
    hasColors,
    isPlain: false,
    hasEcho: false,
    hint: "Esc stops",
    print: area.print,
    refresh,
    choose: <A>(question: string, choices: ReadonlyArray<Picker.Choice<A>>, at?: number) =>
      Effect.gen(function*() {
        const chosen = yield* Deferred.make<Option.Option<A>>()
        const choose = (value: Option.Option<unknown>) => {
          open = undefined
          // Only what is in the picker can come out of it.
          Deferred.unsafeDone(chosen, Effect.succeed(value as Option.Option<A>))
        }
        open = { _tag: "Picker", picker: Picker.make<unknown>(question, choices, at), choose }
        yield* refresh
        return yield* Deferred.await(chosen)
      }).pipe(Effect.onInterrupt(() => {
        open = undefined
        return refresh
      })),
    aside,
    give: (text) =>
      Effect.suspend(() => {
        const written = LineEditor.textOf(editor)
        editor = LineEditor.fromText(written === "" ? text : `${text}\n${written}`)
        return refresh
      }),
    leave: Effect.asVoid(Deferred.succeed(left, undefined))
  }

  /** Proposes what the word before the cursor could become. */
  const propose = (chat: Chat): Effect.Effect<void, never, Services> =>
    Effect.gen(function*() {
      const word = Completion.wordAt(editor.text, editor.cursor)
      if (word === undefined) {
        open = undefined
        return
      }
      const all = word.kind === "command"
        ? Completion.ofCommands(word.query, yield* Slash.withOwn(chat))
        : Completion.ofFiles(word.query, yield* filesOf(chat))
      open = all.length === 0 ? undefined : { _tag: "Proposals", word, all, at: 0 }
    })

  /** They are looked for when the first is asked for, and looked at again with the next word. */
  const filesOf = Effect.fnUntraced(function*(chat: Chat) {
    const { folder } = chat.session.asked()
    if (files?.folder === folder && files.paths !== undefined) return files.paths
    const paths = yield* Completion.filesIn(folder)
    files = { folder, paths }
    return paths
  })

  const accept = ({ all, at, word }: Extract<Open, { _tag: "Proposals" }>) => {
    const text = all[at]?.text ?? ""
    editor = LineEditor.complete(editor, word.from, text)
    open = undefined
  }

  const submit = (chat: Chat, kind: "steer" | "followUp") =>
    Effect.suspend(() => {
      const text = LineEditor.textOf(editor)
      editor = LineEditor.empty
      open = undefined
      browsing = undefined
      files = undefined
      return Effect.zipRight(refresh, chat.submit(text, kind))
    })

  const browse = (chat: Chat, by: -1 | 1) => {
    const inputs = chat.history.inputs()
    const at = (browsing?.at ?? inputs.length) + by
    if (at < 0 || at > inputs.length) return
    const draft = browsing?.draft ?? editor
    const input = inputs[at]
    browsing = input === undefined ? undefined : { at, draft }
    editor = input === undefined ? draft : LineEditor.fromText(input)
  }

  const search = (chat: Chat, found: Extract<Open, { _tag: "Search" }>, { alt, ctrl, name, text }: Key): boolean => {
    const inputs = chat.history.inputs()
    const look = (query: string, before: number) => {
      const at = query === "" ? undefined : InputHistory.find(inputs, query, before)
      const input = at === undefined ? undefined : inputs[at]
      if (input !== undefined) editor = LineEditor.fromText(input)
      open = { ...found, query, at: at ?? (query === found.query ? found.at : undefined) }
      return true
    }
    if (ctrl && name === "r") return look(found.query, found.at ?? inputs.length)
    if (name === "backspace") return look([...found.query].slice(0, -1).join(""), inputs.length)
    if (text !== "" && !ctrl && !alt && name !== "paste") return look(found.query + text, inputs.length)
    open = undefined
    if (name === "escape" || ctrl && (name === "c" || name === "g")) {
      editor = found.before
      return true
    }
    // Any other key goes on with what was found.
    return name === "enter"
  }

  const press = (chat: Chat, key: Key): Effect.Effect<void, never, Services> =>
    Effect.gen(function*() {
      const { alt, ctrl, name } = key
      hint = ""
      if (open?._tag === "Picker") {
        const { choose, picker } = open
        const outcome = Picker.update(picker, key)
        if (outcome._tag === "Open") open = { ...open, picker: outcome.picker }
        else choose(outcome._tag === "Chosen" ? Option.some(outcome.value) : Option.none())
        return
      }
      if (open?._tag === "Search" && search(chat, open, key)) return
      if (open?._tag === "Proposals") {
        const { all, at } = open
        if (name === "up" || name === "down") {
          open = { ...open, at: (at + (name === "up" ? all.length - 1 : 1)) % all.length }
          return
        }
        if (name === "escape") {
          open = undefined
          return
        }
        if (name === "tab" || name === "enter" && !alt && !key.shift) {
          const { word } = open
          const isWhole = all[at]?.text.trim() === editor.text.trim()
          if (!(name === "enter" && isWhole)) accept(open)
          if (word.kind === "file" && all[at]?.title.endsWith("/") === true) return yield* propose(chat)
          const isComplete = word.kind === "command" && !(all[at]?.title.includes(" ") ?? false)
          if (name === "enter" && (isWhole || isComplete)) yield* submit(chat, "steer")
          return
        }
      }
      if (ctrl && name === "c") return yield* pressInterrupt(chat)
      if (name === "escape") {
        yield* chat.interrupt
        return
      }
      if (ctrl && name === "d" && LineEditor.isEmpty(editor)) return yield* front.leave
      if (ctrl && name === "z") {
        yield* area.suspend
        yield* terminal.stop
        return yield* area.resume
      }
      if (ctrl && name === "l") {
        yield* area.suspend
        yield* screen.out("\u001B[2J\u001B[H")
        return yield* area.resume
      }
      if (ctrl && name === "r") {
        open = { _tag: "Search", query: "", at: undefined, before: editor }
        return
      }
      if (ctrl && name === "g") return yield* editElsewhere(chat)
      if (name === "tab" && !LineEditor.isEmpty(editor)) {
        if (chat.state().work?.isTurn === true) return yield* submit(chat, "followUp")
        return yield* propose(chat)
      }
      const next = LineEditor.update(editor, key, editorWidth())
      if (next !== undefined) {
        const isWritten = next.text !== editor.text
        editor = next
        if (isWritten) {
          browsing = undefined
          yield* propose(chat)
        } else open = undefined
        return
      }
      if (name === "enter") return yield* submit(chat, "steer")
      if (name === "up" || ctrl && name === "p") browse(chat, -1)
      if (name === "down" || ctrl && name === "n") browse(chat, 1)
    })

  const pressInterrupt = Effect.fnUntraced(function*(chat: Chat) {
    const now = yield* Clock.currentTimeMillis
    if (yield* chat.interrupt) return
    if (!LineEditor.isEmpty(editor)) {
      editor = LineEditor.replaceAll(editor, "")
      browsing = undefined
      return
    }
    if (now - interruptedAt < twice) return yield* front.leave
    interruptedAt = now
    hint = "Ctrl-C once more leaves"
  })

  const editElsewhere = Effect.fnUntraced(function*(chat: Chat) {
    const text = LineEditor.textOf(editor)
    yield* Effect.match(aside(ExternalEditor.edit(text)), {
      onFailure: (problem) => problem,
      onSuccess: (saved) => {
        if (saved !== text) editor = LineEditor.replaceAll(editor, saved)
        return ""
      }
    }).pipe(Effect.flatMap((problem) => problem === "" ? Effect.void : chat.say(problem)))
  })

  return {
    front,
    /** Takes the keys of the person until the conversation is left. */
    run: Effect.fnUntraced(function*(of: Chat) {
      chat = of
      yield* refresh
      const keys = Effect.forever(
        Effect.flatMap(terminal.keys, (keys) =>
          Effect.zipRight(
            Effect.forEach(keys, (key) => press(of, key), { discard: true }),
            refresh
          ))
      )
      const changes = Effect.forever(Effect.zipRight(terminal.changed, refresh))
      // The time of what runs, and the end of a hint.
      const ticks = Effect.repeat(
        Effect.suspend(() => of.state().work === undefined ? Effect.void : refresh),
        Schedule.spaced("100 millis")
      )
      // The system may tell of a closed terminal later, or not at all.
      const closed = Effect.raceFirst(terminal.closed, screen.closed).pipe(
        Effect.zipRight(interruption.stop("SIGHUP")),
        Effect.zipRight(Effect.never)
      )
      yield* Effect.raceAll([Deferred.await(left), closed, keys, changes, Effect.zipRight(ticks, Effect.never)])
    })
  }
})

const tilde = (path: string): string =>
  path === homedir() || path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path
