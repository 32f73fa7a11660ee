/**
 * Sends spans to a collector over OTLP, in batches. A collector that does not answer costs a run two seconds at its end,
 * and no more.
 */
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError } from "@effect/platform/HttpClientError"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { version } from "../../internal/version.ts"
import * as Network from "../../node/network/Network.ts"
import type { Collector } from "./Telemetry.ts"

export const exporter = ({ encoding, headers, serviceName, url }: Collector): Layer.Layer<never, ConfigError> =>
  OtlpTracer.layer({
    url,
    headers: Array.from(headers, ([name, value]) => [name, Redacted.value(value)] as const),
    resource: { serviceName, serviceVersion: version },
    shutdownTimeout: "2 seconds"
  }).pipe(
    Layer.provide(encoding === "json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
    Layer.provide(Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, bounded))),
    Layer.provide(Network.layerConfig())
  )

/** A request that hangs would hold on to its spans, and so would those after it. */
const bounded = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(client, (response, request) =>
    Effect.timeoutFail(response, {
      duration: "10 seconds",
      onTimeout: () => new RequestError({ request, reason: "Transport", description: "no answer within 10 seconds" })
    }))
