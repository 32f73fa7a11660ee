/**
 * What the server says of itself: the document of its API, a page to read it, and a page for whoever opens its address in
 * a browser. They ask nothing of anybody else.
 *
 * @internal
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import type * as Layer from "effect/Layer"
import * as Reference from "./Reference.ts"

/** @since 0.1.0 @category layers */
export const layer: Layer.Layer<never, never, HttpApi.Api> = HttpApiBuilder.Router.use((router) =>
  Effect.gen(function*() {
    const { api } = yield* HttpApi.Api
    const document = Reference.tidied(OpenApi.fromApi(api))
    const openApi = HttpServerResponse.unsafeJson(document, { headers: { "cache-control": "no-cache" } })
    const docs = yield* page("effixir: the HTTP API", Reference.toHtml(document))
    const home = yield* page("effixir", welcome)
    yield* router.get("/openapi.json", Effect.succeed(openApi))
    yield* router.get("/docs", Effect.succeed(docs))
    yield* router.get("/", Effect.succeed(home))
  })
)

const welcome = `<h1>effixir</h1>
<p>This is a server of agents. Programs ask it below <code>/v1</code>, with the token of its token file:
<code>Authorization: Bearer TOKEN</code>.</p>
<p><code>GET /docs</code> tells what can be asked, and <code>GET /openapi.json</code> is the same for programs; both
want the token as well.</p>
`

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;padding:0 1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{overflow:auto;padding:.5rem 1rem;border:1px solid #8884;border-radius:.3rem}
h2{margin-top:2.5rem;border-top:1px solid #8884;padding-top:1rem}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}}
`

const page = (title: string, body: string) =>
  Effect.map(hashOf(style), (hash) =>
    HttpServerResponse.text(
      `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
        `<title>${title}</title><style>${style}</style></head>\n<body>\n${body}</body></html>\n`,
      {
        contentType: "text/html; charset=utf-8",
        headers: {
          "cache-control": "no-cache",
          "content-security-policy": `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; ` +
            "form-action 'none'; frame-ancestors 'none'"
        }
      }
    ))

const hashOf = (text: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    (hash) => Encoding.encodeBase64(new Uint8Array(hash))
  )
