import * as Predicate from "effect/Predicate"

/**
 * What happened, from an error of the network. The innermost message says it best: "connect ECONNREFUSED 127.0.0.1:80".
 * A host with several addresses has one for each. Of a certificate it also says what helps.
 */
export const networkProblem = (error: unknown): string => {
  const inner = innermost(error)
  if (inner instanceof AggregateError) return inner.errors.map(networkProblem).join("; ")
  const said = isCutOff(inner) ? "the connection broke off" : plainWords(inner) ?? textOf(inner)
  const advice = certificateAdvice(inner)
  return advice === undefined ? said : `the certificate of the server is not trusted (${said}); ${advice}`
}

/** Whether the other side was reached and could not show who it is. That does not pass by itself. */
export const isUntrusted = (error: unknown): boolean => certificateAdvice(innermost(error)) !== undefined

const innermost = (error: unknown): unknown => {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  return current
}

const textOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** Of what other libraries say to programmers only. */
const plainWords = (error: unknown): string | undefined => {
  const text = textOf(error)
  if (/ssl.*wrong version number|packet length too long/i.test(text)) {
    return "the server does not speak TLS at this address; its URL may have to begin with http://"
  }
  return /header overflow/i.test(text) ? "the head of the server's answer is too long" : undefined
}

/** For which Node has the one word "aborted", as if we had done it. */
const isCutOff = (error: unknown): boolean =>
  error instanceof Error && error.message === "aborted" && "code" in error && error.code === "ECONNRESET"

const certificateAdvice = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "code") && Predicate.isString(error.code) ? advices[error.code] : undefined

const nameTheCa = "if it is that of your company or your own server, name a file with the certificate of its CA in " +
  "SSL_CERT_FILE"
const checkClock = "check the clock of this machine"

const advices: { readonly [code: string]: string } = {
  SELF_SIGNED_CERT_IN_CHAIN: nameTheCa,
  DEPTH_ZERO_SELF_SIGNED_CERT: nameTheCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: nameTheCa,
  UNABLE_TO_GET_ISSUER_CERT: nameTheCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: nameTheCa,
  CERT_UNTRUSTED: nameTheCa,
  CERT_SIGNATURE_FAILURE: nameTheCa,
  CERT_HAS_EXPIRED: checkClock,
  CERT_NOT_YET_VALID: checkClock,
  ERR_TLS_CERT_ALTNAME_INVALID: "check the address, and any proxy (HTTPS_PROXY)"
}
