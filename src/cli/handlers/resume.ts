/**
 * `effixir resume ID "prompt"` and `effixir resume --last "prompt"`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { layerHome } from "../../node/NodeHome.ts"
import { lastTurn, lastUsed, unfinishedTurn } from "../../session/LastTurn.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/resume.ts"
import { BadInput } from "../ExitCode.ts"
import * as FindSession from "../findSession.ts"
import * as Image from "../image.ts"
import { onPlain } from "../plain.ts"
import * as Prompt from "../prompt.ts"
import { runTurn } from "../runTurn.ts"
import * as SessionSetup from "../sessionSetup.ts"
import { stdinWait } from "../settings.ts"
import * as TurnFlags from "../turnFlags.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const { cd, last, words } = flags
  const given = yield* Prompt.positionals(words, last ? 1 : 2)
  if (given.length === 0 && !last && canChoose(flags)) {
    const { choose } = yield* Effect.promise(() => import("./chat.ts"))
    return yield* choose(flags)
  }
  const { images, search, turn } = yield* TurnFlags.read(flags)
  const { id, log } = yield* FindSession.find(last ? undefined : given[0], last, cd).pipe(Effect.provide(layerHome))
  const events = log.map(({ event }) => event)
  const unfinished = unfinishedTurn(events)
  const folder = yield* FindSession.folderOf(cd, id, log)
  const asked = yield* promptFor(unfinished, given[last ? 0 : 1], {
    hasTurns: Option.isSome(lastTurn(events)),
    hasImages: images.length > 0,
    wait: stdinWait(folder)
  })
  const { environment, ...chosen } = yield* SessionSetup.choose(id, lastUsed(events), {
    ...flags,
    search,
    folder,
    form: turn.form
  })
  yield* runTurn({
    ...turn,
    session: id,
    known: log.at(-1)?.seq,
    prompt: asked === undefined ? undefined : [Image.message(asked.text, images)],
    piped: asked?.piped,
    folder,
    before: SessionSetup.permissionOf(events, unfinished),
    ...chosen
  }).pipe(Common.override(environment))
}, (run, flags) => TurnFlags.modes(flags)(flags.plain ? onPlain(run) : run))

/** A person at a terminal chooses a session, and goes on with it in a conversation. */
const canChoose = ({ dryRun, json, output }: Flags): boolean =>
  !json && !dryRun && Option.isNone(output) && process.stdin.isTTY === true && process.stdout.isTTY === true

/** An unfinished turn can go on without a prompt; any other session needs one, and so do images. */
const promptFor = (
  unfinished: Option.Option<unknown>,
  given: string | undefined,
  { hasImages, hasTurns, wait }: {
    readonly hasImages: boolean
    readonly hasTurns: boolean
    readonly wait: ReturnType<typeof stdinWait>
  }
) =>
  given === undefined && !hasImages && Option.isSome(unfinished) ? Effect.succeed(undefined) : Effect.mapError(
    Prompt.read(given, wait),
    (error) =>
      given === undefined && !hasImages && Option.isNone(unfinished)
        ? new BadInput({
          message: hasTurns
            ? "The last turn of this session has completed: add what to do next"
            : "No turn of this session has begun: add what to do"
        })
        : error
  )
