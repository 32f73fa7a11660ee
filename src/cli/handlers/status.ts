/**
 * `effixir status`: who is signed in, why that credential is the one in use, and how much of its plan is used.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as ProjectInstructions from "../../agent/ProjectInstructions.ts"
import * as Skills from "../../agent/Skills.ts"
import {
  type ChatGpt,
  claims,
  type Ended,
  expiresAt,
  isSignIn,
  type SignIn,
  type Subscription,
  usesPlan
} from "../../auth/Credential.ts"
import { Credentials, type CredentialsError, type Selected } from "../../auth/Credentials.ts"
import { CredentialStore } from "../../auth/CredentialStore.ts"
import * as Host from "../../auth/Host.ts"
import * as RejectedToken from "../../auth/RejectedToken.ts"
import type { SignedOut } from "../../auth/SignedOut.ts"
import { quote } from "../../internal/quote.ts"
import { prose } from "../../internal/visible.ts"
import { layerHome } from "../../node/NodeHome.ts"
import * as NodeSandbox from "../../node/sandbox/NodeSandbox.ts"
import * as Trust from "../../node/settings/Trust.ts"
import { Models } from "../../responses/account/Models.ts"
import { PlanUsage } from "../../responses/account/PlanUsage.ts"
import type { Limit, Window } from "../../responses/account/RateLimitReading.ts"
import { RateLimits, type Snapshot } from "../../responses/account/RateLimits.ts"
import * as ContextSize from "../../session/compaction/ContextSize.ts"
import { count } from "../../session/export/wording.ts"
import type { Context } from "../../session/SessionEvent.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import type { Summary } from "../../session/Summary.ts"
import * as WorkingSet from "../../session/WorkingSet.ts"
import * as Common from "../commands/options.ts"
import type { Flags } from "../commands/status.ts"
import * as ExitCode from "../ExitCode.ts"
import * as FindSession from "../findSession.ts"
import { modelWindow } from "../modelWindow.ts"
import { whileWaiting } from "../progressLine.ts"
import { modeOf } from "../sandbox.ts"
import { Screen } from "../Screen.ts"
import { settings } from "../settings.ts"
import { moment, span } from "../time.ts"
import { wrap } from "../wrap.ts"

export const handle = Effect.fnUntraced(function*({ auth, json, profile, refresh }: Flags) {
  const screen = yield* Screen
  // A process is tried in it, which takes about as long as all the rest.
  const tried = yield* Effect.fork(lookAtSandbox)
  const { home, last, model, selected, snapshot, unusable } = yield* look(refresh).pipe(
    whileWaiting(refresh ? "asking how much of the plan is used" : "reading what is kept of the account"),
    Common.override({ auth, profile })
  )
  const own = yield* ProjectInstructions.ofPerson(home.path)
  const isGone = yield* isFolderGone
  const project = isGone ? ProjectInstructions.none : yield* ProjectInstructions.load(".")
  const problems = [...own.problems, ...project.problems]
  const missing = isGone ? [{ path: ".", what: gone }] : []
  const instructions = project.sources.map(({ path }) => path)
  const ownInstructions = own.sources.map(({ path }) => path)
  const trusted = yield* Trust.isTrusted(home, ".")
  const skills = yield* findSkills(home.path, trusted)
  const now = yield* DateTime.now
  const credential = Either.isRight(selected) ? selected.right.credential : unusable
  const access = credential === undefined || !isSignIn(credential) ? undefined : yield* accessOf(credential, now)
  const sandbox = yield* Fiber.join(tried)
  const settings = { profile: home.profile ?? null, model, home: home.path }
  yield* screen.out(
    json
      ? `${
        JSON.stringify({
          ...describe(selected, unusable, "json", access?.json),
          ...settings,
          sandbox,
          ...toJson(snapshot),
          context: last === undefined ? null : { session_id: last.summary.id, ...last.context },
          trusted,
          own_instructions: ownInstructions,
          instructions,
          instruction_problems: [...problems, ...missing].map(({ path, what }) => ({ path, problem: what })),
          ...skillsToJson(skills)
        })
      }\n`
      : `${
        prose(
          toText({
            ...describe(selected, unusable, "text", access?.text),
            ...settings,
            sandbox: sandboxLine(sandbox),
            ...toLines(snapshot, now, process.env["TERM"] !== "dumb"),
            ...(last === undefined ? {} : { "last session": toWords(last) }),
            ...(ownInstructions.length === 0 ? {} : { "for all projects": ownInstructions.join(", ") }),
            ...isGone ? { folder: gone } : {},
            ...instructionsOf(instructions, trusted),
            ...(problems.length === 0
              ? {}
              : { "AGENTS.md": problems.map(({ path, what }) => `${quote(path)} ${what}`).join("\n") }),
            ...skillsToLines(skills)
          }, screen.isOutTerminal ? screen.width : Infinity)
        )
      }\n`
  )
  if (Either.isLeft(selected)) return yield* new ExitCode.Stop({ code: ExitCode.signedOut })
})

const gone = "is gone: it was deleted or moved away; go to another one (`cd`)"

/** A process may be in a folder that others have deleted. */
const isFolderGone = Effect.isFailure(Effect.try(() => process.cwd()))

