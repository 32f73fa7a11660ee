#!/usr/bin/env bash
# Packages  @effect/platform 0.97.2 (`HttpApi`, `HttpApiClient`, `HttpApiBuilder`), effect 3.22.4, Node 20
# Guess     The client and the server of one `HttpApi` agree: whatever string is given as a path parameter, the handler
#           gets that string, as it gets a search parameter.
# Behaviour The client puts path parameters into the URL as they are, and the server reads the URL as it should. A `?` or `#`
#           ends the value without an error, so that the handler works on something else; a `/` is not found; what looks
#           escaped is unescaped. Encode such values on the side of the client, with a schema or by hand.
# Seen      path plain: plain, search plain: plain
#           path why?: why, search why?: why?
#           path C#: C, search C#: C#
#           path a%20b: a b, search a%20b: a%20b
#           path main/fix: not found, search main/fix: main/fix
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/platform@0.97.2 effect@3.22.4

cat >program.mjs <<'JS'
import { FetchHttpClient, HttpApi, HttpApiBuilder, HttpApiClient, HttpApiEndpoint, HttpApiGroup, HttpServer } from "@effect/platform"
import { Effect, Layer, Schema } from "effect"

const name = Schema.Struct({ name: Schema.String })
const api = HttpApi.make("api").add(
  HttpApiGroup.make("labels")
    .add(HttpApiEndpoint.get("byPath", "/labels/:name").setPath(name).addSuccess(Schema.String))
    .add(HttpApiEndpoint.get("bySearch", "/labels").setUrlParams(name).addSuccess(Schema.String))
)
const handlers = HttpApiBuilder.group(api, "labels", (all) =>
  all.handle("byPath", ({ path }) => Effect.succeed(path.name))
    .handle("bySearch", ({ urlParams }) => Effect.succeed(urlParams.name)))
const { handler } = HttpApiBuilder.toWebHandler(
  Layer.mergeAll(HttpApiBuilder.api(api).pipe(Layer.provide(handlers)), HttpServer.layerContext)
)
// Server and client meet without a network.
const fetch = Layer.succeed(FetchHttpClient.Fetch, (url, options) => handler(new Request(url, options)))

await Effect.gen(function*() {
  const { labels } = yield* HttpApiClient.make(api, { baseUrl: "http://localhost" })
  for (const name of ["plain", "why?", "C#", "a%20b", "main/fix"]) {
    const byPath = yield* Effect.orElseSucceed(labels.byPath({ path: { name } }), () => "not found")
    const bySearch = yield* labels.bySearch({ urlParams: { name } })
    console.log(`path ${name}: ${byPath}, search ${name}: ${bySearch}`)
  }
}).pipe(Effect.provide(FetchHttpClient.layer.pipe(Layer.provideMerge(fetch))), Effect.runPromise)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'path plain: plain, search plain: plain
path why?: why, search why?: why?
path C#: C, search C#: C#
path a%20b: a b, search a%20b: a%20b
path main/fix: not found, search main/fix: main/fix' ]
