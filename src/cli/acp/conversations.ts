/**
 * The conversations of the command line, as an editor has them.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { isConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ClientCommands from "../../acp/ClientCommands.ts"
import * as ClientFiles from "../../acp/ClientFiles.ts"
import {
  type Choice,
  type Client,
  type Command,
  type Conversation,
  Conversations,
  Refused,
  type Setting
} from "../../acp/Conversations.ts"
import * as Inbox from "../../agent/Inbox.ts"
import { Credentials } from "../../auth/Credentials.ts"
import { layerHome } from "../../node/NodeHome.ts"
import { layerSessions } from "../../node/NodeSessions.ts"
import * as ModelProfile from "../../responses/account/ModelProfile.ts"
import { Models } from "../../responses/account/Models.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import type { Configured } from "../../tools/mcp/McpServers.ts"
import type { Asking } from "../../tools/permission/Approver.ts"
import { Mode } from "../../tools/permission/Mode.ts"
import * as ChatSession from "../chat/ChatSession.ts"
import type { Flags } from "../commands/acp.ts"
import * as Common from "../commands/options.ts"
import * as FindSession from "../findSession.ts"
import type { Interruption } from "../Interruption.ts"
import * as OwnPrompts from "../ownPrompts.ts"
import { modes } from "../permissionModes.ts"
import { sayConfig } from "../sayConfig.ts"
import type { Screen } from "../Screen.ts"

type Services = FileSystem.FileSystem | Path.Path | Interruption | Screen

export const layer = (flags: Flags) =>
  Layer.effect(
    Conversations,
    Effect.gen(function*() {
      const context = yield* Effect.context<Services>()
      const { auth, baseUrl, dialect, effort, model, permission, policy, profile, trust } = flags
      const environment = { auth, baseUrl, dialect, profile }
      const search = Common.searchOf(flags)
      const common = { permission, policy, trust, limits: yield* Common.limitsOf(flags) }

      const open = (
        asked: ChatSession.Asked,
        approver: Asking,
        mcpServers: ReadonlyArray<Configured>,
        { files, openTerminal }: Client
      ) =>
        Effect.gen(function*() {
          const session = yield* ChatSession.make(asked, {
            approver,
            mcpServers,
            around: ClientFiles.around(files),
            aroundCommands: openTerminal === undefined || process.platform === "win32"
              ? undefined
              : ClientCommands.around(openTerminal, Object.keys(process.env))
          })
          // What is wrong with the settings is told when the session begins.
          yield* session.open
          return yield* conversation(session)
        }).pipe(Effect.mapError(toRefused), Effect.provide(context))

      const existing = (
        id: string,
        folder: string,
        approver: Asking,
        servers: ReadonlyArray<Configured>,
        client: Client
      ) =>
        ChatSession.existing(id, Option.some(folder), { auth, baseUrl, dialect, effort, model, profile, search }).pipe(
          Effect.mapError(toRefused),
          Effect.provide(context),
          Effect.flatMap(({ asked }) => open({ ...common, ...asked }, approver, servers, client))
        )

      return Conversations.of({
        begin: (folder, approver, servers, client) =>
          Effect.flatMap(ChatSession.fresh, (fresh) =>
            open(
              {
                ...common,
                ...fresh,
                folder,
                model,
                search,
                environment,
                ...Option.isSome(effort) ? { effort: effort.value } : {}
              },
              approver,
              servers,
              client
            )),
        open: existing,
        fork: (id, folder, approver, servers, client) =>
          Effect.flatMap(SessionStore, (store) => store.fork(id)).pipe(
            Effect.provide(layerSessions),
            Effect.mapError(toRefused),
            Effect.flatMap((fork) => existing(fork.id, folder, approver, servers, client))
          ),
        list: Effect.flatMap(SessionStore, (store) => store.list).pipe(
          Effect.map(FindSession.ofPersons),
          Effect.provide(layerSessions),
          Effect.mapError(toRefused)
        ),
        remove: (id) =>
          Effect.flatMap(SessionStore, (store) => store.remove(id)).pipe(
            Effect.provide(layerSessions),
            Effect.mapError(toRefused)
          ),
        signedIn: Effect.flatMap(Credentials, ({ selected }) => Effect.asVoid(selected)).pipe(
          Effect.provide(layerHome),
          Common.override(environment),
          Effect.mapError(toRefused),
          Effect.provide(context)
        )
      })
    })
  )

/** How many inputs may wait while a turn runs; an editor sends none. */
const maxWaiting = 1

