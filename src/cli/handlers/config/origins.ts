/**
 * Settings with where they come from, as they are shown. What may be a secret is not.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { homedir } from "node:os"
import type { ConfigError } from "../../../auth/ConfigError.ts"
import { quote } from "../../../internal/quote.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as Overrides from "../../../node/settings/Overrides.ts"
import * as ResolvedSettings from "../../../node/settings/ResolvedSettings.ts"
import { Screen } from "../../Screen.ts"
import { withoutSecrets } from "../../withoutSecrets.ts"

interface Flags {
  readonly set: ReadonlyArray<string>
  readonly cd: Option.Option<string>
}

/** All settings, as a run in a folder would use them. */
export const resolved = ({ cd, set }: Flags) =>
  Effect.flatMap(Home.config, (home) => ResolvedSettings.resolve({ home, folder: Option.getOrElse(cd, () => ".") }))
    .pipe(Overrides.withOverrides(set))

type Origin = ResolvedSettings.Origin

/** A value as it may be shown. */
export const shown = ({ key, value }: Origin): unknown =>
  value === undefined ? undefined : withoutSecrets(key.split(".").at(-1) ?? key, value) ?? undefined

export const toJson = (origin: Origin) => ({
  key: origin.key,
  value: shown(origin) ?? null,
  source: origin.source,
  from: origin.from
})

/** A text as it is, anything else as JSON. */
export const valueText = (origin: Origin): string => {
  const value = shown(origin)
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value)
}

export const originText = ({ from, source }: Origin): string =>
  from === null ? source : `${source} ${from.startsWith(`${homedir()}/`) ? `~${from.slice(homedir().length)}` : from}`

/** After a change: what else is wrong with the file, and what goes before it. */
export const tellRest = Effect.fnUntraced(function*(key: string, problem: ConfigError | undefined) {
  const screen = yield* Screen
  if (problem !== undefined) return yield* screen.say(`the file cannot be used as it is: ${problem.message}`)
  const { origins } = yield* resolved({ set: [], cd: Option.none() })
  const [top] = yield* Effect.orElseSucceed(Overrides.pathOf(key, ""), () => [key])
  const before = origins.find((origin) => origin.key === top)
  if (before?.source === "env" || before?.source === "project") {
    yield* screen.say(`${before.source === "env" ? before.from : quote(before.from ?? "")} goes before it here`)
  }
})
