/*
 * A binary string has one character for each byte. To cut UTF-8 into lines before it is decoded is several times as fast
 * as the other way round: strings of one-byte characters are searched at the speed of memory, while a single letter
 * beyond Latin 1 makes a string of two-byte characters of a whole piece. Nearly all lines are ASCII, and need no decoding.
 */

/** The bytes as they are. */
export const fromBytes = (bytes: Uint8Array): string =>
  typeof Buffer === "undefined"
    ? portable.fromBytes(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")

/** The text whose UTF-8 this is. */
export const decode = (binary: string): string => {
  if (isAscii(binary)) return binary
  return typeof Buffer === "undefined" ? portable.decode(binary) : Buffer.from(binary, "latin1").toString("utf8")
}

/** To count the bytes of its UTF-8 takes a tenth of the time of a regular expression. */
const isAscii = (binary: string): boolean =>
  typeof Buffer === "undefined" ? portable.isAscii(binary) : Buffer.byteLength(binary) === binary.length

/** Drops the byte order mark in front of a text that comes in pieces. */
export const withoutMark = (): (piece: string) => string => {
  let start: string | undefined = ""
  return (piece) => {
    if (start === undefined) return piece
    const text = start + piece
    const isUnclear = text.length < mark.length && mark.startsWith(text)
    start = isUnclear ? text : undefined
    return isUnclear ? "" : text.startsWith(mark) ? text.slice(mark.length) : text
  }
}

const mark = "\xEF\xBB\xBF"

/** For where there is no `Buffer`. */
export const portable = {
  fromBytes: (bytes: Uint8Array): string => {
    let text = ""
    // The arguments of a call must fit on the stack.
    for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
    return text
  },
  isAscii: (binary: string): boolean => !/[\x80-\xFF]/.test(binary),
  decode: (binary: string): string => utf8.decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)))
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })
