/**
 * `effixir sessions export ID`
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { resolve } from "node:path"
import { Credentials } from "../../../auth/Credentials.ts"
import { hidden } from "../../../auth/Secrets.ts"
import { quote } from "../../../internal/quote.ts"
import { layerHome } from "../../../node/NodeHome.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as Html from "../../../session/export/Html.ts"
import * as Jsonl from "../../../session/export/Jsonl.ts"
import * as Markdown from "../../../session/export/Markdown.ts"
import * as Transcript from "../../../session/export/Transcript.ts"
import { readable } from "../../../session/Log.ts"
import * as Summary from "../../../session/Summary.ts"
import * as Common from "../../commands/options.ts"
import type { Flags } from "../../commands/sessions/export.ts"
import * as DamagedLines from "../../damagedLines.ts"
import { BadInput } from "../../ExitCode.ts"
import * as FindSession from "../../findSession.ts"
import { whileWaiting } from "../../progressLine.ts"
import * as Prompt from "../../prompt.ts"
import { Screen } from "../../Screen.ts"
import { writeOwn } from "../../writeOwn.ts"

export const handle = Effect.fnUntraced(function*({ format, output, words }: Flags) {
  const [given] = yield* Prompt.positionals(words, 1)
  if (given === undefined) return yield* new BadInput({ message: "Which session? Give its id" })
  const screen = yield* Screen
  const { damaged, text } = yield* whileWaiting("reading the session")(read(given, format))
  const target = Option.filter(output, (name) => name !== "-")
  if (Option.isNone(target)) yield* screen.out(text)
  else {
    const path = resolve(target.value)
    yield* writeOwn(path, text)
    yield* screen.err(`Written to ${quote(path)}\n`)
  }
  yield* DamagedLines.say(damaged)
}, Effect.provide(layerHome))

const read = Effect.fnUntraced(function*(given: string, format: Flags["format"]) {
  const id = yield* FindSession.named(given)
  yield* learnSecrets
  const lines = (yield* hidden((yield* FindSession.linesOf(id)).join("\n"))).split("\n")
  const { damaged, events } = readable(lines)
  const summary = Summary.fromLines(id, lines)
  return { damaged, text: yield* write(Option.getOrElse(format, () => "md" as const), summary, events) }
})

/**
 * Whatever is signed in, in any profile, is a secret from here on, as everywhere: it could be in the log of a session from
 * before.
 */
const learnSecrets = Effect.gen(function*() {
  const names = yield* Effect.flatMap(Home.config, Home.profiles)
  const look = Effect.option(Effect.flatMap(Credentials, ({ selected }) => selected)).pipe(Effect.provide(layerHome))
  yield* Effect.forEach(
    [Home.unnamed, ...names],
    (name) => Effect.ignore(look.pipe(Common.environment({ profile: Option.some(name), auth: Option.some("any") }))),
    { discard: true }
  )
})

const write = (
  format: "md" | "html" | "jsonl",
  summary: Summary.Summary,
  events: Parameters<typeof Transcript.fromEvents>[0]
): Effect.Effect<string> => {
  switch (format) {
    case "jsonl":
      return Effect.succeed(Jsonl.make(events))
    case "html":
      return Html.make(summary, Transcript.fromEvents(events))
    case "md":
      return Effect.succeed(Markdown.make(summary, Transcript.fromEvents(events)))
  }
}
