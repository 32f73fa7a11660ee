/**
 * Knows the tokens, keys and codes that this program uses, to cut them out of all output: a server may quote what it
 * was sent, in any encoding, whole or in part.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Credential } from "./Credential.ts"
import * as Host from "./Host.ts"

/**
 * Without a layer it knows no secrets, and cuts out nothing.
 *
 * @since 0.1.0
 * @category references
 */
export class Secrets extends Context.Reference<Secrets>()("effixir/auth/Secrets", {
  defaultValue: (): {
    /** Remembers secrets. The last few hundred count: tokens are renewed in programs that run for long. */
    readonly add: (...secrets: ReadonlyArray<Redacted.Redacted>) => Effect.Effect<void>
    /**
     * Remembers what is secret between others, as the token of a server of tools: it is cut out as well, and is no sign-in
     * of this program.
     */
    readonly addForeign: (...secrets: ReadonlyArray<Redacted.Redacted>) => Effect.Effect<void>
    /** Replaces each secret in a text by one character, `…`. */
    readonly hide: (text: string) => string
    /** Whether a text holds one of them whole, as it is or encoded. */
    readonly isIn: (text: string) => boolean
    /** The same for those alone that are not foreign. */
    readonly isOwnIn: (text: string) => boolean
    /** Hides them in a text that comes in pieces. */
    readonly hider: () => Hider
  } => none
}) {}

/**
 * Takes a text in pieces, and returns it without secrets, even those that span several pieces. It holds back what may
 * be the beginning of a secret until the next piece.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hider {
  readonly push: (piece: string) => string
  /** The part held back, at the end of the text. */
  readonly rest: () => string
}

const none: typeof Secrets.Service = {
  add: () => Effect.void,
  addForeign: () => Effect.void,
  hide: (text) => text,
  isIn: () => false,
  isOwnIn: () => false,
  hider: () => ({ push: (piece) => piece, rest: () => "" })
}

/** @since 0.1.0 @category constructors */
export const make: Effect.Effect<typeof Secrets.Service> = Effect.sync(() => {
  const known = new Set<string>()
  const foreign = new Set<string>()
  // Built at the first text, because most programs never search one.
  let finder: Finder | undefined
  const find = () => finder ??= finderOf(known)
  const remember = (secrets: ReadonlyArray<string>) => {
    for (const secret of secrets) {
      if (known.has(secret)) continue
      known.add(secret)
      finder = undefined
    }
    for (const oldest of known) {
      if (known.size <= most) break
      known.delete(oldest)
      foreign.delete(oldest)
    }
  }
  return {
    add: (...secrets) =>
      Effect.sync(() => {
        const texts = secrets.map(Redacted.value)
        for (const text of texts) foreign.delete(text)
        remember(texts)
      }),
    addForeign: (...secrets) =>
      Effect.sync(() => {
        const texts = secrets.map(Redacted.value)
        for (const text of texts) if (!known.has(text)) foreign.add(text)
        remember(texts)
      }),
    hide: (text) => find().hide(text),
    isIn: (text) => find().isIn(text),
    isOwnIn: (text) => finderOf(Array.from(known).filter((secret) => !foreign.has(secret))).isIn(text),
    hider: () => {
      let kept = ""
      return {
        push: (piece) => {
          const { hide, unfinished } = find()
          const text = kept + piece
          const end = text.length - unfinished(text)
          const told = hide(text.slice(0, end))
          // One secret may end where another could begin.
          const isWithin = end < text.length && told + hide(text.slice(end)) !== hide(text)
          kept = isWithin ? text : text.slice(end)
          return isWithin ? "" : told
        },
        rest: () => {
          const text = kept
          kept = ""
          return find().hide(text)
        }
      }
    }
  }
})

/**
 * Remembers the secrets of the effects that it is provided to. If an outer layer already does, that one is used.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Secrets> = Layer.effect(
  Secrets,
  Effect.flatMap(Secrets, (secrets) => secrets === none ? make : Effect.succeed(secrets))
)

/**
 * Remembers the secrets of a credential.
 *
 * @since 0.1.0
 * @category adding
 */
export const addCredential = (credential: Credential): Effect.Effect<void> =>
  Effect.flatMap(Secrets, ({ add }) => add(...Host.of(credential).secrets))

/**
 * A text without the secrets that are known in the current context.
 *
 * @since 0.1.0
 * @category hiding
 */
export const hidden = (text: string): Effect.Effect<string> => Effect.map(Secrets, ({ hide }) => hide(text))

/**
 * Prints a text unchanged: the address for signing in again contains the person's last id token, by which the server
 * recognizes them.
 *
 * @since 0.1.0
 * @category hiding
 */
