/** What there is, and what is so: `/help`, `/status`, `/context`, `/skills`, `/copy`. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { line } from "../../../internal/visible.ts"
import { grouped } from "../../render/wording.ts"
import type { SlashCommand } from "./SlashCommand.ts"

export const status: SlashCommand = {
  name: "status",
  summary: "Show who is signed in, how much of the plan is used, and what the next turn is asked with",
  worksAlongside: true,
  run: Effect.fnUntraced(function*(chat) {
    const { isTrusted, permission, search } = yield* chat.session.open
    const { folder, isNew, session } = chat.session.asked()
    const { usage } = chat.state()
    yield* chat.say([
      `session     ${session}${isNew ? " (not begun yet)" : ""}`,
      `folder      ${line(folder)}${isTrusted ? "" : " (not trusted: its instructions and skills are left out)"}`,
      `asks        ${chat.session.model() ?? ""}, effort ${chat.session.effort() ?? "as the model has it"}`,
      `permission  ${permission}${search ? ", the web may be searched" : ""}`,
      `tokens      ${grouped(usage.inputTokens)} in (${grouped(usage.cachedInputTokens)} cached), ${
        grouped(usage.outputTokens)
      } out${usage.costUsd === undefined ? "" : `, $${usage.costUsd.toFixed(4)}`}`
    ].join("\n"))
    const { handle } = yield* Effect.promise(() => import("../../handlers/status.ts"))
    yield* handle({ json: false, refresh: true, profile: Option.none(), auth: Option.none() })
  })
}

export const context: SlashCommand = {
  name: "context",
  summary: "Show how much of the model's window the conversation fills",
  worksAlongside: true,
  run: (chat) => {
    const { context } = chat.state()
    if (context === undefined) return chat.say("Nothing is in the model's window yet.")
    const { tokens, window } = context
    if (window === null) {
      return chat.say(`About ${grouped(tokens)} tokens; how large the model's window is nobody has said.`)
    }
    const share = Math.min(1, tokens / window)
    const bar = "█".repeat(Math.round(share * 30)).padEnd(30, "░")
    return chat.say(
      `${bar} ${Math.round(share * 100)} %: about ${grouped(tokens)} of ${
        grouped(window)
      } tokens. /compact makes it shorter.`
    )
  }
}

export const skills: SlashCommand = {
  name: "skills",
  summary: "List the skills; name one in a prompt as $NAME to use it",
  worksAlongside: true,
  run: Effect.fnUntraced(function*(chat) {
    const { skills } = yield* chat.session.open
    yield* chat.say(
      skills.length === 0
        ? "There are no skills: put a folder with a SKILL.md into .agents/skills of the project, or skills of effixir's folder."
        : skills.map(({ description, name }) => `$${name}  ${description}`).join("\n")
    )
  })
}

export const copy: SlashCommand = {
  name: "copy",
  summary: "Copy the last answer",
  worksAlongside: true,
  run: Effect.fnUntraced(function*(chat) {
    const { answer } = chat.state()
    if (answer === "") return yield* chat.say("There is no answer to copy yet.")
    const { copy } = yield* Effect.promise(() => import("../clipboard.ts"))
    yield* chat.say(yield* copy(answer))
  })
}
