/**
 * A page made for a browser in the place of an answer: it comes from a machine between us and the server, and is never
 * shown to a person at a terminal.
 *
 * @internal
 */

/** @since 0.1.0 @category guards */
export const isPage = (body: string): boolean => /^\s*</.test(body)

/**
 * What such a page means, in a sentence. Cloudflare's own statuses tell more than its pages do.
 *
 * @since 0.1.0
 * @category accessors
 */
export const sentence = (body: string, status?: number, cfRay?: string): string => {
  const ray = cfRay === undefined ? "" : ` (cf-ray ${cfRay})`
  const behind = cloudflare(status)
  if (behind !== undefined) return `${behind}${ray}`
  const what = status === 403 && /cloudflare|just a moment|attention required/i.test(body)
    ? "Cloudflare, which stands before this server, blocks the request"
    : "a web page came back instead of an answer"
  return `${what}${ray}; a proxy or a network block may stand in between (a proxy of your own is set with HTTPS_PROXY)`
}

/**
 * What Cloudflare says of the server behind it by a status of its own; `undefined` for all others.
 *
 * @since 0.1.0
 * @category accessors
 */
export const cloudflare = (status: number | undefined): string | undefined => {
  const problem = status === undefined ? undefined : problems.get(status)
  return problem === undefined ? undefined : `Cloudflare, which stands before this server, ${problem}`
}

const problems: ReadonlyMap<number, string> = new Map([
  [520, "got an answer from it that it cannot use"],
  [521, "says that it is down"],
  [522, "could not connect to it in time"],
  [523, "cannot find it"],
  [524, "got no answer from it in time"],
  [525, "could not agree with it on a TLS connection"],
  [526, "does not trust its certificate"],
  [530, "cannot resolve its address"]
])
