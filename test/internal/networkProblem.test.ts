import { assert, describe, it } from "@effect/vitest"
import { isUntrusted, networkProblem } from "../../src/internal/networkProblem.ts"

const withCode = (message: string, code: string) => Object.assign(new Error(message), { code })
const fetchFailed = (cause: unknown) => new TypeError("fetch failed", { cause })

describe("networkProblem", () => {
  it("is told by the innermost error", () => {
    assert.strictEqual(networkProblem(fetchFailed(new Error("connect ECONNREFUSED"))), "connect ECONNREFUSED")
    assert.strictEqual(networkProblem("odd"), "odd")
    assert.strictEqual(
      networkProblem(fetchFailed(new AggregateError([new Error("one"), new Error("two")]))),
      "one; two"
    )
    assert.strictEqual(
      networkProblem(Object.assign(new Error("aborted"), { code: "ECONNRESET" })),
      "the connection broke off"
    )
  })

  it("puts the words of a library for programmers into plain ones", () => {
    const tls = "write EPROTO 80DC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/s3_both.c"
    assert.match(networkProblem(fetchFailed(withCode(tls, "EPROTO"))), /^the server does not speak TLS .* http:\/\/$/)
    const head = withCode("Parse Error: Header overflow", "HPE_HEADER_OVERFLOW")
    assert.strictEqual(networkProblem(head), "the head of the server's answer is too long")
  })

  it("says what helps where a certificate is not trusted", () => {
    const error = fetchFailed(withCode("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"))
    assert.match(
      networkProblem(error),
      /certificate of the server is not trusted \(self-signed certificate\).*SSL_CERT_FILE/
    )
    assert.include(networkProblem(fetchFailed(withCode("certificate has expired", "CERT_HAS_EXPIRED"))), "clock")
    assert.isTrue(isUntrusted(error))
    assert.isFalse(isUntrusted(fetchFailed(withCode("reset", "ECONNRESET"))))
  })
})
