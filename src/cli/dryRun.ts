/**
 * `--dry-run`: the request that a run would begin with, in the place of the run.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { DryRun } from "../auth/DryRun.ts"
import { parse } from "../internal/json.ts"
import { json } from "../internal/visible.ts"
import type { Form } from "./render/Renderer.ts"
import { Screen } from "./Screen.ts"

/** Runs up to the first request to a model, and prints that. A run that fails before fails here. */
export const instead = (form: Form) => <A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<void, E, R | Screen> =>
  Effect.gen(function*() {
    const asked = yield* Deferred.make<HttpClientRequest.HttpClientRequest>()
    const take = (request: HttpClientRequest.HttpClientRequest) => Effect.asVoid(Deferred.succeed(asked, request))
    const running = Effect.zipRight(Effect.provideService(run, DryRun, { take }), Effect.dieMessage("no request"))
    const request = yield* Effect.raceFirst(Deferred.await(asked), running)
    const screen = yield* Screen
    const lines = JSON.stringify(describe(request), undefined, form === "text" ? 2 : 0).split("\n")
    yield* screen.out(`${lines.map(json).join("\n")}\n`)
  })

/** What is known to be secret elsewhere in it, as in a header that a person has set, no output shows. */
const describe = (request: HttpClientRequest.HttpClientRequest) => {
  const { body, headers, method } = request
  const url = UrlParams.makeUrl(request.url, request.urlParams, request.hash)
  return {
    method,
    url: Either.isRight(url) ? url.right.href : request.url,
    headers: { ...headers, ...headers["authorization"] === undefined ? {} : { authorization: "Bearer …" } },
    body: body._tag === "Uint8Array" ? parse(new TextDecoder().decode(body.body)) : null
  }
}
