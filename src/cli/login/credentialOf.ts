import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { SignIn } from "../../auth/Credential.ts"

/** The credential that a sign-in ends with. */
export const credentialOf = <Credential extends SignIn, State extends { readonly _tag: string }, E, R>(
  states: Stream.Stream<State | { readonly _tag: "SignedIn"; readonly credential: Credential }, E, R>
): Effect.Effect<Credential, E, R> =>
  Effect.flatMap(Stream.runLast(states), (last) =>
    Option.isSome(last) && "credential" in last.value
      ? Effect.succeed(last.value.credential)
      : Effect.dieMessage("A sign-in ended without a credential"))
