/**
 * Taking over the sign-in of another tool.
 */
import * as Effect from "effect/Effect"
import * as Credential from "../../auth/Credential.ts"
import { SignedOut } from "../../auth/SignedOut.ts"
import * as ForeignCredential from "../../node/auth/ForeignCredential.ts"
import * as Confirm from "../confirm.ts"
import { Screen } from "../Screen.ts"

/** Only one program can use a refresh token: the second one to use it is signed out. */
export const takeOver = Effect.fnUntraced(function*(tool: ForeignCredential.Tool, yes: boolean) {
  const { credential, leftOut } = yield* ForeignCredential.read(tool)
  const screen = yield* Screen
  yield* Effect.forEach(leftOut, (why) => screen.say(`left out of the sign-ins of ${tool.name}: ${why}`), {
    discard: true
  })
  if (credential.kind === "subscription" && Credential.claims(credential).accountId === undefined) {
    return yield* new SignedOut({ reason: "AccountUnknown" })
  }
  if (credential.kind === "subscription" && !yes) {
    yield* Confirm.ask(
      `The sign-in of ${tool.name} can be used by one program only. It moves here, and ${tool.name} will have to sign in ` +
        "again.",
      "--yes"
    )
  }
  return credential
})
