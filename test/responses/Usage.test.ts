import { assert, describe, it } from "@effect/vitest"
import * as Usage from "../../src/responses/Usage.ts"

const full = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 80, cache_write_tokens: 5 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 15 },
  total_tokens: 120
}

describe("Usage", () => {
  it("reads what the server counts", () => {
    assert.deepStrictEqual(Usage.fromJson(full), {
      inputTokens: 100,
      cachedInputTokens: 80,
      outputTokens: 20,
      reasoningOutputTokens: 15
    })
  })

  it("takes a missing detail for none", () => {
    const expected = { inputTokens: 100, cachedInputTokens: 0, outputTokens: 20, reasoningOutputTokens: 0 }
    for (const details of [undefined, null, {}]) {
      assert.deepStrictEqual(
        Usage.fromJson({ ...full, input_tokens_details: details, output_tokens_details: details }),
        expected
      )
    }
    assert.deepStrictEqual(
      Usage.fromJson({
        ...full,
        input_tokens_details: { cached_tokens: null },
        output_tokens_details: { reasoning_tokens: null }
      }),
      expected
    )
  })

  it("is zero when the server does not count", () => {
    for (const usage of [undefined, null, {}, [], "many", { input_tokens: "100" }]) {
      assert.deepStrictEqual(Usage.fromJson(usage), Usage.zero)
    }
  })

  it("adds up field by field", () => {
    const usage = Usage.fromJson(full)
    assert.deepStrictEqual(Usage.add(usage, Usage.zero), usage)
    assert.deepStrictEqual(Usage.add(usage, usage), {
      inputTokens: 200,
      cachedInputTokens: 160,
      outputTokens: 40,
      reasoningOutputTokens: 30
    })
  })
})
