/**
 * A policy in a file that a person has named.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { fileProblem } from "../../internal/diskProblem.ts"
import { fromText, type Policy, PolicyError } from "../../tools/permission/Policy.ts"
import { readOwnText } from "../files/readPlainFile.ts"

/**
 * Reads a policy and tries its examples.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Permission } from "effixir"
 * import { PolicyFile } from "effixir/node"
 *
 * const Decides = Layer.unwrapEffect(
 *   Effect.map(PolicyFile.load("/etc/my-agent/policy.json"), (policy) => Permission.layerPolicy(policy, "ask"))
 * )
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const load: (file: string) => Effect.Effect<Policy, PolicyError> = Effect.fnUntraced(function*(file) {
  const text = yield* Effect.mapError(
    readOwnText(file),
    (error) => new PolicyError({ source: file, problem: fileProblem(error) })
  )
  return yield* fromText(text, file)
})
