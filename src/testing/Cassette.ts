/**
 * Records what a real model has said, and says it again in tests: without a network, an account or a bill.
 *
 * A cassette is a file of JSON lines that people can read, and keep in their repository. It holds no tokens or keys, no
 * encrypted reasoning, and nothing that tells who has recorded it.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Secrets } from "../auth/Secrets.ts"
import { same } from "../internal/json.ts"
import type { Request } from "../responses/Request.ts"
import { Responses } from "../responses/Responses.ts"
import { differences, sayDifference } from "./cassette/difference.ts"
import * as Tape from "./cassette/Tape.ts"

/**
 * A cassette that is missing or damaged, or cannot be written.
 *
 * @since 0.1.0
 * @category errors
 */
export class CassetteError extends Schema.TaggedError<CassetteError>("effixir/testing/Cassette/CassetteError")(
  "CassetteError",
  { path: Schema.String, problem: Schema.String, cause: Schema.optional(Schema.Defect) }
) {
  override get message(): string {
    return `The cassette ${this.path} cannot be used: ${this.problem}`
  }
}

/** @since 0.1.0 @category services */
export class Cassette extends Context.Tag("effixir/testing/Cassette")<Cassette, {
  /** Every request so far, the oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  /** How many recorded calls have not been asked for yet; none while recording. */
  readonly left: Effect.Effect<number>
}>() {}

/**
 * - `path` the file
 * - `mode` whether to record or to replay; by default as `EFFIXIR_CASSETTE` says, and without it to replay
 * - `normalize` replaces what differs from run to run, such as a date or the path of a temporary folder, before a request
 *   is recorded or compared
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly path: string | URL
  readonly mode?: "record" | "replay" | undefined
  readonly normalize?: ((request: Request) => Request) | undefined
}

/**
 * A model that says what is on the cassette. While recording, the calls go to `live`, and the file is written when the
 * layer is closed.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Responses } from "effixir"
 * import { NodeAgent } from "effixir/node"
 * import { Cassette } from "effixir/testing"
 *
 * const live = Layer.provideMerge(Responses.layer, NodeAgent.layerHome)
 *
 * // Replays; with EFFIXIR_CASSETTE=record in the environment it asks the real model, and keeps what that says.
 * const Model = Cassette.layer({ path: new URL("cassettes/two-cities.jsonl", import.meta.url) }, live)
 *
 * const notAskedFor = Effect.flatMap(Cassette.Cassette, ({ left }) => left)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  options: Options,
  live: Layer.Layer<Responses, E, R>
): Layer.Layer<Responses | Cassette, E | CassetteError | ConfigError, R> =>
  Layer.unwrapEffect(
    Effect.map(
      options.mode === undefined ? mode : Effect.succeed(options.mode),
      (mode) => mode === "replay" ? layerReplay(options) : Layer.provide(layerRecord(options), live)
    )
  )

const mode = Config.literal("record", "replay")("EFFIXIR_CASSETTE").pipe(Config.withDefault("replay" as const))

/**
 * Answers each request as it was answered when it was recorded, once for every time that it was. A request that is not on
 * the cassette is a defect, which names the nearest one and what differs.
 *
 * @example
 * ```ts
 * import { Cassette } from "effixir/testing"
 *
 * const options = { path: "test/cassettes/two-cities.jsonl" }
 *
 * const Replays = Cassette.layerReplay(options)
 * const Records = Cassette.layerRecord(options) // needs the `Responses` that it records
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerReplay = (
  options: Pick<Options, "path" | "normalize">
): Layer.Layer<Responses | Cassette, CassetteError> =>
  Layer.effectContext(Effect.gen(function*() {
    const path = nameOf(options)
    const calls = yield* Effect.flatMap(
      attempt(path, () => readFileSync(options.path, "utf8")),
      (text) => Effect.mapError(Tape.read(text), (problem) => new CassetteError({ path, problem }))
    )
    const clean = yield* cleaning
    const seen = yield* Ref.make<ReadonlyArray<Request>>([])
    const waiting = yield* Ref.make<ReadonlyArray<Tape.Call>>(calls)

    const take = (request: Request) => {
      const asked = clean(normalized(options, request))
      return Ref.modify(waiting, (waiting) => {
        const at = waiting.findIndex((call) => same(call.request, asked))
        return [waiting[at], waiting.filter((_, index) => index !== at)]
      }).pipe(
        Effect.tap(Ref.update(seen, (seen) => [...seen, request])),
        Effect.flatMap((call) =>
          call === undefined ? Effect.dieMessage(notRecorded(path, calls, asked)) : Effect.succeed(call)
        )
      )
    }

    return Context.make(Cassette, {
      requests: Ref.get(seen),
      left: Effect.map(Ref.get(waiting), ({ length }) => length)
    }).pipe(
      Context.add(Responses, {
        stream: (request) => Stream.unwrap(Effect.map(take(request), play)),
        account: Effect.succeed("cassette")
      })
    )
  }))

const play = ({ end, events }: Tape.Call) =>
  Stream.concat(
    Stream.fromIterable(events),
    end === "completed" ? Stream.empty : end === "closed" ? Stream.never : Stream.fail(end)
  )

/**
 * Passes calls on to the `Responses` below, and keeps what they say.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRecord = (
  options: Pick<Options, "path" | "normalize">
): Layer.Layer<Responses | Cassette, CassetteError, Responses> => Layer.scopedContext(record(options))

const record: (
  options: Pick<Options, "path" | "normalize">
) => Effect.Effect<
  Context.Context<Responses | Cassette>,
  CassetteError,
  Responses | Scope.Scope
> = Effect.fnUntraced(function*(options) {
  const live = yield* Responses
  const secrets = yield* Secrets
  const path = nameOf(options)
  const calls: Array<Tape.Call> = []
  const seen = yield* Ref.make<ReadonlyArray<Request>>([])

  const begin = (request: Request) =>
    Effect.as(
      Ref.update(seen, (seen) => [...seen, request]),
      {
        request: { ...normalized(options, request) },
        events: [],
        end: "closed"
      } satisfies Tape.Call
    )

  // The secrets are known when all is over: a token may have been renewed meanwhile.
  const write = Effect.suspend(() => {
    const clean = cleaner(secrets.hide)
    return attempt(path, () => {
      const text = Tape.write(
        calls.map((call) => ({ ...call, request: clean(call.request), events: clean(call.events) }))
      )
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    })
  })
  yield* attempt(path, () => mkdirSync(dirname(path), { recursive: true }))
  yield* Effect.addFinalizer(() => Effect.orDie(write))

  return Context.make(Cassette, { requests: Ref.get(seen), left: Effect.succeed(0) }).pipe(
    Context.add(Responses, {
      stream: (request) =>
        Stream.unwrap(Effect.map(begin(request), (call: Tape.Call) => {
          calls.push(call)
          const ended = (end: Tape.Call["end"]) =>
            Effect.sync(() => {
              call.end = end
            })
          return live.stream(request).pipe(
            Stream.tap((event) => Effect.sync(() => call.events.push(event))),
            Stream.tapError(ended),
            Stream.concat(Stream.drain(Stream.fromEffect(ended("completed"))))
          )
        })),
      account: live.account
    })
  )
})

const nameOf = ({ path }: Pick<Options, "path">): string => typeof path === "string" ? path : fileURLToPath(path)

const attempt = <A>(path: string, evaluate: () => A): Effect.Effect<A, CassetteError> =>
  Effect.try({
    try: evaluate,
    catch: (cause) => {
      const isMissing = Predicate.hasProperty(cause, "code") && cause.code === "ENOENT"
      const problem = isMissing
        ? `it is not there. Record it: ${again}`
        : cause instanceof Error
        ? cause.message
        : String(cause)
      return new CassetteError({ path, problem, cause })
    }
  })

const again = "run the test with EFFIXIR_CASSETTE=record in its environment, signed in or with an API key"

const normalized = ({ normalize }: Pick<Options, "normalize">, request: Request): Request =>
  normalize === undefined ? request : normalize(request)

/** How many differences are told. */
const told = 8

