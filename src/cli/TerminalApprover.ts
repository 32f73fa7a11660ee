/**
 * Asks the person at the keyboard whether a call may run.
 */
import * as Effect from "effect/Effect"
import * as Approver from "../tools/permission/Approver.ts"
import * as Keyboard from "./Keyboard.ts"
import { changeRows } from "./render/diff.ts"
import * as Shown from "./render/question.ts"
import type { Screen } from "./Screen.ts"

/**
 * `ready` ends when no other part of the program writes to the terminal. With `instead`, the person may also say what
 * should be done in the place of the call.
 */
export const ask = (
  screen: typeof Screen.Service,
  ready: Effect.Effect<void>,
  question: Approver.Question,
  instead?: Effect.Effect<Approver.Answer>
) =>
  Effect.zipRight(ready, put(screen, question, instead)).pipe(
    Effect.onInterrupt(() => screen.err("\n")),
    Effect.asSome
  )

type Choice = Approver.Answer | { readonly _tag: "Why" } | { readonly _tag: "Edit" }

const put = (
  screen: typeof Screen.Service,
  question: Approver.Question,
  instead: Effect.Effect<Approver.Answer> | undefined
): Effect.Effect<Approver.Answer> =>
  Effect.flatMap(Keyboard.withKeys((keys) => choose(screen, keys, question, instead !== undefined)), (choice) => {
    switch (choice._tag) {
      case "Why":
        return Effect.zipRight(screen.err("no\n"), Effect.map(Keyboard.words("  why? Enter to skip: "), Approver.no))
      case "Edit":
        return Effect.zipRight(screen.err("edit\n"), instead ?? Effect.succeed(Approver.no()))
      default:
        return Effect.as(screen.err(`${said[choice._tag]}\n`), choice)
    }
  })

const said: { readonly [answer in Approver.Answer["_tag"]]: string } = { Once: "yes", Always: "always", No: "no" }

/** Shows the question and takes a key for an answer. Shows it again after a resize. */
const choose = (
  screen: typeof Screen.Service,
  keys: Keyboard.Keys,
  question: Approver.Question,
  canEdit: boolean
): Effect.Effect<Choice> =>
  Effect.gen(function*() {
    const options = { size: screen.size(), hasColors: screen.hasColors }
    const { isPart, rows } = Shown.questionRows(question, options)
    const { scopes, subject } = question
    const roomAbove = (prompt: string) => options.size.rows - Shown.heightOf(prompt, options.size)
    const short = Shown.prompt(question, { isPart, canEdit })
    const isPaged = rows.length > roomAbove(short)
    const prompt = isPaged ? Shown.prompt(question, { isPart, canEdit, isPaged }) : short
    const room = roomAbove(prompt)
    const { hasEscape, stop } = yield* Keyboard.Stopping
    const stopped = Effect.zipRight(stop, Effect.never)
    const stopping = hasEscape ? { leaving: [escape], told: "Esc stops" } : {}
    // Nothing answers before the end was shown, but what asks can be stopped.
    if ((yield* page(screen, keys, rows, room, stopping)) !== undefined) return yield* stopped
    for (;;) {
      yield* screen.err(prompt)
      const key = yield* nextOf(keys, [
        ...answers.keys(),
        ...scopes.length === 0 ? [] : ["a"],
        ...canEdit ? ["e"] : [],
        ...isPart ? ["v"] : [],
        ...isPaged ? back : []
      ])
      if (key === escape && hasEscape) return yield* stopped
      const answer = answers.get(key)
      if (answer !== undefined) return answer
      if (key === "a" && scopes.length === 1) return Approver.always()
      if (key === "e") return { _tag: "Edit" } as const
      if (back.includes(key)) {
        yield* screen.err("\n")
        if ((yield* page(screen, keys, rows, room, { ...stopping, from: -2 })) !== undefined) return yield* stopped
        continue
      }
      yield* screen.err(`${key}\n`)
      if (key === "v") {
        const all = subject._tag === "Changes" ? changeRows(subject.changes, options) : []
        yield* page(screen, keys, all, room, { leaving: ["q", escape], told: "q leaves" })
        continue
      }
      yield* page(screen, keys, Shown.alwaysRows(scopes, options), room)
      yield* screen.err(Shown.scopePrompt(scopes))
      const scopeKey = yield* nextOf(keys, [...scopes.map(({ kind }) => Shown.scopeKeys[kind]), escape])
      const scope = scopes.find(({ kind }) => Shown.scopeKeys[kind] === scopeKey)
      if (scope !== undefined) return Approver.always(scope.kind)
      yield* screen.err("\n")
    }
  }).pipe(Effect.catchTag("Resized", () => Effect.zipRight(screen.err("\n"), choose(screen, keys, question, canEdit))))

const escape = "\u001B"

/** Escape, unless it stops what asks, and the end of the input also mean no, and do not ask for a reason. */
const answers: ReadonlyMap<string, Choice> = new Map<string, Choice>([
  ["y", Approver.once],
  ["n", { _tag: "Why" }],
  [escape, Approver.no()],
  ["\u0004", Approver.no()]
])

/** The keys to the rows below, and to those above. */
const forth = [" ", "\r", "\n", "down"]
const back = ["b", "up"]

/**
 * Shows rows, as many at a time as fit, forth and back. `from` is the page to begin with; from the end, if it is negative.
 * Some keys leave before the last page; the one that did is given.
 */
const page = Effect.fnUntraced(function*(
  screen: typeof Screen.Service,
  keys: Keyboard.Keys,
  rows: ReadonlyArray<string>,
  room: number,
  { from = 0, leaving = [], told = "" }: {
    readonly from?: number
    readonly leaving?: ReadonlyArray<string>
    readonly told?: string
  } = {}
) {
  const height = Math.max(1, room)
  const pages = Math.ceil(rows.length / height)
  for (let at = Math.max(0, from < 0 ? pages + from : from); at < pages;) {
    const shown = rows.slice(at * height, (at + 1) * height)
    yield* screen.err(shown.map((row) => `${row}\n`).join(""))
    if (at === pages - 1) return undefined
    const ways = [
      `  ${at * height + shown.length} of ${rows.length} rows`,
      "Space shows more",
      ...at === 0 ? [] : ["b back"],
      ...told === "" ? [] : [told]
    ]
    yield* screen.err(screen.oneRow(`${ways.join(" · ")}  `))
    const key = yield* nextOf(keys, [...forth, ...at === 0 ? [] : back, ...leaving])
    yield* screen.err(screen.isErrTerminal ? "\r\u001B[2K" : "\n")
    if (leaving.includes(key)) return key
    at += back.includes(key) ? -1 : 1
  }
  return undefined
})

/** The next key with a meaning, pressed after the rows were shown. */
const nextOf = (keys: Keyboard.Keys, meaning: ReadonlyArray<string>) =>
  Effect.zipRight(
    keys.discard,
    Effect.repeat(Effect.map(keys.next, (key) => key.toLowerCase()), { until: (key) => meaning.includes(key) })
  )