const conversation = Effect.fnUntraced(function*(session: ChatSession.ChatSession) {
  const context = yield* Effect.context<Services>()
  const inbox = yield* Inbox.make(maxWaiting)
  const refusing = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E, Services>) =>
    effect.pipe(Effect.mapError(toRefused), Effect.provide(context))

  const compact: Command = {
    name: "compact",
    description: "Put a summary in the place of what was said so far, to make room",
    run: () => Effect.as(refusing(session.compact), undefined)
  }

  const settings = Effect.gen(function*() {
    const { permission, settings, usualModel } = yield* session.open
    const { models: catalogue } = yield* session.use(Effect.flatMap(Models, ({ list }) => list()))
    const now = session.model() ?? usualModel
    const { defaultEffort, efforts = [], reasoning } = ModelProfile.profileOf(now, {
      catalogue,
      models: settings.models
    })
    const effort = session.effort() ?? defaultEffort ?? efforts[0]
    return {
      mode: setting(permission, Mode.literals.map((mode) => ({ value: mode, name: mode, description: modes[mode] }))),
      model: setting(now, catalogue.map(({ description, slug }) => ({ value: slug, name: slug, description }))),
      effort: reasoning && effort !== undefined
        ? setting(effort, efforts.map((level) => ({ value: level, name: level })))
        : undefined
    }
  })

  const self: Conversation = {
    id: session.asked().session,
    folder: session.asked().folder,
    log: refusing(session.eventsAfter(-1)),
    settings: refusing(settings),
    choose: ({ effort, mode, model }) =>
      session.change({
        ...effort === undefined ? {} : { effort },
        ...model === undefined ? {} : { model: Option.some(model) },
        ...mode === undefined ? {} : { permission: Option.fromNullable(Mode.literals.find((one) => one === mode)) }
      }),
    commands: session.open.pipe(
      Effect.flatMap(({ isTrusted, settings }) =>
        OwnPrompts.load(session.asked().folder, settings.home.prompts, isTrusted)
      ),
      Effect.provide(context),
      Effect.orElseSucceed(() => []),
      Effect.map((own) => [compact, ...own.filter(({ name }) => name !== compact.name).map(commandOf)])
    ),
    run: (input) =>
      session.run(input, inbox).pipe(
        Stream.tap(({ _tag }) => _tag === "TurnStarted" ? session.began : Effect.void),
        Stream.mapError(toRefused),
        Stream.provideContext(context)
      )
  }
  return self
})

const commandOf = ({ fill, name, summary, words }: OwnPrompts.OwnPrompt): Command => ({
  name,
  description: summary,
  hint: words === "" ? undefined : words,
  run: (words) => Effect.succeed(fill(words))
})

/** What counts now can be chosen, also where the server does not list it. */
const setting = (now: string, choices: ReadonlyArray<Choice>): Setting => ({
  now,
  choices: choices.some(({ value }) => value === now) ? choices : [{ value: now, name: now }, ...choices]
})

const toRefused = (error: { readonly _tag?: string; readonly message: string }): Refused => {
  if (error instanceof Refused) return error
  const message = isConfigError(error) ? sayConfig(error) : error.message
  switch (error._tag) {
    case "SessionError":
      return new Refused({ reason: "reason" in error && error.reason === "NotFound" ? "NotFound" : "Failed", message })
    case "SignedOut":
    case "NotSignedIn":
      return new Refused({ reason: "SignedOut", message })
    case "BadInput":
      return new Refused({ reason: "BadInput", message })
    default:
      return new Refused({ reason: "Failed", message })
  }
}