/** What commands are kept in here, whether that can be had, and why not. */
const lookAtSandbox = Effect.gen(function*() {
  const mode = modeOf(yield* settings("."))
  const found = yield* NodeSandbox.find
  return Either.match(found, {
    onLeft: ({ reason }) => ({ mode, available: false, reason }),
    onRight: () => ({ mode, available: true, reason: null })
  })
})

const sandboxLine = ({ available, mode, reason }: Effect.Effect.Success<typeof lookAtSandbox>): string =>
  available || mode === "off" ? mode : `none: ${reason}`

const instructionsOf = (files: ReadonlyArray<string>, trusted: boolean) =>
  files.length === 0
    ? {}
    : {
      instructions: `${files.join(", ")}${trusted ? "" : " (not followed: this project is not trusted; see --trust)"}`
    }

/** Skills of an untrusted project are left out, like those that cannot be used. */
const findSkills = Effect.fnUntraced(function*(home: string, trusted: boolean) {
  const { problems, remarks, skills } = yield* Skills.load({ home, folder: trusted ? "." : undefined })
  const others = trusted ? [] : yield* Skills.ofProject(".")
  const reason = "this project is not trusted; see --trust"
  return { skills, remarks, problems: [...problems, ...others.map((path) => ({ path, reason }))] }
})

const skillsToJson = ({ problems, remarks, skills }: Skills.Loaded) => ({
  skills: skills.map(({ description, name, path }) => ({ name, description, path })),
  skill_remarks: remarks.map(({ path, reason }) => ({ path, remark: reason })),
  skill_problems: problems.map(({ path, reason }) => ({ path, problem: reason }))
})

const skillsToLines = ({ problems, remarks, skills }: Skills.Loaded) => ({
  ...(skills.length === 0 ? {} : { skills: skills.map(({ name, path }) => `${name} (${quote(path)})`).join("\n") }),
  ...(remarks.length === 0
    ? {}
    : { remarks: remarks.map(({ path, reason }) => `${quote(path)}: ${reason}`).join("\n") }),
  ...(problems.length === 0
    ? {}
    : { "left out": problems.map(({ path, reason }) => `${quote(path)}: ${reason}`).join("\n") })
})

/** Without `refresh` no server is asked. */
const look = Effect.fnUntraced(function*(refresh: boolean) {
  const { home, model: chosen } = yield* settings(".")
  return yield* Effect.gen(function*() {
    const { defaultModel } = yield* Effect.flatMap(Models, ({ known }) => known)
    const model = chosen ?? defaultModel
    const last = yield* lastSession
    const selected = yield* Effect.flatMap(
      Credentials,
      (credentials): Effect.Effect<Selected, CredentialsError> => refresh ? credentials.current : credentials.selected
    ).pipe(Effect.either)
    if (Either.isLeft(selected)) {
      return {
        home,
        last,
        model,
        selected,
        unusable: yield* findUnusable(selected.left),
        snapshot: Option.none<Snapshot>()
      }
    }
    if (refresh) yield* ask
    const { snapshot } = yield* RateLimits
    return {
      home,
      last,
      model,
      selected,
      unusable: undefined,
      snapshot: yield* snapshot(Host.of(selected.right.credential).account)
    }
  }).pipe(Effect.provide(layerHome))
})

