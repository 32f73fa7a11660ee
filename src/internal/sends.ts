import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"

const current = globalValue(
  "effixir/internal/sends",
  () => FiberRef.unsafeMake<Option.Option<Ref.Ref<number>>>(Option.none())
)

const change = (f: (sends: number) => number) =>
  Effect.flatMap(FiberRef.get(current), Option.match({ onNone: () => Effect.void, onSome: Ref.update(f) }))

/**
 * A client whose sends can be counted, anew for each call of it. One that a program hands over may try again by itself
 * (`retryTransient`), and so send one request several times.
 */
export const counted = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  client.pipe(
    HttpClient.tapRequest(() => change((sends) => sends + 1)),
    HttpClient.transformResponse((response) => Effect.zipRight(change(() => 0), response))
  )

/** Counts the sends of such a client inside of an effect. */
export const counting = (counter: Ref.Ref<number>) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.locally(self, current, Option.some(counter))