const notRecorded = (path: string, calls: ReadonlyArray<Tape.Call>, asked: Tape.Json): string => {
  const compared = calls.map((call, index) => ({ index, differing: differences(call.request, asked) }))
  const times = compared.filter(({ differing }) => differing.length === 0).length
  const end = `If that is meant, record it again: ${again}.`
  if (times > 0) {
    return `This request is on the cassette ${path} ${
      times === 1 ? "once" : `${times} times`
    }, and is made once more. ${end}`
  }
  const [nearest] = compared.toSorted((a, b) => a.differing.length - b.differing.length)
  if (nearest === undefined) return `The cassette ${path} is empty. ${end}`
  const { differing, index } = nearest
  return [
    `This request is not on the cassette ${path}. The nearest of its ${calls.length} is number ${index + 1}, ` +
    `which differs in ${differing.length === 1 ? "one place" : `${differing.length} places`}:`,
    ...differing.slice(0, told).map((one) => `  ${sayDifference(one)}`),
    ...(differing.length > told ? [`  … and ${differing.length - told} more`] : []),
    end
  ].join("\n")
}

/** What no cassette holds: secrets, and what is different each time or tells who asked. */
const cleaner = (hide: (text: string) => string) => {
  const clean = (value: unknown, name?: string): unknown => {
    if (typeof value === "string") {
      return name !== undefined && value !== "" && hiddenFields.has(name) ? "…" : hide(value).replaceAll(secret, "…")
    }
    if (Array.isArray(value)) return value.map((one) => clean(one))
    return Predicate.isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([name, value]) => [name, clean(value, name)]))
      : value
  }
  return <A>(value: A): A & Tape.Json => clean(value) as A & Tape.Json
}

const cleaning = Effect.map(Secrets, ({ hide }) => cleaner(hide))

const hiddenFields: ReadonlySet<string> = new Set([
  "encrypted_content",
  "prompt_cache_key",
  "safety_identifier",
  "user",
  "organization"
])

/** Keys and tokens in their usual forms, which a tool may have printed. */
const secret =
  /\b(?:sk-[\w-]{16,}|gh[a-z]_\w{20,}|xox[a-z]-[\w-]{10,}|AKIA[A-Z0-9]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)/g
