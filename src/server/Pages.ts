/**
 * What the server says of itself: the document of its API, a page to read it, and the live page for whoever opens its
 * address in a browser. They ask nothing of anybody else.
 *
 * @internal
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import type * as Layer from "effect/Layer"
import { loadedOnce } from "../internal/loadedOnce.ts"
import { css } from "../session/export/htmlStyle.ts"
import { css as pageCss } from "./PageStyle.ts"
import * as Reference from "./Reference.ts"

/** What a browser gets without a token: it tells nothing of any session. */
export const open: ReadonlySet<string> = new Set(["/", "/page.css", "/page.js"])

/** @since 0.1.0 @category layers */
export const layer: Layer.Layer<never, never, HttpApi.Api> = HttpApiBuilder.Router.use((router) =>
  Effect.gen(function*() {
    const { api } = yield* HttpApi.Api
    const document = Reference.tidied(OpenApi.fromApi(api))
    const openApi = HttpServerResponse.unsafeJson(document, { headers: { "cache-control": "no-cache" } })
    const docs = yield* reference("effixir: the HTTP API", Reference.toHtml(document))
    // It is of no use to most programs that serve sessions.
    const script = yield* loadedOnce(Effect.flatMap(
      Effect.promise(() => import("../vendor/page.ts")),
      ({ script }) => file("text/javascript", script)
    ))
    const style = yield* file("text/css", css + pageCss)
    yield* router.get("/openapi.json", Effect.succeed(openApi))
    yield* router.get("/docs", Effect.succeed(docs))
    yield* router.get("/", Effect.succeed(home))
    yield* router.get("/page.css", style)
    yield* router.get("/page.js", Effect.flatten(script))
  })
)

/** Scripts and styles are the server's own files, and so is whom the page asks; nothing is made of text in it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join("; ")

const head = (title: string) =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
  `<meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>`

const html = (text: string, contentSecurityPolicy: string) =>
  HttpServerResponse.text(text, {
    contentType: "text/html; charset=utf-8",
    headers: { "cache-control": "no-cache", "content-security-policy": contentSecurityPolicy }
  })

/** The script puts the page in the place of what is said here. */
const home = html(
  `${head("effixir")}<meta name="color-scheme" content="light dark">` +
    `<link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css">` +
    `<script type="module" src="/page.js"></script></head>
<body><div class="start"><h1>effixir</h1>
<p>This is a server of agents. Programs ask it below <code>/v1</code>, with the token of its token file:
<code>Authorization: Bearer TOKEN</code>.</p>
<p><code>GET /docs</code> tells what can be asked, and <code>GET /openapi.json</code> is the same for programs; both
want the token as well.</p>
<noscript><p>The page of its sessions needs JavaScript, all of it from this server.</p></noscript>
</div></body></html>
`,
  policy
)

/** A file of the page, which a browser asks for again only to hear that it is the same. */
const file = (contentType: string, text: string) =>
  Effect.map(hashOf(text), (hash) => {
    const etag = `"${hash}"`
    const headers = { etag, "cache-control": "no-cache" }
    const whole = HttpServerResponse.text(text, { contentType: `${contentType}; charset=utf-8`, headers })
    const same = HttpServerResponse.empty({ status: 304, headers })
    return Effect.map(
      HttpServerRequest.HttpServerRequest,
      (request) => request.headers["if-none-match"] === etag ? same : whole
    )
  })

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;padding:0 1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{overflow:auto;padding:.5rem 1rem;border:1px solid #8884;border-radius:.3rem}
h2{margin-top:2.5rem;border-top:1px solid #8884;padding-top:1rem}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}
@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}}
`

const reference = (title: string, body: string) =>
  Effect.map(hashOf(style), (hash) =>
    html(
      `${head(title)}<style>${style}</style></head>\n<body>\n${body}</body></html>\n`,
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
    ))

const hashOf = (text: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    (hash) => Encoding.encodeBase64(new Uint8Array(hash))
  )
