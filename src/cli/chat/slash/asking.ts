/** What the next turn is asked with: `/model`, `/effort`, `/permission`. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { line } from "../../../internal/visible.ts"
import * as ModelProfile from "../../../responses/account/ModelProfile.ts"
import { Models } from "../../../responses/account/Models.ts"
import { Mode } from "../../../tools/permission/Mode.ts"
import { modes } from "../../permissionModes.ts"
import * as Suggest from "../../suggest.ts"
import type { Chat } from "../Chat.ts"
import { chooseMode } from "./chooseMode.ts"
import type { SlashCommand } from "./SlashCommand.ts"

const setModel = (chat: Chat, model: string) =>
  Effect.zipRight(
    chat.session.change({ model: Option.some(model) }),
    chat.say(`The next turn asks ${model}.`)
  )

export const model: SlashCommand = {
  name: "model",
  words: "[NAME]",
  summary: "Ask another model from the next turn on",
  run: Effect.fnUntraced(function*(chat, name) {
    const { models } = yield* chat.session.use(Effect.flatMap(Models, ({ list }) => list()))
    const names = models.map(({ slug }) => slug)
    if (name !== "") {
      yield* setModel(chat, name)
      // A server may have more models than it lists.
      if (names.length === 0 || names.includes(name)) return
      const meant = Suggest.command(name, names)
      return yield* chat.say(
        `It is not in the list of models${meant === undefined ? "" : `; the nearest is ${meant}`}: /model shows them.`
      )
    }
    const now = chat.session.model()
    const chosen = yield* chat.front.choose(
      "Which model?",
      models.map(({ description = "", slug }) => ({
        value: slug,
        title: slug,
        remark: [...slug === now ? ["now"] : [], ...description === "" ? [] : [description]].join(" · ")
      })),
      models.findIndex(({ slug }) => slug === now)
    )
    if (Option.isSome(chosen)) yield* setModel(chat, chosen.value)
  })
}

/** What is known of the levels of the model that is asked. */
const profileOf = (chat: Chat) =>
  Effect.gen(function*() {
    const { settings, usualModel } = yield* chat.session.open
    const { models: catalogue } = yield* chat.session.use(
      Effect.flatMap(Models, ({ known }) => known)
    )
    const model = chat.session.model() ?? usualModel
    return { model, profile: ModelProfile.profileOf(model, { catalogue, models: settings.models }) }
  })

export const effort: SlashCommand = {
  name: "effort",
  words: "[LEVEL]",
  summary: "Let the model think harder, or less hard, from the next turn on",
  run: Effect.fnUntraced(function*(chat, given) {
    const { model, profile } = yield* profileOf(chat)
    const { efforts = [] } = profile
    if (!profile.reasoning) return yield* chat.say(`${model} takes no effort.`)
    if (given !== "" && efforts.length > 0 && !efforts.includes(given)) {
      return yield* chat.say(`${model} has no effort "${line(given)}" (it has ${efforts.join(", ")}).`)
    }
    const now = chat.session.effort() ?? profile.defaultEffort
    const chosen = given !== ""
      ? Option.some(given)
      : efforts.length === 0
      ? yield* Effect.as(chat.say(`The levels of ${model} are not known: give one, as in /effort high.`), Option.none())
      : yield* chat.front.choose(
        `How hard should ${model} think?`,
        efforts.map((level) => ({ value: level, title: level, remark: level === now ? "now" : "" })),
        efforts.indexOf(now ?? "")
      )
    if (Option.isNone(chosen)) return
    yield* chat.session.change({ effort: chosen.value })
    yield* chat.say(`The next turn asks with effort ${chosen.value}.`)
  })
}

export const permission: SlashCommand = {
  name: "permission",
  words: "[auto|ask|read-only]",
  summary: "Decide what tools may do from the next turn on",
  run: Effect.fnUntraced(function*(chat, given) {
    const { permission: now } = yield* chat.session.open
    const chosen = yield* chooseMode(chat, given, {
      what: "permission",
      question: "What may tools do?",
      modes,
      all: Mode.literals,
      now
    })
    if (Option.isNone(chosen)) return
    yield* chat.session.change({ permission: chosen })
    yield* chat.say(`From the next turn on ${modes[chosen.value]}.`)
  })
}
