/**
 * Undoes the content encoding of an answer. Requests ask for none, and some servers, or machines before them, have one
 * nevertheless.
 *
 * @internal
 */
import { PassThrough, pipeline, type Readable, type Transform } from "node:stream"
import * as Zlib from "node:zlib"
import { EncodingError } from "../../internal/EncodingError.ts"

/** What is there is handed on at once: an answer may be told for minutes. */
const zlib: Zlib.ZlibOptions = { flush: Zlib.constants.Z_SYNC_FLUSH }
const brotli: Zlib.BrotliOptions = { flush: Zlib.constants.BROTLI_OPERATION_FLUSH }

const decoders: { readonly [encoding: string]: ((body: Readable) => Readable) | undefined } = {
  gzip: (body) => through(body, Zlib.createGunzip(zlib)),
  "x-gzip": (body) => through(body, Zlib.createGunzip(zlib)),
  br: (body) => through(body, Zlib.createBrotliDecompress(brotli)),
  deflate: (body) => inflated(body)
}

/**
 * The encodings of a header, the last one first: the first to undo.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromHeader = (header: string | undefined): ReadonlyArray<string> =>
  (header ?? "").toLowerCase().split(",").map((name) => name.trim()).filter((name) =>
    name !== "" && name !== "identity"
  )
    .toReversed()

/**
 * Whether they are known.
 *
 * @since 0.1.0
 * @category predicates
 */
export const areKnown = (encodings: ReadonlyArray<string>): boolean =>
  encodings.every((name) => Object.hasOwn(decoders, name))

/** @since 0.1.0 @category decoding */
export const decode = (body: Readable, encodings: ReadonlyArray<string>): Readable =>
  encodings.reduce((body, name) => decoders[name]?.(body) ?? unknown(body, name), body)

/**
 * An error of a body, which may be one of its encoding.
 *
 * @since 0.1.0
 * @category conversions
 */
export const errorOf = (cause: unknown, encodings: ReadonlyArray<string>): unknown =>
  cause instanceof Error && "code" in cause && /^(?:Z_|ERR__)/.test(String(cause.code))
    ? new EncodingError(encodings.toReversed().join(", "), cause.message)
    : cause

const through = (body: Readable, decoder: Transform): Readable => pipeline(body, decoder, () => {})

/** With the head of zlib, as it should have one, or without. */
const inflated = (body: Readable): Readable => {
  const out = new PassThrough()
  const broken = (error: Error) => out.destroy(error)
  body.once("error", broken)
  out.once("close", () => body.destroy())
  body.once("readable", () => {
    const head: Buffer | null = body.read(1)
    if (head !== null) body.unshift(head)
    const hasHead = ((head?.[0] ?? 0) & 0x0F) === 8
    pipeline(body, hasHead ? Zlib.createInflate(zlib) : Zlib.createInflateRaw(zlib), out, () => {})
  })
  return out
}

const unknown = (body: Readable, name: string): Readable => {
  const out = new PassThrough()
  body.destroy()
  out.destroy(new EncodingError(name, "it is not known here"))
  return out
}