interface LastSession {
  readonly summary: Summary
  readonly context: Context
}

/** The session that was used last, and how much of its model's window it fills. One that cannot be read is passed over. */
const lastSession = Effect.gen(function*() {
  const store = yield* SessionStore
  const [summary] = FindSession.ofPersons(yield* store.list)
  if (summary === undefined) return undefined
  const last: LastSession = {
    summary,
    context: yield* ContextSize.ofLog(WorkingSet.make(yield* store.lines(summary.id)).events(), modelWindow)
  }
  return last
}).pipe(Effect.catchTag("SessionError", () => Effect.succeed(undefined)))

const toWords = ({ context: { tokens, window }, summary }: LastSession): string =>
  `${FindSession.shortId(summary.id)} "${FindSession.titleOf(summary)}", ${count(tokens, "token")} in its context${
    window === null ? "" : ` of ${window.toLocaleString("en-US")}`
  }`

/**
 * Finds a sign-in that cannot be used now: its person has not agreed to the use of the plan, the server has ended it, or
 * is in trouble.
 */
const findUnusable = Effect.fnUntraced(function*(error: CredentialsError) {
  if (error._tag === "SignedOut" && error.reason === "SubscriptionRuledOut") return undefined
  const { load } = yield* CredentialStore
  const stored = Option.getOrUndefined(yield* Effect.orElseSucceed(load, Option.none))
  if (stored === undefined || stored.kind === "api_key") return undefined
  return stored.kind === "chatgpt_ended" || error._tag === "OAuthError" || !usesPlan(stored) ? stored : undefined
})

/** If the server cannot be asked, the earlier usage is still shown. */
const ask = Effect.flatMap(PlanUsage, ({ refresh }) => refresh).pipe(
  Effect.catchAll((error) =>
    Effect.flatMap(
      Screen,
      (screen) => screen.say(`how much of the plan is used could not be asked: ${error.detail}`)
    )
  )
)

const describe = (
  selected: Either.Either<Selected, { readonly message: string }>,
  unusable: SignIn | Ended | undefined,
  form: "json" | "text",
  access: object = {}
) =>
  Either.match(selected, {
    onLeft: ({ message }) =>
      unusable === undefined
        ? { signed_in: false, reason: message }
        : unusable.kind === "chatgpt_ended"
        ? { signed_in: false, kind: unusable.kind, email: unusable.email ?? null, reason: message }
        : { signed_in: true, kind: unusable.kind, ...describeSignIn(unusable, form), ...access, reason: message },
    onRight: ({ credential, reason, source }) => ({
      signed_in: true,
      kind: credential.kind,
      ...(isSignIn(credential) ? describeSignIn(credential, form) : {}),
      ...access,
      source,
      reason
    })
  })

const describeSignIn = (credential: SignIn, form: "json" | "text") =>
  credential.kind === "chatgpt" ? describePlan[form](credential) : describeAccount(credential)

/** The server does not tell this sign-in which plan it is, or how much of it is used. */
const describePlan = {
  json: (credential: ChatGpt) => ({
    email: credential.email ?? null,
    plan_use: usesPlan(credential),
    manage_usage: Host.manageUsage
  }),
  text: (credential: ChatGpt) => ({
    email: credential.email ?? null,
    plan: usesPlan(credential) ? "Using ChatGPT plan" : "Not using the ChatGPT plan",
    ...(usesPlan(credential) ? { "Manage usage": Host.manageUsage } : {})
  })
}

const describeAccount = (subscription: Subscription) => {
  const { accountId, email, plan } = claims(subscription)
  return { email: email ?? null, plan: plan ?? null, account_id: accountId ?? null }
}

