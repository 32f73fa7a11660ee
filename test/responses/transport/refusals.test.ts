import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as ExitCode from "../../../src/cli/ExitCode.ts"
import * as ServerFailure from "../../../src/responses/transport/ServerFailure.ts"
import { loading, nearMisses, type Refusal, refusals } from "./refusals.ts"

const now = Date.UTC(2026, 10, 22, 12)

const textOf = (body: object | string): string => typeof body === "string" ? body : JSON.stringify(body)

const read = ({ body, headers = {}, status }: Pick<Refusal, "body" | "headers" | "status">) =>
  ServerFailure.toModelError(ServerFailure.fromHttp(status, headers, textOf(body)), now)

const name = ({ body, server, status }: Refusal) => `${server}, ${status}: ${textOf(body).slice(0, 100)}`

describe("A refusal", () => {
  it.each(refusals.map((refusal) => [name(refusal), refusal] as const))("is what it is of %s", (_, refusal) => {
    const error = read(refusal)
    assert.strictEqual(error.reason._tag, refusal.kind)
    assert.strictEqual(ExitCode.ofKind(error.reason._tag), refusal.exitCode)
    assert.strictEqual(error.retryAfter, refusal.wait)
    const isWithinBudget = (error.retryAfter ?? 0) <= 60_000
    assert.strictEqual(error.isRetryable && isWithinBudget, refusal.isRetried)
    assert.notMatch(error.message, /<(?:!doctype|html|\/)|\{"/i)
    assert.isAtMost(error.detail.length, 500)
  })

  it.each(nearMisses)("is about the request alone: %i %s", (status, message) => {
    for (const body of [{ error: { message, type: "invalid_request_error" } }, { detail: message }, message]) {
      assert.strictEqual(read({ status, body }).reason._tag, "InvalidRequest")
    }
  })

  it.each(loading)("of $server says that the model is loading", (refusal) => {
    const error = read(refusal)
    assert.deepInclude(error.reason, { _tag: "Overloaded", isLoading: true })
    assert.include(error.message, "The server is still loading the model")
  })

  it("is read whatever its body is", () => {
    fc.assert(fc.property(fc.integer({ min: 300, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
      const error = read({ status, body })
      assert.strictEqual(error.status, status)
      assert.isAtMost(error.detail.length, 500)
    }))
  })

  it("means the same wherever the server puts it", () => {
    for (const refusal of refusals.filter(({ status }) => status < 500)) {
      const body = typeof refusal.body === "string"
        ? undefined
        : Array.isArray(refusal.body)
        ? refusal.body[0]
        : refusal.body
      if (body === undefined) continue
      const { kind } = refusal
      const said = (wrapped: object) => read({ ...refusal, body: wrapped }).reason._tag
      assert.strictEqual(said([body]), kind, name(refusal))
      // A server before it hands it on.
      assert.strictEqual(said({ error: { message: JSON.stringify(body), code: refusal.status } }), kind, name(refusal))
      const metadata = { provider_name: "Other", raw: JSON.stringify(body) }
      assert.strictEqual(said({ error: { message: "Provider returned error", metadata } }), kind, name(refusal))
    }
  })
})
