/**
 * What a command has answered as a hook, as Claude Code and Codex read it.
 *
 * @internal
 */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { decodingEither } from "../../internal/decoding.ts"
import { parse } from "../../internal/json.ts"

/**
 * - `decision` about a call; `block` with why something is not to be
 * - `message` is for the person
 *
 * @since 0.1.0
 * @category models
 */
export interface HookAnswer {
  readonly decision?: "allow" | "ask" | "deny" | undefined
  readonly reason?: string | undefined
  readonly input?: unknown
  readonly context?: string | undefined
  readonly stop?: string | undefined
  readonly message?: string | undefined
}

const Decision = Schema.Literal("allow", "ask", "deny", "approve", "block")

const said = {
  decision: Schema.optional(Decision),
  permissionDecision: Schema.optional(Decision),
  permissionDecisionReason: Schema.optional(Schema.String),
  reason: Schema.optional(Schema.String),
  updatedInput: Schema.optional(Schema.Unknown),
  additionalContext: Schema.optional(Schema.String)
}

const Answer = Schema.Struct({
  ...said,
  continue: Schema.optional(Schema.Boolean),
  stopReason: Schema.optional(Schema.String),
  systemMessage: Schema.optional(Schema.String),
  hookSpecificOutput: Schema.optional(Schema.Struct(said))
})

const decode = decodingEither(Answer)

/**
 * Reads the JSON of a stdout. What it says of itself in `hookSpecificOutput` counts before what stands beside it. A problem
 * is the end of a sentence.
 *
 * @since 0.1.0
 * @category parsing
 */
export const read = (stdout: string): Either.Either<HookAnswer, string> => {
  const json = parse(stdout)
  if (!Predicate.isReadonlyRecord(json)) return Either.left("its answer is no JSON object")
  return Either.mapBoth(decode(json), {
    onLeft: () => "its answer has a field that is not as it should be",
    onRight: (answer): HookAnswer => {
      const own = answer.hookSpecificOutput ?? {}
      const decision = own.permissionDecision ?? answer.permissionDecision ?? own.decision ?? answer.decision
      return {
        decision: decision === undefined ? undefined : decisions[decision],
        reason: own.permissionDecisionReason ?? answer.permissionDecisionReason ?? own.reason ?? answer.reason,
        input: own.updatedInput ?? answer.updatedInput,
        context: own.additionalContext ?? answer.additionalContext,
        stop: answer.continue === false ? answer.stopReason ?? answer.reason ?? "it says so" : undefined,
        message: answer.systemMessage
      }
    }
  })
}

const decisions = { allow: "allow", approve: "allow", ask: "ask", deny: "deny", block: "deny" } as const
