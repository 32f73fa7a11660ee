/**
 * `effixir resume ID "prompt"` and `effixir resume --last "prompt"`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { layerHome } from "../../node/NodeHome.ts"
import { lastPermission, type LastTurn, unfinishedTurn } from "../../session/History.ts"
import type { PermissionInForce, Stored } from "../../session/SessionEvent.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/resume.ts"
import { BadInput } from "../ExitCode.ts"
import * as FindSession from "../findSession.ts"
import * as Image from "../image.ts"
import * as Prompt from "../prompt.ts"
import { runTurn } from "../runTurn.ts"

export const handle = Effect.fnUntraced(
  function*(
    {
      auth,
      cd,
      deltas,
      ephemeral,
      image,
      json,
      last,
      model,
      permission,
      policy,
      profile,
      search,
      trust,
      words,
      ...flags
    }: Flags
  ) {
    const given = yield* Prompt.positionals(words, last ? 1 : 2)
    const limits = yield* Common.limitsOf(flags)
    const images = yield* Effect.forEach(image, Image.read)
    const { id, log } = yield* find(last ? undefined : given[0], last, cd).pipe(Effect.provide(layerHome))
    const unfinished = unfinishedTurn(log.map((stored) => stored.event))
    const text = yield* promptFor(unfinished, given[last ? 0 : 1], images.length > 0)
    yield* runTurn({
      session: id,
      prompt: text === undefined ? undefined : [Image.message(text, images)],
      folder: yield* FindSession.folderOf(cd, workspaceOf(log)),
      // A continued turn keeps its model, and so needs the tools of that model.
      model: text === undefined ? Option.map(unfinished, ({ started }) => started.model) : model,
      json,
      deltas,
      limits,
      permission,
      policy,
      before: permissionOf(log, unfinished),
      search,
      trust,
      isEphemeral: ephemeral
    }).pipe(Common.override({ auth, profile }))
  }
)

const find = Effect.fnUntraced(function*(given: string | undefined, last: boolean, cd: Option.Option<string>) {
  if (given === undefined && !last) {
    return yield* new BadInput({ message: "Which session? Give its id, or --last for the one that was used last" })
  }
  const store = yield* SessionStore
  const id = given === undefined ? yield* FindSession.last(cd) : yield* FindSession.named(given)
  return { id, log: yield* store.read(id) }
})

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

export const workspaceOf = (log: ReadonlyArray<Stored>): string | undefined => {
  const first = log[0]?.event
  return first?._tag === "SessionStarted" ? first.workspace : undefined
}
