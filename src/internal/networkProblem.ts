import * as Predicate from "effect/Predicate"

/**
 * Describes a network error. The innermost message is the most precise: "connect ECONNREFUSED 127.0.0.1:80". A host
 * with several addresses has one message for each. For a certificate problem it adds what helps.
 */
export const networkProblem = (error: unknown): string => {
  const inner = innermost(error)
  if (inner instanceof AggregateError) return inner.errors.map(networkProblem).join("; ")
  const said = isCutOff(inner) ? "the connection broke off" : plainWords(inner) ?? textOf(inner)
  const advice = certificateAdvice(inner)
  return advice === undefined ? said : `the certificate of the server is not trusted (${said}); ${advice}`
}

/** Whether the server was reached, but its certificate is not trusted. Trying again does not help. */
export const isUntrusted = (error: unknown): boolean => certificateAdvice(innermost(error)) !== undefined

/** A proxy that is of no use. Its message names the variable to correct; `isFinal` if trying again does not help. */
export class ProxyProblem extends Error {
  readonly isFinal: boolean
  constructor(message: string, isFinal: boolean) {
    super(message)
    this.isFinal = isFinal
  }
}

/** Whether it is of no use to try again before the person has changed something. */
export const isFinal = (error: unknown): boolean => {
  const inner = innermost(error)
  return inner instanceof ProxyProblem ? inner.isFinal : isUntrusted(inner)
}

/** Whether what is told of it says already what to do. */
export const isAdvice = (error: unknown): boolean => {
  const inner = innermost(error)
  return inner instanceof ProxyProblem || isUntrusted(inner)
}

export const innermost = (error: unknown): unknown => {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  return current
}

const textOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** Rewords messages of libraries that only programmers would understand. */
const plainWords = (error: unknown): string | undefined => {
  const text = textOf(error)
  if (/ssl.*wrong version number|packet length too long/i.test(text)) {
    return "the server does not speak TLS at this address; its URL may have to begin with http://"
  }
  return /header overflow/i.test(text) ? "the head of the server's answer is too long" : undefined
}

/** Whether the server broke off the connection. Node says only "aborted", as if we had done it. */
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
