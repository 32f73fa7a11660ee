/**
 * `effixir compact ID`: makes the conversation of a session shorter.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { Agent } from "../../agent/Agent.ts"
import type { Report } from "../../agent/ManualCompaction.ts"
import { defined } from "../../internal/json.ts"
import { prose } from "../../internal/visible.ts"
import { layerHome } from "../../node/NodeHome.ts"
import * as Plan from "../../session/compaction/Plan.ts"
import { lastUsed, unfinishedTurn } from "../../session/LastTurn.ts"
import type { Configured } from "../../tools/mcp/McpServers.ts"
import * as AgentSetup from "../agentSetup.ts"
import type { Flags } from "../commands/compact.ts"
import * as Common from "../commands/options.ts"
import * as FindSession from "../findSession.ts"
import { whileWaiting } from "../progressLine.ts"
import * as Prompt from "../prompt.ts"
import { compactedLine, grouped } from "../render/wording.ts"
import * as Runtime from "../runtime.ts"
import { Screen } from "../Screen.ts"
import * as SessionSetup from "../sessionSetup.ts"

export const handle = Effect.fnUntraced(
  function*({ auth, cd, dryRun: isDryRun, json, last, profile, words }: Flags) {
    const [given] = yield* Prompt.positionals(words, last ? 0 : 1)
    const { id, log } = yield* FindSession.find(given, last, cd).pipe(Effect.provide(layerHome))
    const folder = yield* FindSession.folderOf(cd, id, log)
    const events = log.map(({ event }) => event)
    const form = json ? "jsonl" as const : "text" as const
    const { environment, ...chosen } = yield* SessionSetup.choose(id, lastUsed(events), {
      ...nothingElse,
      auth,
      folder,
      form,
      profile
    })
    yield* Effect.gen(function*() {
      // What is asked begins as the turns before it did, tools and all, or nothing of it would come from the server's cache.
      const before = SessionSetup.permissionOf(events, unfinishedTurn(events))
      const { runtime } = yield* AgentSetup.read({ ...chosen, before, folder, form })
      const report = yield* Effect.flatMap(
        Agent,
        ({ compact }) => compact(id, { isDryRun, ...defined({ model: Option.getOrUndefined(chosen.model) }) })
      ).pipe(
        Runtime.provide({ ...runtime, mcpServers: isDryRun ? [] : (runtime.mcpServers ?? []).map(optional) }),
        whileWaiting(isDryRun ? "looking at the conversation" : "compacting the conversation")
      )
      const screen = yield* Screen
      yield* screen.out(json ? `${JSON.stringify(toJson(id, report))}\n` : `${prose(toText(report))}\n`)
    }).pipe(Common.override(environment))
  }
)

/** A conversation is made shorter also where a server cannot be had that turns cannot do without. */
const optional = (configured: Configured): Configured => ({
  ...configured,
  server: Either.map(configured.server, (server) => ({ ...server, required: false }))
})

const nothingElse = {
  baseUrl: Option.none(),
  dialect: Option.none(),
  model: Option.none(),
  effort: Option.none(),
  search: undefined
}

const toJson = (session_id: string, { after, before, isDryRun, method }: Report) => ({
  session_id,
  method,
  dry_run: isDryRun,
  before,
  after
})

const toText = ({ after, before, isDryRun, method, plan }: Report): string => {
  if (Option.isNone(plan)) {
    return `There is nothing to compact: the model has said nothing yet, or nothing since the last time (about ${
      grouped(before.tokens)
    } tokens).`
  }
  if (!isDryRun) return compactedLine({ method, beforeTokens: before.tokens, afterTokens: after.tokens })
  const { kept, said } = plan.value
  const { calls, responses } = Plan.counts(plan.value)
  const way = method === "hosted" ? "The server makes one item of it that it alone can read." : "The model sums it up."
  return [
    `goes   ${number(responses, "response")} of the model with ${number(calls, "call")}. ${way}`,
    `stays  ${number(said.length, "message")} word by word: how the session began, and what you said last`,
    ...kept.map(({ why }) =>
      why === "open"
        ? "stays  the last response: calls of it have no output yet"
        : "stays  what the model has not seen yet"
    ),
    `size   about ${grouped(before.tokens)} tokens in ${number(before.items, "item")} now, ` +
    `about ${grouped(after.tokens)} in ${number(after.items, "item")} then`,
    ...after.tokens < before.tokens
      ? []
      : ["       There is nothing to gain yet: the conversation is shorter than that."]
  ].join("\n")
}

const number = (count: number, what: string): string => `${grouped(count)} ${what}${count === 1 ? "" : "s"}`
