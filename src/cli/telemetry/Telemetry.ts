/**
 * Traces for OpenTelemetry: exported where the environment names a collector, and nowhere else. What exports them is
 * loaded only then.
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Secrets } from "../../auth/Secrets.ts"
import * as Layers from "../../internal/layers.ts"
import { sayConfig } from "../sayConfig.ts"
import { Screen } from "../Screen.ts"

/** Where traces go, and how. */
export interface Collector {
  readonly url: string
  readonly headers: ReadonlyMap<string, Redacted.Redacted>
  readonly encoding: "json" | "protobuf"
  readonly serviceName: string
}

/** A variable that is empty counts as not set. */
const variable = (name: string): Config.Config<Option.Option<string>> =>
  Config.map(
    Config.option(Config.string(name)),
    (value) => Option.filter(Option.map(value, (text) => text.trim()), (text) => text !== "")
  )

/** The variable for traces alone comes before the one for all signals. */
const ofTraces = (name: string): Config.Config<Option.Option<string>> =>
  Config.map(
    Config.all([variable(`OTEL_EXPORTER_OTLP_TRACES_${name}`), variable(`OTEL_EXPORTER_OTLP_${name}`)]),
    Option.firstSomeOf
  )

const nameAmong = Option.flatMapNullable((attributes: string) =>
  /(?:^|,)\s*service\.name\s*=\s*([^,=\s]+)/.exec(attributes)?.[1]
)

const endpoints = Config.all({
  endpoint: variable("OTEL_EXPORTER_OTLP_ENDPOINT"),
  exact: variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
})

const settings = Config.all({
  headers: Config.map(ofTraces("HEADERS"), Option.map(Redacted.make)),
  protocol: ofTraces("PROTOCOL"),
  exporter: variable("OTEL_TRACES_EXPORTER"),
  isDisabled: Config.map(variable("OTEL_SDK_DISABLED"), Option.exists((text) => /^true$/i.test(text))),
  serviceName: Config.map(
    Config.all([variable("OTEL_SERVICE_NAME"), Config.map(variable("OTEL_RESOURCE_ATTRIBUTES"), nameAmong)]),
    (names) => Option.getOrElse(Option.firstSomeOf(names), () => "effixir")
  )
})

/** What is wrong with a variable; it is about telling others of a run, so the run goes on. */
const wrong = (problem: string) => Effect.fail(`No traces are exported: ${problem}`)

/** The collector that the environment names, if it does. */
const collector: Effect.Effect<Option.Option<Collector>, string | ConfigError> = Effect.gen(function*() {
  const { endpoint, exact } = yield* endpoints
  if (Option.isNone(endpoint) && Option.isNone(exact)) return Option.none()
  const { exporter, headers, isDisabled, protocol, serviceName } = yield* settings
  if (isDisabled || Option.contains(exporter, "none")) return Option.none()
  const named = Option.isSome(exact) ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT"
  const url = Option.getOrElse(exact, () => `${Option.getOrElse(endpoint, () => "").replace(/\/+$/, "")}/v1/traces`)
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    return yield* wrong(`${named} is no address of a collector; give it one such as http://localhost:4318`)
  }
  const spoken = Option.getOrElse(protocol, () => "http/protobuf")
  if (spoken !== "http/protobuf" && spoken !== "http/json") {
    return yield* wrong(
      `OTEL_EXPORTER_OTLP_PROTOCOL is "${spoken}"; set it to http/protobuf or http/json (a collector takes both on port 4318)`
    )
  }
  return Option.some({
    url,
    headers: headersOf(Option.map(headers, Redacted.value)),
    encoding: spoken === "http/json" ? "json" : "protobuf",
    serviceName
  })
})

/** Written as `name=value,name=value`, with percent signs for what could be mistaken. */
const headersOf = (text: Option.Option<string>): Collector["headers"] =>
  new Map(
    Option.getOrElse(text, () => "").split(",").flatMap((pair) => {
      const at = pair.indexOf("=")
      const name = pair.slice(0, Math.max(0, at)).trim().toLowerCase()
      return /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? [[name, Redacted.make(decoded(pair.slice(at + 1).trim()))]] : []
    })
  )

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A shorter one is most often no secret, but a word that would be missing in all output. */
const shortestSecret = 16

/** Exports the spans of what it is provided to; without a collector it does nothing. */
export const layer: Layer.Layer<never, never, Screen> = Layers.unwrapEffect(
  Effect.flatMap(collector, (found) => {
    if (Option.isNone(found)) return Effect.succeed<Layer.Layer<never, ConfigError>>(Layer.empty)
    return Effect.gen(function*() {
      const { add } = yield* Secrets
      const values = Array.from(found.value.headers.values(), Redacted.value)
      const tokens = values.flatMap((value) => [value, value.replace(/^\w+ +/, "")])
      yield* add(...tokens.filter((token) => token.length >= shortestSecret).map((token) => Redacted.make(token)))
      const { exporter } = yield* Effect.promise(() => import("./exporter.ts"))
      return exporter(found.value)
    })
  })
).pipe(
  Layer.catchAll((problem) =>
    Layer.effectDiscard(
      Effect.flatMap(Screen, ({ say }) => say(typeof problem === "string" ? problem : sayConfig(problem)))
    )
  )
)
