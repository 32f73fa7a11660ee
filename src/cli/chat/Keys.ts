/**
 * What a terminal sends, as the keys that a person has pressed and the texts that were pasted.
 *
 * Sequences may come in pieces. An Escape that nothing follows for a moment is the key itself.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Queue from "effect/Queue"

/**
 * - `name` the character, or the name of the key: `enter`, `left`, `paste`, …; a letter with Ctrl is in lower case
 * - `text` what it inserts, with the line ends of a paste as `\n`; empty if it inserts nothing
 */
export interface Key {
  readonly name: string
  readonly ctrl: boolean
  readonly alt: boolean
  readonly shift: boolean
  readonly text: string
}

/** What was received and is not whole yet: the beginning of a sequence, or the pieces of a paste. */
export interface Decoder {
  readonly pending: string
  readonly paste: ReadonlyArray<string> | undefined
}

export const empty: Decoder = { pending: "", paste: undefined }

export interface Decoded {
  readonly decoder: Decoder
  readonly keys: ReadonlyArray<Key>
}

/** Switches on what the decoder reads: marks around a paste, and Shift-Enter where the terminal can tell it. */
export const enable = "\u001B[?2004h\u001B[>1u"
export const disable = "\u001B[<u\u001B[?2004l"

export const key = (name: string, modifiers: Partial<Omit<Key, "name">> = {}): Key => ({
  name,
  ctrl: false,
  alt: false,
  shift: false,
  text: "",
  ...modifiers
})

export const decode = ({ paste: begun, pending }: Decoder, received: string): Decoded => {
  const input = pending + received
  const keys: Array<Key> = []
  let paste = begun
  for (let at = 0;;) {
    if (paste !== undefined) {
      const end = input.indexOf(pasteEnd, at)
      if (end < 0) {
        const open = openEnd(input, at)
        return { decoder: { pending: input.slice(open), paste: [...paste, input.slice(at, open)] }, keys }
      }
      keys.push(pasted([...paste, input.slice(at, end)].join("")))
      paste = undefined
      at = end + pasteEnd.length
    }
    if (at === input.length) return { decoder: empty, keys }
    const read = readOne(input, at)
    if (read === undefined) return { decoder: { pending: input.slice(at), paste: undefined }, keys }
    at += read.length
    if (read.key === "paste") paste = []
    else if (read.key !== undefined) keys.push(read.key)
  }
}

/** Nothing more has come for a moment, so what looked like the beginning of a sequence was a key. */
export const flush = (decoder: Decoder): Decoded => {
  const { paste, pending } = decoder
  if (paste !== undefined) return { decoder, keys: [] }
  const keys = pending === escape || pending === escape + escape
    ? pending.split("").map(() => key("escape"))
    : pending === `${escape}[` || pending === `${escape}O`
    ? [key(pending.slice(1), { alt: true })]
    : []
  return { decoder: empty, keys }
}

/** How long an Escape waits for the rest of a sequence. */
const escapeTime = "50 millis"

/** Gives the keys in the pieces of text that come through a queue, as many at once as one piece holds. */
export const make = (received: Queue.Dequeue<string>): Effect.Effect<ReadonlyArray<Key>> => {
  let decoder = empty
  const next: Effect.Effect<ReadonlyArray<Key>> = Effect.suspend(() =>
    (decoder.pending === "" || decoder.paste !== undefined
      ? Effect.asSome(received.take)
      : Effect.timeoutOption(received.take, escapeTime)).pipe(
        Effect.flatMap((piece) => {
          const decoded = Option.isSome(piece) ? decode(decoder, piece.value) : flush(decoder)
          decoder = decoded.decoder
          return decoded.keys.length === 0 ? next : Effect.succeed(decoded.keys)
        })
      )
  )
  return next
}

const escape = "\u001B"
const pasteEnd = "\u001B[201~"

/** Where the end of a text may be the beginning of the mark behind a paste. */
const openEnd = (input: string, from: number): number => {
  for (let at = Math.max(from, input.length - pasteEnd.length + 1); at < input.length; at++) {
    if (pasteEnd.startsWith(input.slice(at))) return at
  }
  return input.length
}

const pasted = (text: string): Key => key("paste", { text: text.replaceAll(/\r\n?/g, "\n").toWellFormed() })

/** `paste` where a paste begins; nothing for a sequence without a meaning here. */
interface Read {
  readonly length: number
  readonly key: Key | "paste" | undefined
}

/** Reads what begins at a place; nothing where more has to come. */
const readOne = (input: string, at: number): Read | undefined =>
  input[at] === escape ? readEscape(input, at) : readCharacter(input, at)

