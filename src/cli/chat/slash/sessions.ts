/** Which session the conversation is: `/resume`, `/sessions`, `/fork`, `/rename`, `/clear`, and what is written of it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { extname } from "node:path"
import { line } from "../../../internal/visible.ts"
import { layerHome } from "../../../node/NodeHome.ts"
import { layerSessions } from "../../../node/NodeSessions.ts"
import { SessionStore } from "../../../session/SessionStore.ts"
import { toTitle } from "../../../session/Summary.ts"
import * as FindSession from "../../findSession.ts"
import type { Chat } from "../Chat.ts"
import * as ChatSession from "../ChatSession.ts"
import * as SessionChoice from "../sessionChoice.ts"
import type { SlashCommand } from "./SlashCommand.ts"

/** The next turn is one of another session, which is asked as `effixir resume` would. */
const change = Effect.fnUntraced(function*(chat: Chat, id: string) {
  const { asked, log } = yield* ChatSession.existing(id, Option.none())
  const before = chat.session.asked()
  yield* chat.session.change({
    ...asked,
    permission: Option.none(),
    policy: Option.none(),
    // One project was trusted by the flag, not those of other sessions.
    trust: before.trust && asked.folder === before.folder
  })
  return { ...asked, log }
})

/** Goes on with another session, and shows how it was left. */
const goTo = Effect.fnUntraced(function*(chat: Chat, id: string) {
  const before = chat.session.asked()
  const { folder, log, session } = yield* change(chat, id)
  const name = `Session ${FindSession.shortId(session)}`
  if (session === before.session && !before.isNew) return yield* chat.say(`${name} is the one that goes on already.`)
  yield* chat.forget
  yield* chat.show(log)
  yield* chat.say(`${name} goes on${folder === before.folder ? "" : `, in ${folder}`}.`)
})

/** A command about what is kept of the session. */
const ofKept = (run: SlashCommand["run"]): SlashCommand["run"] => (chat, words) =>
  chat.session.isEphemeral
    ? chat.say("Nothing of this conversation is kept (--ephemeral): there is no session to do that with.")
    : run(chat, words)

export const resume: SlashCommand = {
  name: "resume",
  words: "[ID]",
  summary: "Go on with another session",
  run: Effect.fnUntraced(function*(chat, given) {
    if (given !== "") return yield* goTo(chat, given)
    const choices = yield* SessionChoice.here(chat.session.asked().folder)
    if (choices.length === 0) return yield* chat.say("There is no session of this folder yet.")
    const chosen = yield* chat.front.choose("Which session?", choices)
    if (Option.isSome(chosen)) yield* goTo(chat, chosen.value)
  })
}

export const sessions: SlashCommand = {
  name: "sessions",
  summary: "List the sessions of this folder",
  worksAlongside: true,
  run: Effect.fnUntraced(function*(chat) {
    const choices = yield* SessionChoice.here(chat.session.asked().folder)
    if (choices.length === 0) return yield* chat.say("There is no session of this folder yet.")
    const now = chat.session.asked().session
    yield* chat.say(
      choices.map(({ remark, title, value }) =>
        `${value === now ? "›" : " "} ${FindSession.shortId(value)}  ${title}  ${remark}`
      ).join("\n")
    )
  })
}

export const fork: SlashCommand = {
  name: "fork",
  words: "[N]",
  summary: "Go on in a copy of this session, which stays as it is; with N from the end of its turn N on",
  run: ofKept(Effect.fnUntraced(function*(chat, given) {
    const { isNew, session } = chat.session.asked()
    if (isNew) return yield* chat.say("There is nothing to copy yet: the session has no turn.")
    if (given !== "" && !/^[1-9]\d{0,5}$/.test(given)) {
      return yield* chat.say(`"${given}" is no turn: /fork 2 goes on from the end of the second.`)
    }
    const { id } = yield* chat.session.use(
      Effect.flatMap(SessionStore, (store) => store.fork(session, given === "" ? undefined : Number(given)))
    )
    // The copy is asked as this one is.
    yield* chat.session.change({ session: id })
    // All that is in it stands on the screen already, unless its end is left out.
    if (given !== "") {
      const { log } = yield* Effect.provide(FindSession.find(id, false, Option.none()), layerHome)
      yield* chat.forget
      yield* chat.show(log)
    }
    yield* chat.say(
      `This is a copy now${given === "" ? "" : `, from the end of turn ${given} on`}; session ${
        FindSession.shortId(session)
      } stays as it is.`
    )
  }))
}

export const rename: SlashCommand = {
  name: "rename",
  words: "TITLE",
  summary: "Give this session another title",
  run: ofKept(Effect.fnUntraced(function*(chat, given) {
    const title = toTitle(given)
    if (title === "") return yield* chat.say("Which title? /rename The title")
    const { isNew, session } = chat.session.asked()
    if (isNew) return yield* chat.say("The session begins with your first message; give it a title after that.")
    yield* Effect.provide(Effect.flatMap(SessionStore, (store) => store.rename(session, title)), layerSessions)
    yield* chat.say(`The session is now called: ${title}`)
  }))
}

export const clear: SlashCommand = {
  name: "clear",
  summary: "Begin a new session; this one can be gone on with later",
  run: Effect.fnUntraced(function*(chat) {
    const { isNew, session } = chat.session.asked()
    yield* chat.session.change(yield* ChatSession.fresh)
    yield* chat.forget
    yield* chat.say(
      isNew || chat.session.isEphemeral
        ? "A new session."
        : `A new session. The one before: /resume ${FindSession.shortId(session)}`
    )
  })
}

const formats: { readonly [extension: string]: "md" | "html" | "jsonl" } = {
  ".md": "md",
  ".markdown": "md",
  ".html": "html",
  ".htm": "html",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl"
}

export const exportSession: SlashCommand = {
  name: "export",
  words: "[FILE]",
  summary: "Write this session down for others, as FILE.md, FILE.html or FILE.jsonl",
  worksAlongside: true,
  run: ofKept(Effect.fnUntraced(function*(chat, file) {
    const { isNew, session } = chat.session.asked()
    if (isNew) return yield* chat.say("There is nothing to write down yet: the session has no turn.")
    const { handle } = yield* Effect.promise(() => import("../../handlers/sessions/export.ts"))
    const now = yield* Clock.currentTimeMillis
    const output = file === "" ? `effixir-${FindSession.shortId(session)}-${now.toString(36)}.md` : file
    const format = formats[extname(output).toLowerCase()]
    if (format === undefined) {
      return yield* chat.say(`"${line(output)}" says no format: /export FILE.md, FILE.html or FILE.jsonl.`)
    }
    yield* handle({ format: Option.some(format), output: Option.some(output), words: [session] })
  }))
}

export const history: SlashCommand = {
  name: "history",
  summary: "Show all of this session, by $PAGER",
  run: ofKept(Effect.fnUntraced(function*(chat) {
    const { isNew, session } = chat.session.asked()
    if (isNew) return yield* chat.say("The session has no turn yet.")
    const { handle } = yield* Effect.promise(() => import("../../handlers/sessions/show.ts"))
    yield* chat.front.aside(handle({ json: false, words: [session] }))
  }, Effect.provide(layerHome)))
}
