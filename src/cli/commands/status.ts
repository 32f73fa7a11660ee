/**
 * `effixir status`: who is signed in, why that credential is the one in use, and how much of its plan is used.
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ProjectInstructions from "../../agent/ProjectInstructions.ts"
import { accountOf, claims } from "../../auth/Credential.ts"
import { Credentials, type CredentialsError, type Selected } from "../../auth/Credentials.ts"
import * as NodeRuntime from "../../node/NodeRuntime.ts"
import * as Trust from "../../node/Trust.ts"
import { PlanUsage } from "../../responses/PlanUsage.ts"
import type { Limit, Window } from "../../responses/RateLimitReading.ts"
import { RateLimits, type Snapshot } from "../../responses/RateLimits.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Runtime from "../runtime.ts"
import { harmless, Screen } from "../Screen.ts"
import { span } from "../span.ts"
import * as Common from "./options.ts"

export const status = Command.make(
  "status",
  {
    json: Common.json.pipe(Options.withDescription("Print one JSON object on stdout")),
    refresh: Options.boolean("refresh").pipe(
      Options.withDescription("Refresh the sign-in if it is about to expire, and ask how much of the plan is used")
    ),
    ...Common.credential
  },
  Effect.fnUntraced(function*({ auth, json, profile, refresh }) {
    const screen = yield* Screen
    const { home, model, selected, snapshot } = yield* look(refresh).pipe(Common.override({ auth, profile }))
    const instructions = (yield* ProjectInstructions.load(".")).map(({ path }) => path)
    const trusted = yield* Trust.isTrusted(home, ".")
    const report = { ...describe(selected), profile: home.profile ?? null, model, home: home.path }
    yield* screen.out(
      json
        ? `${JSON.stringify({ ...report, ...toJson(snapshot), trusted, instructions })}\n`
        : `${
          harmless(toText({ ...report, ...(yield* toLines(snapshot)), ...instructionsOf(instructions, trusted) }))
        }\n`
    )
    if (Either.isLeft(selected)) return yield* new ExitCode.Stop({ code: ExitCode.signedOut })
  })
).pipe(Command.withDescription("Show who is signed in, how, and how much of the plan is used"))

const instructionsOf = (files: ReadonlyArray<string>, trusted: boolean) =>
  files.length === 0
    ? {}
    : {
      instructions: `${files.join(", ")}${trusted ? "" : " (not followed: this project is not trusted; see --trust)"}`
    }

/** Without `refresh` no server is asked. */
const look = Effect.fnUntraced(function*(refresh: boolean) {
  const { home, model } = yield* Runtime.settings
  return yield* Effect.gen(function*() {
    const selected = yield* Effect.flatMap(
      Credentials,
      (credentials): Effect.Effect<Selected, CredentialsError> => refresh ? credentials.current : credentials.selected
    ).pipe(Effect.either)
    if (Either.isLeft(selected)) return { home, model, selected, snapshot: Option.none<Snapshot>() }
    if (refresh) yield* ask
    const { snapshot } = yield* RateLimits
    return { home, model, selected, snapshot: yield* snapshot(accountOf(selected.right.credential)) }
  }).pipe(Effect.provide(NodeRuntime.layerHome))
})

/** What was known before is still worth showing. */
const ask = Effect.flatMap(PlanUsage, ({ refresh }) => refresh).pipe(
  Effect.catchAll((error) =>
    Effect.flatMap(
      Screen,
      (screen) => screen.err(harmless(`effixir: how much of the plan is used could not be asked: ${error.detail}\n`))
    )
  )
)

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

const toJson = Option.match({
  onNone: () => ({ limits: [], limits_at: null, credits: null }),
  onSome: ({ at, credits, limits }: Snapshot) => ({
    limits: limits.map(({ id, name, windows }) => ({
      id,
      name: name ?? null,
      windows: windows.map(({ kind, minutes, resetsAt, usedPercent }) => ({
        kind,
        minutes,
        used_percent: usedPercent,
        resets_at: resetsAt === undefined ? null : DateTime.formatIso(resetsAt)
      }))
    })),
    limits_at: DateTime.formatIso(at),
    credits: credits === undefined
      ? null
      : { has_credits: credits.hasCredits, unlimited: credits.unlimited, balance: credits.balance ?? null }
  })
})

/** The windows, each a line of its own, and how old they are. */
const toLines = Effect.fnUntraced(function*(snapshot: Option.Option<Snapshot>) {
  if (Option.isNone(snapshot)) return {}
  const { at, credits, limits } = snapshot.value
  const now = yield* DateTime.now
  const windows = limits.flatMap((limit) =>
    limit.windows.map((window) => [`${nameOf(limit)}${lengthOf(window)} window`, usageOf(window, now)] as const)
  )
  const bought = credits === undefined || !credits.hasCredits && !credits.unlimited
    ? []
    : [["credits", credits.unlimited ? "unlimited" : credits.balance ?? "some"] as const]
  return Object.fromEntries([
    ...windows,
    ...bought,
    ["usage seen", `${span(DateTime.distanceDuration(at, now))} ago`] as const
  ])
})

/** The limit of the plan needs no name. */
const nameOf = ({ id, name }: Limit): string => id === "codex" ? "" : `${name ?? id} `

const lengthOf = ({ kind, minutes }: Window): string => {
  if (kind === "weekly") return "weekly"
  if (kind === "five-hour") return "5-hour"
  if (minutes % (24 * 60) === 0) return `${minutes / (24 * 60)}-day`
  return minutes % 60 === 0 ? `${minutes / 60}-hour` : `${minutes}-minute`
}

const usageOf = ({ resetsAt, usedPercent }: Window, now: DateTime.Utc): string => {
  const used = `${Math.round(usedPercent * 10) / 10} % used`
  if (resetsAt === undefined) return used
  return DateTime.lessThanOrEqualTo(resetsAt, now)
    ? `${used} when last seen, reset since`
    : `${used}, resets in ${span(DateTime.distanceDuration(now, resetsAt))} (${moment(resetsAt, now)})`
}

/** By the clock on the wall, with the day unless it is today. */
const moment = (at: DateTime.Utc, now: DateTime.Utc): string => {
  const local = (utc: DateTime.Utc) => DateTime.setZone(utc, DateTime.zoneMakeLocal())
  const { hours, minutes } = DateTime.toParts(local(at))
  const [day, today] = [at, now].map((utc) => DateTime.formatIsoDate(local(utc)))
  const time = `at ${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`
  return day === today ? time : `on ${day} ${time}`
}

const toText = (report: { readonly [name: string]: unknown }): string => {
  const rows = Object.entries(report).filter(([, value]) => value !== null)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows
    .map(([name, value]) =>
      `${name.replace("_", " ").padEnd(width)} ${value === true ? "yes" : value === false ? "no" : String(value)}`
    )
    .join("\n")
}