const readEscape = (input: string, at: number): Read | undefined => {
  const [next, third] = [input[at + 1], input[at + 2]]
  if (next === undefined) return undefined
  if (next === "[" || next === "O") return next === "[" ? readControl(input, at) : readShort(input, at)
  if (next === escape) {
    if (third === undefined) return undefined
    // Some terminals put another Escape before the sequence of a key that is pressed with Alt.
    const inner = third === "[" || third === "O" ? readEscape(input, at + 1) : { length: 0, key: key("escape") }
    return inner === undefined ? undefined : { length: inner.length + 1, key: withAlt(inner.key) }
  }
  const inner = readCharacter(input, at + 1)
  return inner === undefined ? undefined : { length: inner.length + 1, key: withAlt(inner.key) }
}

const withAlt = (read: Read["key"]): Read["key"] =>
  typeof read !== "object" || read.name === "escape" ? read : { ...read, alt: true, text: "" }

/** A longer one is none. */
const longest = 64

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const controlSequence = /\u001B\[(?:\[[A-E]|([0-?]*)[ -/]*([@-Z\\-~]))/y
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const openSequence = /\u001B\[(?:\[|[0-?]*[ -/]*)$/y

const readControl = (input: string, at: number): Read | undefined => {
  controlSequence.lastIndex = at
  const found = controlSequence.exec(input)
  if (found !== null) {
    const [all, parameters = "", final = ""] = found
    return { length: all.length, key: meaningOf(parameters, final) }
  }
  openSequence.lastIndex = at
  const isOpen = openSequence.test(input)
  if (isOpen && input.length - at <= longest) return undefined
  return isOpen ? { length: input.length - at, key: undefined } : { length: 2, key: key("[", { alt: true }) }
}

/** The keypad and the arrows in the mode of applications. */
const readShort = (input: string, at: number): Read | undefined => {
  const final = input[at + 2]
  if (final === undefined) return undefined
  const name = named[final] ?? (final === "M" ? "enter" : undefined)
  if (name !== undefined) return { length: 3, key: key(name) }
  return /[\x21-\x7E]/.test(final) ? { length: 3, key: undefined } : { length: 2, key: key("O", { alt: true }) }
}

const named: { readonly [final: string]: string } = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  E: "clear",
  F: "end",
  H: "home"
}

const numbered: { readonly [number: string]: string } = {
  1: "home",
  2: "insert",
  3: "delete",
  4: "end",
  5: "pageup",
  6: "pagedown",
  7: "home",
  8: "end"
}

const meaningOf = (parameters: string, final: string): Read["key"] => {
  const [first = "", second = ""] = parameters.split(";")
  const modifiers = modifiersOf(second)
  if (final === "~") {
    if (first === "200") return "paste"
    const name = numbered[first]
    return name === undefined ? undefined : key(name, modifiers)
  }
  if (final === "Z") return key("tab", { shift: true })
  if (final === "u") return ofCode(Number.parseInt(first, 10), modifiers)
  const name = named[final]
  return name === undefined ? undefined : key(name, modifiers)
}

/** The number is one more than the bits of Shift, Alt and Ctrl; the kind of event may follow it. */
const modifiersOf = (parameter: string): Pick<Key, "alt" | "ctrl" | "shift"> => {
  const bits = Math.max(0, (Number.parseInt(parameter, 10) || 1) - 1)
  return { shift: (bits & 1) !== 0, alt: (bits & 2) !== 0, ctrl: (bits & 4) !== 0 }
}

/** A key by the code that terminals send which tell every key with its modifiers. */
const ofCode = (code: number, modifiers: Pick<Key, "alt" | "ctrl" | "shift">): Key | undefined => {
  const name = coded[code]
  if (name !== undefined) return key(name, modifiers)
  // The keys without a character have codes of their own.
  if (!(code >= 32 && code < 57344 || code > 63743 && code <= 0x10ffff)) return undefined
  const character = String.fromCodePoint(code)
  if (modifiers.ctrl || modifiers.alt) return key(character.toLowerCase(), modifiers)
  const text = modifiers.shift ? character.toUpperCase() : character
  return key(text, { ...modifiers, shift: false, text })
}

const coded: { readonly [code: number]: string } = {
  9: "tab",
  13: "enter",
  27: "escape",
  127: "backspace",
  57414: "enter"
}

const readCharacter = (input: string, at: number): Read | undefined => {
  const code = input.codePointAt(at) ?? 0
  const character = String.fromCodePoint(code)
  // Half a pair: the other half has to come, or never does.
  if (code >= 0xd800 && code < 0xdc00) return at + 1 === input.length ? undefined : { length: 1, key: undefined }
  if (code >= 0xdc00 && code < 0xe000) return { length: 1, key: undefined }
  if (code < 32 || code === 127) return { length: 1, key: ofControl(code) }
  return { length: character.length, key: code > 127 && code < 160 ? undefined : key(character, { text: character }) }
}

const ofControl = (code: number): Key => {
  switch (code) {
    case 8:
      return key("backspace", { ctrl: true })
    case 9:
      return key("tab")
    case 13:
      return key("enter")
    case 127:
      return key("backspace")
    case 0:
      return key(" ", { ctrl: true })
    default:
      return key(String.fromCharCode(code + 64).toLowerCase(), { ctrl: true })
  }
}
