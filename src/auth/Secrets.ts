/**
 * The tokens, keys and codes that this program uses, so that they can be cut out of whatever is told: a server quotes what
 * it was sent, in any encoding, whole or in part.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Credential } from "./Credential.ts"

/**
 * Without a layer nothing is known, and nothing is cut out.
 *
 * @since 0.1.0
 * @category references
 */
export class Secrets extends Context.Reference<Secrets>()("effixir/auth/Secrets", {
  defaultValue: (): {
    /** Remembers secrets. The last few hundred count: tokens are renewed in programs that run for long. */
    readonly add: (...secrets: ReadonlyArray<Redacted.Redacted>) => Effect.Effect<void>
    /** A text without them: what they were is one character, `…`. */
    readonly hide: (text: string) => string
    /** Whether a text holds one of them whole, as it is or encoded. */
    readonly isIn: (text: string) => boolean
  } => none
}) {}

const none: typeof Secrets.Service = { add: () => Effect.void, hide: (text) => text, isIn: () => false }

/** @since 0.1.0 @category constructors */
export const make: Effect.Effect<typeof Secrets.Service> = Effect.sync(() => {
  const known = new Set<string>()
  let hide: ((text: string) => string) | undefined
  return {
    add: (...secrets) =>
      Effect.sync(() => {
        for (const secret of secrets.map(Redacted.value)) {
          if (known.has(secret) || secret.length < shortest) continue
          known.add(secret)
          hide = undefined
        }
        for (const oldest of known) {
          if (known.size <= most) break
          known.delete(oldest)
        }
      }),
    // Most programs never have to: what is looked for is worked out when there is a text to look at.
    hide: (text) => text.length < shortest ? text : (hide ??= hiding(known))(text),
    isIn: holding(known)
  }
})

/**
 * Remembers what is used below it. Where somebody above does already, it is told to them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Secrets> = Layer.effect(
  Secrets,
  Effect.flatMap(Secrets, (secrets) => secrets === none ? make : Effect.succeed(secrets))
)

/**
 * Remembers what a credential consists of.
 *
 * @since 0.1.0
 * @category adding
 */
export const addCredential = (credential: Credential): Effect.Effect<void> =>
  Effect.flatMap(Secrets, ({ add }) =>
    credential.kind === "api_key"
      ? add(credential.api_key)
      : add(
        credential.access_token,
        credential.refresh_token,
        ...credential.id_token == null ? [] : [credential.id_token]
      ))

/**
 * A text without the secrets that are known where it is told.
 *
 * @since 0.1.0
 * @category hiding
 */
export const hidden = (text: string): Effect.Effect<string> => Effect.map(Secrets, ({ hide }) => hide(text))

/** What is shorter is no secret, and would be found everywhere. */
const shortest = 8

const most = 256

/** A secret in one encoding is found by any of its blocks of so many characters; what is around them is compared then. */
const block = 12

/** Of what a text ends with, when it was cut off within a secret. */
const shortestStart = 6

/**
 * What cuts these secrets out of a text: in the usual encodings, and parts of 23 characters or more, such as one segment
 * of a JWT.
 *
 * @since 0.1.0
 * @category hiding
 */
export const hiding = (secrets: Iterable<string>): (text: string) => string => {
  const forms = Array.from(new Set(Array.from(secrets).filter((secret) => secret.length >= shortest).flatMap(formsOf)))
  const short = forms.filter((form) => form.length < 2 * block)
  const blocks = new Map<string, Array<Place>>()
  for (const form of forms.filter((form) => form.length >= 2 * block)) {
    for (let at = 0; at + block <= form.length; at += block) {
      const key = form.slice(at, at + block)
      const places = blocks.get(key)
      if (places === undefined) blocks.set(key, [{ form, at }])
      else places.push({ form, at })
    }
  }
  /** Whether the text ends within a secret, and where that begins. */
  const cutAt = (text: string): number => {
    for (let length = Math.min(2 * block, text.length); length >= shortestStart; length--) {
      const end = text.slice(-length)
      if (forms.some((form) => form.startsWith(end))) return text.length - length
    }
    return text.length
  }

  return (text) => {
    const whole = short.reduce((text, form) => text.replaceAll(form, "…"), text)
    let told = ""
    let from = 0
    for (let at = 0; at + block <= whole.length; at++) {
      const places = blocks.get(whole.slice(at, at + block))
      if (places === undefined) continue
      const found = places.map((place) => extend(whole, at, place, from))
      told += `${whole.slice(from, Math.min(...found.map(({ start }) => start)))}…`
      from = Math.max(...found.map(({ end }) => end))
      at = from - 1
    }
    const rest = whole.slice(from)
    const cut = cutAt(rest)
    return told + (cut < rest.length ? `${rest.slice(0, cut)}…` : rest)
  }
}

/**
 * Whether one of these secrets is in a text whole, in one of the usual encodings. A part says less: many tokens begin
 * alike.
 *
 * @since 0.1.0
 * @category hiding
 */
export const holding = (secrets: Iterable<string>) => (text: string): boolean =>
  Array.from(secrets).some((secret) =>
    secret.length >= shortest && text.length >= secret.length && formsOf(secret).some((form) => text.includes(form))
  )

interface Place {
  readonly form: string
  readonly at: number
}

/** How far a text and a secret are the same, around a place where they are. */
const extend = (text: string, at: number, { at: inForm, form }: Place, from: number) => {
  let before = 0
  while (at - before > from && before < inForm && text[at - before - 1] === form[inForm - before - 1]) before++
  let after = 0
  while (inForm + after < form.length && text[at + after] === form[inForm + after]) after++
  return { start: at - before, end: at + after }
}

/** A secret in the encodings in which it may come back, beside others or within something else that is encoded. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const percent = encodeURIComponent(secret)
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
