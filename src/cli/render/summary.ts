/**
 * What a run has taken and changed, in a line at its end.
 */
import type { AgentEvent } from "../../agent/AgentEvent.ts"
import { line as oneLine } from "../../internal/visible.ts"
import * as Usage from "../../responses/Usage.ts"
import { costs } from "../../session/export/wording.ts"
import * as FileChange from "../../tools/workspace/FileChange.ts"
import { secondsOf, tokensLine } from "./wording.ts"

export interface Summary {
  readonly add: (event: AgentEvent) => void
  /** Nothing where no model has been asked. */
  readonly line: (now: number) => string | undefined
}

export const make = (): Summary => {
  let since: number | undefined
  let usage = Usage.zero
  const files = new Map<string, string>()

  return {
    add: (event) => {
      // A session that goes on is shown from its beginning, long ago.
      if (event._tag !== "SessionStarted") since ??= event.at.epochMillis
      if (event._tag === "ModelResponded" || event._tag === "Compacted") usage = Usage.add(usage, event.usage)
      if (event._tag !== "ToolEnded") return
      for (const { path, real } of FileChange.inDetails(event.details)) files.set(real, path)
    },
    line: (now) => {
      if (since === undefined || usage.inputTokens + usage.outputTokens === 0) return undefined
      return [
        `${secondsOf(now - since)} s`,
        tokensLine(usage),
        ...costs(usage),
        ...files.size === 0 ? [] : [changed([...files.values()])]
      ].join(" · ")
    }
  }
}

/** How many files are named. */
const named = 3

const changed = (paths: ReadonlyArray<string>): string => {
  const more = paths.length - named
  const names = paths.slice(0, named).map(oneLine).join(", ")
  return `changed ${names}${more > 0 ? ` and ${more} more` : ""}`
}
