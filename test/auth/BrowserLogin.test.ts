import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { chromium } from "playwright-core"
import * as Browser from "../../src/auth/Browser.ts"
import * as BrowserLogin from "../../src/auth/BrowserLogin.ts"
import * as OAuth from "../../src/auth/OAuth.ts"
import * as NodeCallbackServer from "../../src/node/auth/NodeCallbackServer.ts"
import { layer as simulatorLayer, OpenAiSimulator } from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { callbackPorts } from "../callbackPorts.ts"

const simulator = simulatorLayer({ script: Script.fromTurns([]), autoApprove: true })

const services = Layer.unwrapEffect(
  Effect.map(OpenAiSimulator, ({ issuer }) => OAuth.layer({ issuer, originator: "effixir" }))
).pipe(
  Layer.provide(FetchHttpClient.layer),
  Layer.merge(Browser.layerNoop),
  Layer.merge(NodeCallbackServer.layer()),
  Layer.provideMerge(simulator),
  Layer.merge(Layer.scopedDiscard(callbackPorts))
)

/** A sign-in that has shown its address, what may be pasted, and how it ends. */
const begin = Effect.gen(function*() {
  const pasted = yield* Queue.unbounded<string>()
  const shown = yield* Queue.unbounded<string>()
  const refused = yield* Queue.unbounded<string>()
  const fiber = yield* BrowserLogin.login({ pasted: Stream.fromQueue(pasted) }).pipe(
    Stream.tap((state) => {
      if (state._tag === "UrlShown") return Queue.offer(shown, state.url)
      return state._tag === "PasteRefused" ? Queue.offer(refused, state.problem) : Effect.void
    }),
    Stream.runLast,
    Effect.flatten,
    Effect.forkScoped
  )
  const url = yield* Queue.take(shown)
  return { fiber, url, refused: Queue.take(refused), paste: (line: string) => Queue.offer(pasted, line) }
})

const visit = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return { status: response.status, text: await response.text() }
  })

/** Where the server sends the browser when the person has agreed. */
const location = (url: string) =>
  Effect.promise(async () => (await fetch(url, { redirect: "manual" })).headers.get("location") ?? "")

const callback = "http://127.0.0.1:1455/auth/callback"

describe("the callback", () => {
  it.scopedLive("signs in, and shows so when it is done", () =>
    Effect.gen(function*() {
      const { fiber, url } = yield* begin
      const { status, text } = yield* visit(url)
      assert.strictEqual(status, 200)
      assert.include(text, "You are signed in")
      const state = yield* Fiber.join(fiber)
      assert.isTrue(state._tag === "SignedIn" && typeof state.credential.account_id === "string")
    }).pipe(Effect.provide(services)))

  it.scopedLive("is not used up by a favicon, another path, or the answer to another sign-in", () =>
    Effect.gen(function*() {
      const { fiber, url } = yield* begin
      assert.strictEqual((yield* visit("http://127.0.0.1:1455/favicon.ico")).status, 404)
      assert.strictEqual((yield* visit("http://127.0.0.1:1455/")).status, 404)
      const wrong = yield* visit(`${callback}?code=c&state=wrong`)
      assert.strictEqual(wrong.status, 400)
      assert.include(wrong.text, "State mismatch")
      assert.strictEqual((yield* visit(`${callback}?error=access_denied&state=wrong`)).status, 400)
      yield* visit(url)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
    }).pipe(Effect.provide(services)))

  it.scopedLive("tells an error of the server, and lets none of it into the page as code", () =>
    Effect.gen(function*() {
      const { fiber, url } = yield* begin
      const state = new URL(url).searchParams.get("state") ?? ""
      const said = encodeURIComponent("<script>alert(1)</script> & \"more\"")
      const { text } = yield* visit(`${callback}?state=${state}&error=access_denied&error_description=${said}`)
      assert.notInclude(text, "<script>alert")
      assert.include(text, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(error, { _tag: "OAuthError", reason: "Denied" })
    }).pipe(Effect.provide(services)))

  it.scopedLive("fails with a code that the server does not know, and says so in the browser", () =>
    Effect.gen(function*() {
      const { fiber, url } = yield* begin
      const state = new URL(url).searchParams.get("state") ?? ""
      const { status, text } = yield* visit(`${callback}?state=${state}&code=made-up`)
      assert.strictEqual(status, 400)
      assert.include(text, "did not work")
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "OAuthError")
    }).pipe(Effect.provide(services)))
})

/** Where Debian puts it; another place can be named. */
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium"

const chromiumBrowser = Effect.acquireRelease(
  Effect.promise(() =>
    chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    })
  ),
  (browser) => Effect.promise(() => browser.close())
)

describe.runIf(existsSync(executablePath))("a real browser", () => {
  it.scopedLive("ends on a page that says so, without a trace of the code", () =>
    Effect.gen(function*() {
      const { fiber, url } = yield* begin
      const page = yield* Effect.flatMap(chromiumBrowser, (browser) => Effect.promise(() => browser.newPage()))
      const complaints: Array<string> = []
      page.on("pageerror", (error) => complaints.push(error.message))
      page.on("console", (message) => complaints.push(message.text()))
      yield* Effect.promise(() => page.goto(url))
      assert.strictEqual(yield* Effect.promise(() => page.title()), "You are signed in")
      assert.strictEqual(new URL(page.url()).search, "")
      assert.deepStrictEqual(complaints, [])
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
    }).pipe(Effect.provide(services)))
})

describe("a paste", () => {
  const forms: ReadonlyArray<readonly [string, (url: URL) => string]> = [
    ["the whole address", (url) => url.href],
    ["the query", (url) => url.search.slice(1)],
    ["code#state", (url) => `${url.searchParams.get("code")}#${url.searchParams.get("state")}`]
  ]
  for (const [name, form] of forms) {
    it.scopedLive(`signs in as well: ${name}`, () =>
      Effect.gen(function*() {
        const { fiber, paste, url } = yield* begin
        const address = new URL(yield* location(url))
        yield* paste("what was that again?")
        yield* paste(`  ${form(address)}  `)
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
      }).pipe(Effect.provide(services)))
  }

  it.scopedLive("that is not the answer is told, and another one may follow", () =>
    Effect.gen(function*() {
      const { fiber, paste, refused, url } = yield* begin
      yield* paste("c0de#another")
      assert.strictEqual(yield* refused, "AnotherSignIn")
      yield* paste("what was that again?")
      assert.strictEqual(yield* refused, "NoAnswer")
      yield* paste("")
      yield* paste(yield* location(url))
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
    }).pipe(Effect.provide(services)))
})

describe("the port", () => {
  const occupy = (port: number) =>
    Effect.acquireRelease(
      Effect.async<Server>((resume) => {
        const server = createServer().listen(port, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    )
  const portOf = (url: string) => new URL(new URL(url).searchParams.get("redirect_uri") ?? "").port

  it.scopedLive("is 1455, then 1457, and then none", () =>
    Effect.gen(function*() {
      yield* occupy(1455)
      assert.strictEqual(portOf((yield* begin).url), "1457")
      const error = yield* Effect.flip(Stream.runDrain(BrowserLogin.login()))
      assert.strictEqual(error.reason, "PortBusy")
    }).pipe(Effect.provide(services)))

  it.scopedLive("is free again when the sign-in is over, however it ends", () =>
    Effect.gen(function*() {
      const { fiber, url } = yield* begin
      assert.strictEqual(portOf(url), "1455")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(portOf((yield* begin).url), "1455")
    }).pipe(Effect.provide(services)))
})
