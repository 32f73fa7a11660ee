/**
 * Lets the person at the keyboard fill in the form of an MCP server, or open a page that it names.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Browser } from "../auth/Browser.ts"
import { exactly, line } from "../internal/visible.ts"
import * as NodeBrowser from "../node/auth/NodeBrowser.ts"
import * as Elicitation from "../tools/mcp/Elicitation.ts"
import * as Keyboard from "./Keyboard.ts"
import { IsPlain } from "./plain.ts"
import type { Screen } from "./Screen.ts"
import { bold, quoted } from "./verbatim.ts"

/** How often something may be typed that is no answer. */
const maxTries = 3

export const fill = (screen: typeof Screen.Service, form: Elicitation.Form): Effect.Effect<Elicitation.Answer> =>
  Effect.gen(function*() {
    const { fields } = form
    yield* screen.err(asked(screen, form, fields.length === 0 ? [] : [noSecrets]))
    const agreed = yield* consent(screen, fields.length === 0 ? "agree?" : "answer it?")
    if (agreed !== "y") return refusal(agreed)
    const given: Array<readonly [field: Elicitation.Field, value: Elicitation.Value]> = []
    for (const field of fields) {
      const value = yield* ask(screen, field)
      if (value === undefined) continue
      if (value === stopped) return yield* Effect.as(screen.err("Nothing was sent.\n"), Elicitation.cancel)
      given.push([field, value.value])
    }
    if (fields.length > 0) {
      const answers = given.flatMap(([{ title }, value]) => barred(screen, `${title}: ${String(value)}`))
      yield* screen.err(["", ...answers, ""].join("\n"))
      const confirmed = yield* consent(screen, "send these answers?")
      if (confirmed !== "y") return yield* Effect.as(screen.err("Nothing was sent.\n"), refusal(confirmed))
    }
    return { _tag: "Accept", content: Object.fromEntries(given.map(([{ name }, value]) => [name, value])) } as const
  }).pipe(Effect.onInterrupt(() => screen.err("\n")), untilStopped)

/** Opens the page only if the person says yes. They see where it leads before. */
export const visit = (screen: typeof Screen.Service, page: Elicitation.Page): Effect.Effect<Elicitation.Answer> =>
  Effect.gen(function*() {
    const host = bold(exactly(page.host), { hasColors: screen.hasColors, size: screen.size() })
    yield* screen.err(
      asked(screen, page, [`It wants you to open this page of ${host}:`, ...barred(screen, page.url)])
    )
    const canOpen = yield* Effect.orElseSucceed(NodeBrowser.canOpenBrowser, () => false)
    const agreed = yield* consent(
      screen,
      canOpen ? "open it in the browser?" : "there is no browser here: will you open it?"
    )
    if (agreed !== "y") return refusal(agreed)
    if (canOpen) yield* Effect.provide(Effect.flatMap(Browser, ({ open }) => open(page.url)), NodeBrowser.layer)
    return Elicitation.visited
  }).pipe(Effect.onInterrupt(() => screen.err("\n")), untilStopped)

/** Where there is no turn to stop, it is the question alone that ends. */
const untilStopped = (asking: Effect.Effect<Elicitation.Answer>): Effect.Effect<Elicitation.Answer> =>
  Effect.gen(function*() {
    const stopping = yield* Keyboard.Stopping
    const stopped = yield* Deferred.make<Elicitation.Answer>()
    const stop = Effect.tap(
      stopping.stop,
      (isStopping) => isStopping === false ? Deferred.succeed(stopped, Elicitation.cancel) : Effect.void
    )
    return yield* Effect.raceFirst(
      Effect.provideService(asking, Keyboard.Stopping, { ...stopping, stop }),
      Deferred.await(stopped)
    )
  })

/** Who asks, what it says, and what a person should know of it. */
const asked = (
  screen: typeof Screen.Service,
  { message, server }: { readonly message: string; readonly server: string },
  more: ReadonlyArray<string>
) =>
  [
    `${screen.isErrTerminal ? "\r\u001B[2K" : ""}The MCP server ${line(server)} asks you:`,
    ...barred(screen, message),
    ...more,
    ""
  ].join("\n")

/** What comes from a server stands behind a bar, so that it is taken for nothing that effixir says. */
const barred = ({ hasColors, size }: typeof Screen.Service, text: string): ReadonlyArray<string> =>
  quoted(exactly(text), { hasColors, size: size() })

const noSecrets = "It gets what you type, and so may the model: no passwords, keys or other secrets."

const refusal = (key: string): Elicitation.Answer => key === "n" ? Elicitation.decline : Elicitation.cancel

const stopped = "stopped"

/** A key for the form as a whole: Escape, unless it stops what asks, and the end of the input leave it open. */
const consent = (screen: typeof Screen.Service, question: string) =>
  Effect.zipRight(
    Effect.flatMap(Keyboard.Stopping, ({ hasEscape }) =>
      screen.err(`  ${question} [y] yes  [n] no  [Esc] ${hasEscape ? "stop" : "neither"} `)),
    Keyboard.withKeys((keys) => {
      const next: Effect.Effect<string> = Effect.gen(function*() {
        const key = (yield* keys.next).toLowerCase()
        const { hasEscape, stop } = yield* Keyboard.Stopping
        if (key === escape && hasEscape) {
          // Where another than the turn asks, the next one finds no turn.
          return yield* Effect.zipRight(stop, next)
        }
        return meaning.has(key) ? key : yield* next
      }).pipe(Effect.catchTag("Resized", () =>
        next))
      return Effect.zipRight(keys.discard, next)
    })
  ).pipe(Effect.tap((key) => screen.err(`${key === "y" ? "yes" : key === "n" ? "no" : ""}\n`)))

const escape = "\u001B"
const meaning: ReadonlySet<string> = new Set(["y", "n", escape, "\u0004"])

/** The value of a field; nothing where it may be missing, and stopped where it may not. */
const ask = Effect.fnUntraced(function*(screen: typeof Screen.Service, field: Elicitation.Field) {
  const { description, isRequired, kind, title, usual } = field
  const choices = kind._tag === "Choice" ? kind.choices : []
  // What could not be typed as it is shown is not proposed.
  const begun = line(usual) === usual ? usual : ""
  // A line that the terminal edits begins empty.
  const proposed = (yield* IsPlain) ? begun : ""
  yield* screen.err([
    "",
    ...barred(screen, `${title}${description === "" ? "" : `: ${description}`}`),
    ...choices.flatMap(({ title }, at) => barred(screen, `${at + 1}  ${title}`)),
    `  (${Elicitation.expectedOf(kind)}${
      proposed !== "" ? `; Enter alone for ${proposed}` : isRequired ? "" : "; Enter alone for none"
    })`,
    ""
  ].join("\n"))
  for (let n = 0; n < maxTries; n++) {
    const typed = (yield* Keyboard.words("  > ", begun)) || proposed
    if (typed.trim() === "" && !isRequired) return undefined
    const value = Elicitation.read(kind, typed)
    if (Either.isRight(value) && typed.trim() !== "") return { value: value.right }
    yield* screen.err(`  That is not what is expected: ${Elicitation.expectedOf(kind)}.\n`)
  }
  return stopped
})