/** How long the token is good, and whether the person has to sign in again after that. */
const accessOf = Effect.fnUntraced(function*(credential: SignIn, now: DateTime.Utc) {
  const end = Option.getOrUndefined(expiresAt(credential))
  const refusal = credential.kind === "subscription" ? yield* RejectedToken.of(credential) : Option.none<SignedOut>()
  const isOver = end !== undefined && DateTime.lessThanOrEqualTo(end, now)
  const refreshed = isOver ? "the next request refreshes it" : "refreshed by itself"
  const what = Option.match(refusal, { onNone: () => refreshed, onSome: ({ message }) => message })
  return {
    json: {
      expires_at: end === undefined ? null : DateTime.formatIso(end),
      expired: isOver,
      refreshable: Option.isNone(refusal)
    },
    text: { token: end === undefined ? what : `${isOver ? "expired" : "expires"} ${moment(end, now)}; ${what}` }
  }
})

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

/** The windows, each a line of its own, and how old they are. A screen reader would spell bars. */
const toLines = (snapshot: Option.Option<Snapshot>, now: DateTime.Utc, hasBars: boolean) => {
  if (Option.isNone(snapshot)) return {}
  const { at, credits, limits } = snapshot.value
  const windows = limits.flatMap((limit) =>
    limit.windows.map((window) =>
      [`${nameOf(limit)}${lengthOf(window)} window`, usageOf(window, now, hasBars)] as const
    )
  )
  const bought = credits === undefined || !credits.hasCredits && !credits.unlimited
    ? []
    : [["credits", credits.unlimited ? "unlimited" : grouped(credits.balance ?? "some")] as const]
  return Object.fromEntries([
    ...windows,
    ...bought,
    ["usage seen", `${span(DateTime.distanceDuration(at, now))} ago`] as const
  ])
}

/** Rounds an exact amount for a person: `12,345.68`. */
const grouped = (amount: string): string =>
  /^\d{4,15}(?:\.\d*)?$/.test(amount) || /^\d+\.\d{3,}$/.test(amount)
    ? Number(amount).toLocaleString("en", { maximumFractionDigits: 2 })
    : amount

/** The limit of the plan needs no name. */
const nameOf = ({ id, name }: Limit): string => id === "codex" ? "" : `${name ?? id} `

const lengthOf = ({ kind, minutes }: Window): string => {
  if (kind === "weekly") return "weekly"
  if (kind === "five-hour") return "5-hour"
  if (minutes % (24 * 60) === 0) return `${minutes / (24 * 60)}-day`
  if (minutes % 60 === 0) return `${minutes / 60}-hour`
  return minutes < 120 ? `${minutes}-minute` : span(Duration.minutes(minutes))
}

const usageOf = ({ resetsAt, usedPercent }: Window, now: DateTime.Utc, hasBar: boolean): string => {
  const isOver = resetsAt !== undefined && DateTime.lessThanOrEqualTo(resetsAt, now)
  const percent = Math.round(usedPercent * 10) / 10
  const used = `${percent} % used`
  const told = resetsAt === undefined
    ? used
    : isOver
    ? `${used} when last seen, reset since`
    : `${used}, resets ${moment(resetsAt, now)}`
  return hasBar ? `${bar(isOver ? 0 : percent)} ${told}` : told
}

/** How many characters stand for a whole window. */
const barLength = 20

/** What is used up at all is seen, and so is what is left. */
const bar = (percent: number): string => {
  const part = Math.min(100, Math.max(0, percent)) / 100 * barLength
  const full = part === 0 ? 0 : Math.max(1, part === barLength ? barLength : Math.min(barLength - 1, Math.round(part)))
  return "█".repeat(full) + "░".repeat(barLength - full)
}

/** One row for each field, wrapped at the width of the terminal; a longer path stays whole. */
const toText = (report: { readonly [name: string]: unknown }, width: number): string => {
  const rows = Object.entries(report).filter(([, value]) => value !== null)
  const indent = " ".repeat(Math.max(...rows.map(([name]) => name.length)) + 1)
  return rows.map(([name, value]) => {
    const text = value === true ? "yes" : value === false ? "no" : String(value)
    const lines = text.split("\n").map((line) =>
      indent.length + line.length > width ? wrap(line, width, indent) : `${indent}${line}`
    ).join("\n")
    return `${name.replace("_", " ").padEnd(indent.length)}${lines.trimStart()}`
  }).join("\n")
}
