import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Stored } from "../../src/auth/Credential.ts"
import { decoding, decodingEither, decodingOption } from "../../src/internal/decoding.ts"
import * as StructuredOutput from "../../src/responses/StructuredOutput.ts"
import * as Tool from "../../src/tools/Tool.ts"
import { context } from "../tools/support.ts"

const Shape = Schema.Union(
  Schema.Struct({ kind: Schema.Literal("circle"), radius: Schema.Number }),
  Schema.Struct({ kind: Schema.Literal("square"), side: Schema.Number })
)

/** JSON whose tag no text can be made of. */
const untagged: unknown = JSON.parse(`{"kind": {"toString": 1, "valueOf": 2}, "radius": 1}`)

describe("decoding", () => {
  it.effect("fails for a tag that is an object, and reads what is right", () =>
    Effect.gen(function*() {
      assert.isTrue(Exit.isFailure(yield* Effect.exit(decoding(Shape)(untagged))))
      const failed = yield* Effect.flip(decoding(Shape)(untagged))
      assert.strictEqual(failed._tag, "ParseError")
      assert.isTrue(Either.isLeft(decodingEither(Shape)(untagged)))
      assert.strictEqual(decodingOption(Shape)(untagged)._tag, "None")
      assert.deepStrictEqual(yield* decoding(Shape)({ kind: "circle", radius: 1 }), { kind: "circle", radius: 1 })
    }))

  it.effect("lets the model hear of it as of any wrong argument", () =>
    Effect.gen(function*() {
      const tool = Tool.make({
        name: "draw",
        description: "Draws",
        parameters: Schema.Struct({ shape: Shape }),
        handler: () => Effect.succeed("drawn")
      })
      const { message } = yield* Effect.flip(tool.call({ shape: untagged }, context))
      assert.match(message, /draw/)
      assert.isString(tool.describe({ shape: untagged }))
    }))

  it.effect("is a failure of an answer that should fit a schema", () =>
    Effect.gen(function*() {
      const output = StructuredOutput.make(Schema.Struct({ shape: Shape }))
      const items = [{
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text: JSON.stringify({ shape: untagged }) }]
      }]
      assert.isString(yield* Effect.flip(output.decode({ items, finishReason: "stop" })))
    }))

  it("is a failure of a credential", () => assert.isTrue(Either.isLeft(decodingEither(Stored)(untagged))))
})
