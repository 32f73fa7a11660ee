import { assert, describe, it } from "@effect/vitest"
import { isUntrusted, story } from "../../src/internal/story.ts"

const withCode = (message: string, code: string) => Object.assign(new Error(message), { code })
const fetchFailed = (cause: unknown) => new TypeError("fetch failed", { cause })

describe("story", () => {
  it("is told by the innermost error", () => {
    assert.strictEqual(story(fetchFailed(new Error("connect ECONNREFUSED"))), "connect ECONNREFUSED")
    assert.strictEqual(story("odd"), "odd")
    assert.strictEqual(story(fetchFailed(new AggregateError([new Error("one"), new Error("two")]))), "one; two")
    assert.strictEqual(story(Object.assign(new Error("aborted"), { code: "ECONNRESET" })), "the connection broke off")
  })

  it("puts the words of a library for programmers into plain ones", () => {
    const tls = "write EPROTO 80DC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/s3_both.c"
    assert.match(story(fetchFailed(withCode(tls, "EPROTO"))), /^the server does not speak TLS .* http:\/\/$/)
    const head = withCode("Parse Error: Header overflow", "HPE_HEADER_OVERFLOW")
    assert.strictEqual(story(head), "the head of the server's answer is too long")
  })

  it("says what helps where a certificate is not trusted", () => {
    const error = fetchFailed(withCode("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"))
    assert.match(story(error), /certificate of the server is not trusted \(self-signed certificate\).*SSL_CERT_FILE/)
    assert.include(story(fetchFailed(withCode("certificate has expired", "CERT_HAS_EXPIRED"))), "clock")
    assert.isTrue(isUntrusted(error))
    assert.isFalse(isUntrusted(fetchFailed(withCode("reset", "ECONNRESET"))))
  })
})
