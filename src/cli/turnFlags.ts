/**
 * What the flags say that `run`, `resume` and `fork` share.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ConfigError } from "../auth/ConfigError.ts"
import * as Overrides from "../node/settings/Overrides.ts"
import * as Common from "./commands/options.ts"
import type { Flags as RunFlags } from "./commands/run.ts"
import * as DryRun from "./dryRun.ts"
import { BadInput } from "./ExitCode.ts"
import * as Image from "./image.ts"
import * as LastMessage from "./lastMessage.ts"
import * as OutputSchema from "./outputSchema.ts"
import type { Form, Verbosity } from "./render/Renderer.ts"
import { Screen } from "./Screen.ts"

type Flags = Omit<RunFlags, "words">

/** Whatever cannot be used is refused before a model is asked. */
export const read = Effect.fnUntraced(function*(flags: Flags) {
  const { deltas, dryRun, ephemeral, outputLastMessage, outputSchema, permission, policy, trust } = flags
  const form = yield* formOf(flags)
  if (dryRun && trust) {
    return yield* new BadInput({
      message: "--dry-run keeps nothing, and --trust is kept: trust the project in a run first"
    })
  }
  const verbosity = yield* verbosityOf(flags)
  const limits = yield* Common.limitsOf(flags)
  const images = yield* Effect.forEach(flags.image, Image.read)
  const lastMessage = Option.getOrUndefined(yield* Effect.transposeMapOption(outputLastMessage, LastMessage.at))
  const output = Option.getOrUndefined(yield* Effect.transposeMapOption(outputSchema, OutputSchema.read))
  return {
    images,
    search: Common.searchOf(flags),
    turn: {
      form,
      verbosity,
      deltas,
      limits,
      permission,
      policy,
      trust,
      isEphemeral: ephemeral || dryRun,
      isDryRun: dryRun,
      lastMessage,
      output
    }
  }
})

export const formOf = ({ json, output }: Pick<Flags, "json" | "output">): Effect.Effect<Form, BadInput> => {
  if (Option.isNone(output)) return Effect.succeed(json ? "jsonl" : "text")
  if (json) return new BadInput({ message: "--output and --json are about the same: give one of them" })
  return Effect.succeed(output.value === "json" ? "envelope" : "text")
}

const verbosityOf = ({ quiet, verbose }: Pick<Flags, "quiet" | "verbose">): Effect.Effect<Verbosity, BadInput> =>
  quiet && verbose
    ? new BadInput({ message: "--quiet and --verbose are about the same: give one of them" })
    : Effect.succeed(quiet ? "quiet" : verbose ? "verbose" : "usual")

/** How the command runs as a whole: with settings of its own, with fewer words, or without sending anything. */
export const modes =
  (flags: Pick<Flags, "dryRun" | "json" | "output" | "quiet" | "set">) =>
  <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<unknown, BadInput | ConfigError | E, R | Screen> =>
    Effect.gen(function*() {
      const screen = yield* Screen
      const said = run.pipe(
        Effect.provideService(Screen, flags.quiet ? { ...screen, say: () => Effect.void } : screen),
        Overrides.withOverrides(flags.set)
      )
      return yield* flags.dryRun ? DryRun.instead(yield* formOf(flags))(said) : said
    })
