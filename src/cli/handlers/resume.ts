/**
 * `effixir resume ID "prompt"` and `effixir resume --last "prompt"`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { layerHome } from "../../node/NodeHome.ts"
import { lastPermission, type LastTurn, lastUsed, unfinishedTurn } from "../../session/History.ts"
import type { PermissionInForce, Stored } from "../../session/SessionEvent.ts"
import { type DamagedLine, type Log, SessionStore } from "../../session/SessionStore.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/resume.ts"
import { BadInput } from "../ExitCode.ts"
import * as FindSession from "../findSession.ts"
import * as Image from "../image.ts"
import * as Prompt from "../prompt.ts"
import { runTurn } from "../runTurn.ts"
import { Screen } from "../Screen.ts"
import * as SessionSetup from "../sessionSetup.ts"

export const handle = Effect.fnUntraced(
  function*(
    {
      auth,
      baseUrl,
      cd,
      deltas,
      dialect,
      effort,
      ephemeral,
      image,
      json,
      last,
      model,
      permission,
      policy,
      profile,
      trust,
      words,
      ...flags
    }: Flags
  ) {
    const given = yield* Prompt.positionals(words, last ? 1 : 2)
    const limits = yield* Common.limitsOf(flags)
    const search = Common.searchOf(flags)
    const images = yield* Effect.forEach(image, Image.read)
    const { id, log } = yield* find(last ? undefined : given[0], last, cd).pipe(Effect.provide(layerHome))
    const unfinished = unfinishedTurn(log.map((stored) => stored.event))
    const text = yield* promptFor(unfinished, given[last ? 0 : 1], images.length > 0)
    const events = log.map(({ event }) => event)
    const { environment, ...chosen } = yield* SessionSetup.choose(id, lastUsed(events), {
      auth,
      baseUrl,
      dialect,
      effort,
      json,
      model,
      profile,
      search
    })
    yield* runTurn({
      session: id,
      known: log.at(-1)?.seq,
      prompt: text === undefined ? undefined : [Image.message(text, images)],
      folder: yield* FindSession.folderOf(cd, Option.isSome(cd) ? undefined : yield* workspaceOf(id, log)),
      json,
      deltas,
      limits,
      permission,
      policy,
      before: permissionOf(log, unfinished),
      trust,
      isEphemeral: ephemeral,
      ...chosen
    }).pipe(Common.override(environment))
  }
)

/** The session that a person means, and its log. */
export const find = Effect.fnUntraced(
  function*(given: string | undefined, last: boolean, cd: Option.Option<string>) {
    if (given === undefined && !last) {
      return yield* new BadInput({ message: "Which session? Give its id, or --last for the one that was used last" })
    }
    if (given === "") {
      return yield* new BadInput({
        message: "The id of the session is empty: give it, a part of it, or --last for the one that was used last"
      })
    }
    const store = yield* SessionStore
    const id = given === undefined ? yield* FindSession.last(cd) : yield* FindSession.named(given)
    return { id, log: yield* readLog(yield* store.inspect(id)) }
  }
)

/** The events of a log; says which lines of it are none. */
export const readLog = Effect.fnUntraced(function*({ damaged, events }: Log) {
  const screen = yield* Screen
  if (damaged.length > 0) yield* screen.say(leftOut(damaged))
  return events
})

/** How many damaged lines are named. */
const mostNamed = 5

const leftOut = (damaged: ReadonlyArray<DamagedLine>): string => {
  const named = damaged.slice(0, mostNamed).map(({ line, problem }) => `${line} (${problem})`)
  const more = damaged.length - named.length
  return damaged.length === 1
    ? `one line of the session's log is damaged and left out: ${named.join(", ")}; the session goes on with the others`
    : `${damaged.length} lines of the session's log are damaged and left out: ${named.join(", ")}${
      more === 0 ? "" : ` and ${more} more`
    }; the session goes on with the others`
}

/**
 * Resuming does not allow a call that stopped the turn because no person was there to approve it: if the log does not
 * record the permission, the run asks.
 */
export const permissionOf = (log: ReadonlyArray<Stored>, unfinished: Option.Option<LastTurn>): PermissionInForce => {
  const last = lastPermission(log.map(({ event }) => event))
  return last.permission === undefined && Option.exists(unfinished, isHeldBack) ? { permission: "ask" } : last
}

const isHeldBack = ({ end }: LastTurn): boolean => end?._tag === "TurnFailed" && end.kind === "PermissionNeeded"

/** An unfinished turn can go on without a prompt; any other session needs one, and so do images. */
const promptFor = (unfinished: Option.Option<unknown>, given: string | undefined, hasImages: boolean) =>
  given === undefined && !hasImages && Option.isSome(unfinished) ? Effect.succeed(undefined) : Effect.mapError(
    Prompt.read(given),
    (error) =>
      given === undefined && !hasImages && Option.isNone(unfinished)
        ? new BadInput({ message: "The last turn of this session has completed: add what to do next" })
        : error
  )

/** A session that was begun by a program may have no folder; one whose first line is damaged has lost it. */
export const workspaceOf = (id: string, log: ReadonlyArray<Stored>) => {
  const first = log.find(({ event }) => event._tag === "SessionStarted")?.event
  return first?._tag === "SessionStarted"
    ? Effect.succeed(first.workspace ?? ".")
    : new BadInput({
      message: `The line that says in which folder session ${id} works is damaged: name the folder with -C`
    })
}
