/**
 * The identity of this installation, in two files: `host.json` for its name, and `registrations.json` beside the
 * sign-in for the client ids.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stored from "../../auth/chatgpt/Registrations.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { makeFolder } from "../../internal/makeFolder.ts"
import * as StateFile from "../files/StateFile.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** There is one for all profiles. */
  readonly host: string
  readonly registrations: string
}

const HostFile = Schema.parseJson(Schema.Struct({ ext_agent_host_id: Schema.NonEmptyString }), { space: 2 })
const RegistrationsFile = Schema.parseJson(
  Schema.Struct({ registrations: Schema.Array(Stored.Registration) }),
  { space: 2 }
)

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*({ host, registrations }: Options) {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()

  const hostId = Effect.gen(function*() {
    const stored = yield* read(host, HostFile)
    if (Option.isSome(stored)) return stored.value.ext_agent_host_id
    return yield* alone(
      host,
      Effect.gen(function*() {
        // Another process may have been faster.
        const stored = yield* read(host, HostFile)
        if (Option.isSome(stored)) return stored.value.ext_agent_host_id
        const id = yield* Stored.newHostId
        yield* write(host, HostFile, { ext_agent_host_id: id })
        return id
      })
    )
  })

  const load = Effect.map(
    read(registrations, RegistrationsFile),
    Option.match({ onNone: () => [], onSome: ({ registrations }) => registrations })
  )

  return Stored.Registrations.of({
    hostId: Effect.provide(hostId, services),
    find: (issuer) => Effect.provide(Effect.map(load, (all) => Stored.latest(all, issuer)), services),
    keep: (registration) =>
      alone(
        registrations,
        Effect.zip(load, DateTime.now).pipe(
          Effect.flatMap(([all, now]) =>
            write(registrations, RegistrationsFile, { registrations: Stored.add(all, registration, now) })
          )
        )
      ).pipe(Effect.provide(services))
  })
})

/**
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Layer from "effect/Layer"
 * import { RegistrationFiles } from "effixir/node"
 *
 * const options = { host: "/home/ada/.my-agent/host.json", registrations: "/home/ada/.my-agent/registrations.json" }
 *
 * const Registrations = Layer.provide(RegistrationFiles.layer(options), NodeContext.layer)
 * const sameAsAnEffect = RegistrationFiles.make(options)
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<Stored.Registrations, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Stored.Registrations, make(options))

/** Holds the lock of the file during the change; waiting for the lock may be interrupted, the change may not. */
const alone = <A, R>(path: string, change: Effect.Effect<A, Stored.RegistrationError, R>) =>
  Path.Path.pipe(
    Effect.flatMap(({ dirname }) => makeFolder(dirname(path), 0o700)),
    Effect.zipRight(StateFile.lock(path)),
    Effect.mapError(failed("save", path)),
    Effect.zipRight(Effect.uninterruptible(change)),
    Effect.scoped
  )

const write = <A>(path: string, schema: Schema.Schema<A, string>, value: A) =>
  StateFile.write(path, `${Schema.encodeSync(schema)(value)}\n`).pipe(Effect.mapError(failed("save", path)))

const read = Effect.fnUntraced(function*<A>(path: string, schema: Schema.Schema<A, string>) {
  const text = yield* StateFile.read(path).pipe(
    Effect.asSome,
    Effect.catchIf(isNotFound, () => Effect.succeedNone),
    Effect.mapError(failed("load", path))
  )
  if (Option.isNone(text)) return Option.none<A>()
  return yield* Effect.asSome(Effect.mapError(Schema.decode(schema)(text.value), () =>
    new Stored.RegistrationError({
      operation: "load",
      location: path,
      problem: "it is not what effixir writes there; mend the file, or remove it to be registered anew"
    })))
})

const failed = (operation: Stored.RegistrationError["operation"], location: string) => (cause: PlatformError) =>
  new Stored.RegistrationError({ operation, location, problem: diskProblem(cause), cause })
