/**
 * `effixir status`: who is signed in, and why that credential is the one in use.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { claims } from "../../auth/Credential.ts"
import { Credentials, type CredentialsError, type Selected } from "../../auth/Credentials.ts"
import * as NodeRuntime from "../../node/NodeRuntime.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Runtime from "../runtime.ts"
import { Screen } from "../Screen.ts"
import * as Common from "./options.ts"

export const status = Command.make(
  "status",
  {
    json: Common.json.pipe(Options.withDescription("Print one JSON object on stdout")),
    refresh: Options.boolean("refresh").pipe(Options.withDescription("Refresh the sign-in if it is about to expire")),
    ...Common.credential
  },
  Effect.fnUntraced(function*({ auth, json, profile, refresh }) {
    const screen = yield* Screen
    const { home, model, selected } = yield* look(refresh).pipe(Common.override({ auth, profile }))
    const report = { ...describe(selected), profile: home.profile ?? null, model, home: home.path }
    yield* screen.out(json ? `${JSON.stringify(report)}\n` : `${toText(report)}\n`)
    if (Either.isLeft(selected)) return yield* new ExitCode.Stop({ code: ExitCode.signedOut })
  })
).pipe(Command.withDescription("Show who is signed in, and how"))

/** Without `refresh` no server is asked. */
const look = Effect.fnUntraced(function*(refresh: boolean) {
  const { home, model } = yield* Runtime.settings
  const selected = yield* Effect.flatMap(
    Credentials,
    (credentials): Effect.Effect<Selected, CredentialsError> => refresh ? credentials.current : credentials.selected
  ).pipe(Effect.provide(NodeRuntime.layerHome), Effect.either)
  return { home, model, selected }
})

const describe = (selected: Either.Either<Selected, { readonly message: string }>) =>
  Either.match(selected, {
    onLeft: (error) => ({ signed_in: false, reason: error.message }),
    onRight: ({ credential, reason, source }) => ({
      signed_in: true,
      kind: credential.kind,
      ...(credential.kind === "subscription" ? describeAccount(credential) : {}),
      source,
      reason
    })
  })

const describeAccount = (subscription: Parameters<typeof claims>[0]) => {
  const { accountId, email, plan } = claims(subscription)
  const expiresAt = subscription.expires_at
  return {
    email: email ?? null,
    plan: plan ?? null,
    account_id: accountId ?? null,
    expires_at: expiresAt == null ? null : DateTime.formatIso(DateTime.unsafeMake(expiresAt))
  }
}

const toText = (report: { readonly [name: string]: unknown }): string =>
  Object.entries(report)
    .filter(([, value]) => value !== null)
    .map(([name, value]) =>
      `${name.replace("_", " ").padEnd(11)} ${value === true ? "yes" : value === false ? "no" : String(value)}`
    )
    .join("\n")
