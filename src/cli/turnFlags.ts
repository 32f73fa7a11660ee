/**
 * What the flags say that `run`, `resume` and `fork` share.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Common from "./commands/options.ts"
import type { Flags as RunFlags } from "./commands/run.ts"
import { BadInput } from "./ExitCode.ts"
import * as Image from "./image.ts"
import * as LastMessage from "./lastMessage.ts"
import * as OutputSchema from "./outputSchema.ts"
import type { Form } from "./render/Renderer.ts"

type Flags = Omit<RunFlags, "words">

/** Whatever cannot be used is refused before a model is asked. */
export const read = Effect.fnUntraced(function*(flags: Flags) {
  const { deltas, ephemeral, outputLastMessage, outputSchema, permission, policy, trust } = flags
  const form = yield* formOf(flags)
  const limits = yield* Common.limitsOf(flags)
  const images = yield* Effect.forEach(flags.image, Image.read)
  const lastMessage = Option.getOrUndefined(yield* Effect.transposeMapOption(outputLastMessage, LastMessage.at))
  const output = Option.getOrUndefined(yield* Effect.transposeMapOption(outputSchema, OutputSchema.read))
  return {
    images,
    search: Common.searchOf(flags),
    turn: { form, deltas, limits, permission, policy, trust, isEphemeral: ephemeral, lastMessage, output }
  }
})

export const formOf = ({ json, output }: Pick<Flags, "json" | "output">): Effect.Effect<Form, BadInput> => {
  if (Option.isNone(output)) return Effect.succeed(json ? "jsonl" : "text")
  if (json) return new BadInput({ message: "--output and --json are about the same: give one of them" })
  return Effect.succeed(output.value === "json" ? "envelope" : "text")
}
