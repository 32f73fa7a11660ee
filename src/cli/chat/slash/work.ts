/** What is done with the conversation and its files: `/compact`, `/undo`, `/init`, `/review`. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { relative } from "node:path"
import { line } from "../../../internal/visible.ts"
import * as NodeFiles from "../../../node/workspace/NodeFiles.ts"
import * as ChatPrompts from "../../../prompts/ChatPrompts.ts"
import { Files } from "../../../tools/workspace/Files.ts"
import { compactedLine } from "../../render/wording.ts"
import type { SlashCommand } from "./SlashCommand.ts"

export const compact: SlashCommand = {
  name: "compact",
  summary: "Make the conversation shorter: a summary stands for what was done so far",
  run: Effect.fnUntraced(function*(chat) {
    if (chat.session.asked().isNew) return yield* chat.say("There is nothing to compact yet.")
    const { after, before, method, plan } = yield* chat.session.compact
    if (Option.isNone(plan)) {
      return yield* chat.say("There is nothing to compact: the model has said nothing since the last time.")
    }
    yield* chat.compacted(after.tokens)
    yield* chat.say(compactedLine({ method, beforeTokens: before.tokens, afterTokens: after.tokens }))
  })
}

export const undo: SlashCommand = {
  name: "undo",
  summary: "Take back what the last turn has changed in files; what commands did stays",
  run: Effect.fnUntraced(function*(chat) {
    const { folder, session } = chat.session.asked()
    const files = yield* Effect.provide(Files, NodeFiles.layer)
    const report = yield* chat.undo.takeBack(session, files)
    if (Option.isNone(report)) {
      return yield* chat.say(
        "There is nothing to take back: no change of a file in this session is left that /undo has not dealt with."
      )
    }
    const { commands, kept, prompt, removed, restored } = report.value
    const name = (path: string) => {
      const short = relative(folder, path)
      return line(short.startsWith("..") ? path : short)
    }
    const changed = [...restored, ...removed]
    yield* chat.say([
      changed.length === 0 && kept.length === 0
        ? `The turn "${prompt}" has changed no file but by commands.`
        : changed.length === 0
        ? `No file could be taken back that the turn "${prompt}" has changed.`
        : `What the turn "${prompt}" has changed is taken back:`,
      ...restored.map((path) => `  ${name(path)} is as it was`),
      ...removed.map((path) => `  ${name(path)} is gone, as before`),
      ...kept.map(({ path, reason }) => `  ${name(path)} stays: ${reason}`),
      ...commands === 0
        ? []
        : [`  What ${commands === 1 ? "a command" : `${commands} commands`} of the turn may have changed stays.`]
    ].join("\n"))
    if (changed.length > 0) chat.note(ChatPrompts.undone(changed.map(name)))
  })
}

export const init: SlashCommand = {
  name: "init",
  summary: "Let the model write an AGENTS.md: what agents should know about this project",
  run: (chat) => chat.send("/init", ChatPrompts.init)
}

export const review: SlashCommand = {
  name: "review",
  words: "[WHAT]",
  summary: "Let the model review what is not committed yet, or WHAT you say",
  run: (chat, what) => chat.send(`/review ${what}`.trimEnd(), ChatPrompts.review(what))
}
