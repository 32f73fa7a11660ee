/**
 * `effixir sessions show ID`
 */
import * as Effect from "effect/Effect"
import { json as visibleJson, line } from "../../../internal/visible.ts"
import { layerHome } from "../../../node/NodeHome.ts"
import * as ContextSize from "../../../session/compaction/ContextSize.ts"
import * as Transcript from "../../../session/export/Transcript.ts"
import { costs, count, when } from "../../../session/export/wording.ts"
import { readable } from "../../../session/Log.ts"
import { SessionError } from "../../../session/SessionError.ts"
import type { Context } from "../../../session/SessionEvent.ts"
import * as SessionJson from "../../../session/SessionJson.ts"
import { SessionStore } from "../../../session/SessionStore.ts"
import { childrenOf, type Summary } from "../../../session/Summary.ts"
import type { Flags } from "../../commands/sessions/show.ts"
import * as DamagedLines from "../../damagedLines.ts"
import { BadInput } from "../../ExitCode.ts"
import * as FindSession from "../../findSession.ts"
import { modelWindow } from "../../modelWindow.ts"
import { page } from "../../pager.ts"
import { whileWaiting } from "../../progressLine.ts"
import * as Prompt from "../../prompt.ts"
import { toText } from "../../render/transcript.ts"
import { tokensLine } from "../../render/wording.ts"
import { dim, Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ json, words }: Flags) {
  const [given] = yield* Prompt.positionals(words, 1)
  if (given === undefined) return yield* new BadInput({ message: "Which session? Give its id" })
  const screen = yield* Screen
  const { all, context, damaged, events, summary } = yield* whileWaiting("reading the session")(read(given))
  if (json) {
    yield* screen.out(`${visibleJson(JSON.stringify(SessionJson.details(summary, events, context, all)))}\n`)
  } else {
    const hasColors = screen.isOutTerminal && screen.hasColors
    const style = {
      bold: hasColors ? bold : (text: string) => text,
      dim: hasColors ? dim(screen) : (text: string) => text
    }
    yield* page(`${style.dim(headOf(summary, context, all))}\n\n${toText(Transcript.fromEvents(events), style)}`)
  }
  yield* DamagedLines.say(damaged)
}, Effect.provide(layerHome))

const read = Effect.fnUntraced(function*(given: string) {
  const store = yield* SessionStore
  const id = yield* FindSession.named(given)
  const { damaged, events } = readable(yield* FindSession.linesOf(id))
  const all = yield* store.list
  const summary = all.find((session) => session.id === id)
  if (summary === undefined) return yield* new SessionError({ reason: "NotFound", session: id, detail: "" })
  return { all, context: yield* ContextSize.ofLog(events, modelWindow), damaged, events, summary }
})

const bold = (text: string): string => `\u001B[1m${text}\u001B[22m`

const headOf = (summary: Summary, { tokens, window }: Context, all: ReadonlyArray<Summary>): string => {
  const { usage } = summary
  return [
    `${FindSession.titleOf(summary)}`,
    `session ${summary.id}, ${when(summary.createdAt)}${
      summary.workspace === null ? "" : `, in ${line(summary.workspace)}`
    }`,
    ...summary.forkOf === null ? [] : [`a fork of session ${summary.forkOf.sessionId}`],
    ...summary.parent === null ? [] : [`works for a call of session ${summary.parent.sessionId}`],
    `${count(summary.turns, "turn")}, ${summary.status}; ${count(tokens, "token")} in its context${
      window === null ? "" : ` of ${window.toLocaleString("en-US")}`
    }`,
    ...usage.inputTokens + usage.outputTokens === 0 ? [] : [[`used ${tokensLine(usage)}`, ...costs(usage)].join(", ")],
    ...childrenOf(summary, all).map((child) =>
      `an agent worked for it: session ${child.id}, ${child.status}: ${FindSession.titleOf(child)}`
    )
  ].join("\n")
}
