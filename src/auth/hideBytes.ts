/**
 * Hides secrets in bytes that come in pieces, which need not be text.
 *
 * @internal
 */
import type { Hider } from "./Secrets.ts"

/** @since 0.1.0 @category models */
export interface BytesHider {
  readonly push: (bytes: Uint8Array) => Uint8Array
  /** The part held back, at the end. */
  readonly rest: () => Uint8Array
}

/**
 * Secrets are ASCII: a text of one character a byte holds them as they are, and all other bytes come through it unchanged.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (hider: Hider): BytesHider => ({
  push: (bytes) => {
    const text = textOf(bytes)
    const told = hider.push(text)
    return told === text ? bytes : bytesOf(told)
  },
  rest: () => bytesOf(hider.rest())
})

const textOf = (bytes: Uint8Array): string => {
  let text = ""
  for (let at = 0; at < bytes.length; at += pieceSize) {
    text += String.fromCharCode(...bytes.subarray(at, at + pieceSize))
  }
  return text
}

/** How many arguments a function call safely takes. */
const pieceSize = 8192

const bytesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length * mark.length)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 256) bytes[length++] = code
    else for (const byte of mark) bytes[length++] = byte
  }
  return bytes.slice(0, length)
}

/** What stands for a secret. */
const mark = new TextEncoder().encode("…")