export const shown = <A, E, R>(telling: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(telling, Secrets, none)

/** How many secrets are remembered at most. */
const most = 256

/** Shorter texts are no secrets, and would match everywhere. */
const shortest = 8

/** A secret is found by any of its blocks of this many characters; then the text around the block is compared. */
const block = 12

/** @since 0.1.0 @category models */
export interface Finder {
  /** Cuts out the secrets, in the usual encodings, and parts of 23 characters or more, such as one segment of a JWT. */
  readonly hide: (text: string) => string
  /** Whether one of them is in the text whole. A part proves less, because many tokens begin alike. */
  readonly isIn: (text: string) => boolean
  /** How many characters at the end of a text may belong to a secret that goes on after it. */
  readonly unfinished: (text: string) => number
}

/**
 * Makes the finder for these secrets.
 *
 * @since 0.1.0
 * @category hiding
 */
export const finderOf = (secrets: Iterable<string>): Finder => {
  const long = Array.from(secrets).filter((secret) => secret.length >= shortest)
  const forms = Array.from(new Set(long.flatMap(formsOf))).toSorted((a, b) => b.length - a.length)
  let parts: Parts | undefined
  const isShortPart = partsKnown(forms)
  return {
    hide: (text) => {
      if (forms.length === 0 || text.length < shortest) return text
      parts ??= partsOf(forms)
      const { hide, whole } = parts
      return hide(whole.reduce((text, form) => text.replaceAll(form, "…"), text))
    },
    isIn: (text) => text.length >= shortest && forms.some((form) => text.includes(form)),
    unfinished: (text) => {
      let length = 0
      while (length < Math.min(3, text.length) && isShortPart(text.slice(-length - 1))) length++
      if (length < 3) return length
      let within = forms
      for (; length < text.length; length++) {
        const end = text.slice(-length - 1)
        within = within.filter((form) => form.includes(end))
        if (within.length === 0) break
      }
      return length
    }
  }
}

/** Whether short texts are part of a form; remembered, because the same ones are asked about with every token. */
const partsKnown = (forms: ReadonlyArray<string>): (text: string) => boolean => {
  const known = new Map<string, boolean>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const isPart = forms.some((form) => form.includes(text))
    if (known.size < mostKnown) known.set(text, isPart)
    return isPart
  }
}

/** Texts can end in more ways than are worth remembering. */
const mostKnown = 10_000

interface Parts {
  readonly hide: (text: string) => string
  /**
   * The forms that are searched only as a whole: short ones, hex, and those where a part could leave half an escape.
   */
  readonly whole: ReadonlyArray<string>
}

const partsOf = (forms: ReadonlyArray<string>): Parts => {
  const isWhole = (form: string) =>
    form.length < 2 * block || /["\\]/.test(form) || /^(?:[\dA-F]+|[\da-f]+)$/.test(form)
  const blocks = new Map<string, Array<Place>>()
  // Marks the hashes of all blocks, so that nearly every place of a text is skipped without a lookup.
  const hashes = new Uint8Array(1 << 18)
  for (const form of forms.filter((form) => !isWhole(form))) {
    for (let at = 0; at + block <= form.length; at += block) {
      const key = form.slice(at, at + block)
      hashes[hashOf(key) & 0x3FFFF] = 1
      const places = blocks.get(key)
      if (places === undefined) blocks.set(key, [{ form, at }])
      else places.push({ form, at })
    }
  }

  const hide = (text: string): string => {
    let told = ""
    let from = 0
    let hash = hashOf(text.slice(0, block))
    for (let at = 0; at + block <= text.length; at++) {
      if (at > from) hash = hashOfNext(hash, text.charCodeAt(at - 1), text.charCodeAt(at + block - 1))
      const places = hashes[hash & 0x3FFFF] === 1 ? blocks.get(text.slice(at, at + block)) : undefined
      if (places === undefined) continue
      const found = places.map((place) => extend(text, at, place, from))
      told += `${text.slice(from, Math.min(...found.map(({ start }) => start)))}…`
      from = Math.max(...found.map(({ end }) => end))
      at = from - 1
      hash = hashOf(text.slice(from, from + block))
    }
    return told + withoutStart(text.slice(from))
  }

  /** A text may have been cut off within a secret. */
  const withoutStart = (text: string): string => {
    for (let length = Math.min(2 * block, text.length); length >= block; length--) {
      const end = text.slice(-length)
      if (forms.some((form) => form.startsWith(end))) return `${text.slice(0, -length)}…`
    }
    return text
  }

  return { hide, whole: forms.filter(isWhole) }
}

interface Place {
  readonly form: string
  readonly at: number
}

/** A hash of the next block, one character on, is made from the one before. */
const hashOfNext = (hash: number, gone: number, come: number): number =>
  Math.imul(hash - Math.imul(gone, weightOfFirst), base) + come | 0

const base = 0x01000193

const hashOf = (text: string): number => {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash, base) + text.charCodeAt(at) | 0
  return hash
}

const weightOfFirst = Array.from({ length: block - 1 }).reduce<number>((weight) => Math.imul(weight, base), 1)

/** How far a text and a secret agree around a matching block. */
const extend = (text: string, at: number, { at: inForm, form }: Place, from: number) => {
  let before = 0
  while (at - before > from && before < inForm && text[at - before - 1] === form[inForm - before - 1]) before++
  let after = 0
  while (inForm + after < form.length && text[at + after] === form[inForm + after]) after++
  return { start: at - before, end: at + after }
}

/** A secret in the encodings in which it may come back, beside others or within something else that is encoded. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const percent = encodeURIComponent(secret.toWellFormed())
  const hex = Encoding.encodeHex(secret)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    percent,
    percent.replaceAll(/%../g, (code) => code.toLowerCase()),
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((offset) => {
      const base64 = inBase64(secret, offset)
      return [base64, base64.replaceAll("+", "-").replaceAll("/", "_")]
    })
  ].filter((form) => form.length >= shortest)
}

/** The characters that a secret alone decides when so many bytes of a group of three come before it. */
const inBase64 = (secret: string, offset: number): string => {
  const bytes = new TextEncoder().encode(secret)
  const shifted = new Uint8Array(offset + bytes.length)
  shifted.set(bytes, offset)
  const first = Math.ceil(offset * 8 / 6)
  const last = Math.floor(shifted.length * 8 / 6)
  return Encoding.encodeBase64(shifted).slice(first, last)
}
