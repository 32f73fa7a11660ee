/**
 * `effixir status`: who is signed in, and why that credential is the one in use.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { claims } from "../../auth/Credential.ts"
import { Credentials, type Selected } from "../../auth/Credentials.ts"
import * as NodeRuntime from "../../node/NodeRuntime.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Runtime from "../runtime.ts"
import { Screen } from "../Screen.ts"

export const status = Command.make(
  "status",
  { json: Options.boolean("json").pipe(Options.withDescription("Print one JSON object on stdout")) },
  Effect.fnUntraced(function*({ json }) {
    const screen = yield* Screen
    const { home, model } = yield* Runtime.settings
    const selected = yield* Effect.flatMap(Credentials, (credentials) => credentials.current).pipe(
      Effect.provide(NodeRuntime.layerHome),
      Effect.either
    )
    const report = { ...describe(selected), model, home: home.path }
    yield* screen.out(json ? `${JSON.stringify(report)}\n` : `${toText(report)}\n`)
    if (Either.isLeft(selected)) return yield* new ExitCode.Stop({ code: ExitCode.signedOut })
  })
).pipe(Command.withDescription("Show who is signed in, and how"))

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
