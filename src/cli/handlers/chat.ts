/**
 * `effixir chat`, and `effixir` alone on a terminal: a conversation.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { prose } from "../../internal/visible.ts"
import * as Ephemeral from "../../node/session/Ephemeral.ts"
import * as Undo from "../../node/session/Undo.ts"
import * as Home from "../../node/settings/Home.ts"
import * as Overrides from "../../node/settings/Overrides.ts"
import * as Chat from "../chat/Chat.ts"
import * as ChatSession from "../chat/ChatSession.ts"
import type { Front } from "../chat/Front.ts"
import * as InputHistory from "../chat/InputHistory.ts"
import * as Questions from "../chat/questions.ts"
import { wrapped } from "../chat/rows.ts"
import type { Flags } from "../commands/chat.ts"
import * as Common from "../commands/options.ts"
import { BadInput } from "../ExitCode.ts"
import * as FindSession from "../findSession.ts"
import * as Image from "../image.ts"
import { onPlain } from "../plain.ts"
import { whileWaiting } from "../progressLine.ts"
import { Screen } from "../Screen.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const screen = yield* Screen
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) return yield* new BadInput({ message: noTerminal })
  if (flags.last && Option.isSome(flags.resume)) {
    return yield* new BadInput({ message: "--last and --resume are about the same: give one of them" })
  }
  const images = yield* Effect.forEach(flags.image, Image.read)
  const asked = yield* whileWaiting("reading the session")(askedBy(flags))
  const isPlain = flags.plain || process.env["TERM"] === "dumb"
  const session = yield* Effect.scoped(Effect.gen(function*() {
    const home = yield* Home.config
    const ephemeral = flags.ephemeral ? yield* Ephemeral.make : undefined
    const undo = yield* ephemeral === undefined ? Undo.make(home.sessions) : undoIn(ephemeral.folder)
    const questions = yield* Questions.make
    const { approver } = questions
    const session = yield* ChatSession.make(asked.first, { approver, around: undo.around, ephemeral })
    // What is wrong with the settings is said before the screen is taken.
    yield* whileWaiting("getting ready")(session.open)
    const shown = yield* isPlain
      ? Effect.flatMap(Effect.promise(() => import("../chat/PlainFront.ts")), ({ make }) => make)
      : Effect.flatMap(Effect.promise(() => import("../chat/TerminalFront.ts")), ({ make }) => make)
    const history = yield* InputHistory.open(home.history, !flags.ephemeral)
    yield* Effect.gen(function*() {
      const chat = yield* Chat.make({ session, front: shown.front, history, undo, images })
      // A command waits for what it has asked of a server: the question alone is ended, and it goes on.
      questions.askOn(
        shown.front,
        Effect.suspend(() => chat.state().work?.isTurn === true ? chat.interrupt : Effect.succeed(false))
      )
      yield* chat.say(greeting({ ...flags, isResumed: asked.log.length > 0 }))
      if (asked.log.length > 0) yield* chat.show(asked.log)
      yield* shown.run(chat)
    }).pipe(within(shown.front))
    return session.asked()
  }))
  if (!session.isNew && !flags.ephemeral) {
    yield* screen.err(`To go on: effixir chat --resume ${FindSession.shortId(session.session)}\n`)
  }
}, (conversation, { plain, set }) => (plain ? onPlain(conversation) : conversation).pipe(Overrides.withOverrides(set)))

/** Goes on with a session that the person chooses from a list. */
export const choose = Effect.fnUntraced(function*(flags: Omit<Flags, "resume">) {
  const { pick } = yield* Effect.promise(() => import("../chat/pickSession.ts"))
  const chosen = yield* pick(Option.getOrElse(flags.cd, () => "."), flags.plain)
  if (Option.isSome(chosen)) yield* handle({ ...flags, resume: chosen })
})

const noTerminal =
  "A conversation needs a terminal to type in and to show it on. In a script, use `effixir run \"prompt\"`, or " +
  "`effixir resume ID \"prompt\"`"

const greeting = (
  { ephemeral, image, isResumed }: Pick<Flags, "ephemeral" | "image"> & { readonly isResumed: boolean }
): string =>
  [
    ...ephemeral ? ["Nothing of this conversation is kept."] : [],
    ...image.length === 0
      ? []
      : [`${image.length === 1 ? "The image goes" : "The images go"} along with your first message.`],
    ...isResumed ? [] : ["Say what to do; /help shows commands and keys, Ctrl-D leaves."]
  ].join(" ")

/** Beside a session of which nothing is kept, in a folder that goes when the conversation ends. */
const undoIn = (folder: string) =>
  Effect.gen(function*() {
    const [fs, path] = yield* Effect.all([FileSystem.FileSystem, Path.Path])
    const undo = yield* Undo.make(folder)
    return {
      ...undo,
      begin: (session: string, prompt: string) =>
        Effect.ignore(fs.makeDirectory(path.join(folder, session), { recursive: true, mode: 0o700 })).pipe(
          Effect.zipRight(undo.begin(session, prompt))
        )
    } satisfies Undo.Undo
  })

/** What the first turn is asked with, and the log of the session if there is one. */
const askedBy = Effect.fnUntraced(function*(flags: Flags) {
  const common = {
    permission: flags.permission,
    policy: flags.policy,
    trust: flags.trust,
    limits: yield* Common.limitsOf(flags)
  }
  const search = Common.searchOf(flags)
  const given = Option.getOrUndefined(flags.resume)
  if (given !== undefined || flags.last) {
    const { asked, log } = yield* ChatSession.existing(given, flags.cd, { ...flags, search })
    return { first: { ...common, ...asked } satisfies ChatSession.Asked, log }
  }
  const { auth, baseUrl, dialect, effort, profile } = flags
  const first: ChatSession.Asked = {
    ...common,
    ...yield* ChatSession.fresh,
    folder: Option.getOrElse(flags.cd, () => process.cwd()),
    model: flags.model,
    search,
    environment: { auth, baseUrl, dialect, profile },
    ...Option.isSome(effort) ? { effort: effort.value } : {}
  }
  return { first, log: [] }
})

/** What is told on other ways is shown in the conversation as well. */
const within = (front: Front) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const print = (text: string) => front.print(wrapped(text.replace(/\n$/, ""), front.columns()))
    const logged = yield* Queue.unbounded<string>()
    const logger = Logger.make<unknown, void>(({ message }) => {
      logged.unsafeOffer([message].flat().map(String).join(" "))
    })
    yield* Effect.forkScoped(Effect.forever(Effect.flatMap(logged.take, (message) => print(prose(message)))))
    return yield* effect.pipe(
      Effect.locally(FiberRef.currentLoggers, HashSet.make(logger)),
      Effect.provideService(Screen, {
        ...screen,
        out: print,
        err: print,
        say: (sentence) => print(prose(sentence)),
        isErrTerminal: false,
        isOutTerminal: false,
        hasColors: false
      })
    )
  })
