/**
 * How the sign-in server knows this installation: by its own name, and by a client id for each person. None of it is
 * secret, and it outlives every sign-in, so that a person who returns is recognized and nothing is registered twice.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { defined } from "../../internal/json.ts"

/**
 * A client id, and the person it was given out for, who is unknown until the first sign-in with it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Registration = Schema.Struct({
  issuer: Schema.NonEmptyString,
  client_id: Schema.NonEmptyString,
  subject: Schema.NullOr(Schema.NonEmptyString),
  email: Schema.NullOr(Schema.String),
  registered_at: Schema.String,
  /** Whether its person knows that the plan is used. */
  plan_noted: Schema.optional(Schema.Boolean)
})

/** @since 0.1.0 @category models */
export type Registration = typeof Registration.Type

/**
 * The registrations could not be read or written.
 *
 * @since 0.1.0
 * @category errors
 */
export class RegistrationError
  extends Schema.TaggedError<RegistrationError>("effixir/auth/chatgpt/Registrations/RegistrationError")(
    "RegistrationError",
    {
      operation: Schema.Literal("load", "save"),
      location: Schema.String,
      problem: Schema.String,
      cause: Schema.optional(Schema.Defect)
    }
  )
{
  override get message(): string {
    return `Cannot ${this.operation} what this installation is known by at the sign-in server, in ${this.location}: ` +
      this.problem
  }
}

/** @since 0.1.0 @category services */
export class Registrations extends Context.Tag("effixir/auth/chatgpt/Registrations")<Registrations, {
  /** The name of this installation. It is made once, and saved before it is sent anywhere. */
  readonly hostId: Effect.Effect<string, RegistrationError>
  /** The latest registration with an issuer. */
  readonly find: (issuer: string) => Effect.Effect<Option.Option<Registration>, RegistrationError>
  /** Saves a registration, or new facts about one. */
  readonly keep: (registration: Omit<Registration, "registered_at">) => Effect.Effect<void, RegistrationError>
}>() {}

/**
 * A new name: the same on no other installation.
 *
 * @since 0.1.0
 * @category constructors
 */
export const newHostId: Effect.Effect<string> = Effect.sync(() => `urn:uuid:${crypto.randomUUID()}`)

/**
 * The registrations with a new one, or with new facts about one, which becomes the latest.
 *
 * @since 0.1.0
 * @category combining
 */
export const add = (
  registrations: ReadonlyArray<Registration>,
  { client_id, email, issuer, plan_noted, subject }: Omit<Registration, "registered_at">,
  now: DateTime.Utc
): ReadonlyArray<Registration> => {
  const isSame = (one: Registration) => one.issuer === issuer && one.client_id === client_id
  const before = registrations.find(isSame)
  return [...registrations.filter((one) => !isSame(one)), {
    issuer,
    client_id,
    subject: subject ?? before?.subject ?? null,
    email: email ?? before?.email ?? null,
    registered_at: before?.registered_at ?? DateTime.formatIso(now),
    ...defined({ plan_noted: plan_noted ?? before?.plan_noted })
  }]
}

/**
 * The latest of an issuer. One whose person is known comes before one that nobody has signed in with: an attempt of
 * another account leaves such a one.
 *
 * @since 0.1.0
 * @category combining
 */
export const latest = (registrations: ReadonlyArray<Registration>, issuer: string): Option.Option<Registration> => {
  const ofIssuer = registrations.filter((one) => one.issuer === issuer)
  return Option.fromNullable(ofIssuer.findLast(({ subject }) => subject !== null) ?? ofIssuer.at(-1))
}

/**
 * Forgets everything when the program ends.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Registrations> = Layer.effect(
  Registrations,
  Effect.gen(function*() {
    const hostId = yield* newHostId
    const kept = yield* Ref.make<ReadonlyArray<Registration>>([])
    return Registrations.of({
      hostId: Effect.succeed(hostId),
      find: (issuer) => Effect.map(Ref.get(kept), (all) => latest(all, issuer)),
      keep: (registration) =>
        Effect.flatMap(DateTime.now, (now) => Ref.update(kept, (all) => add(all, registration, now)))
    })
  })
)
