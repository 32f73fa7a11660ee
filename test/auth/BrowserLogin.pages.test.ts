import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { Browser } from "../../src/auth/Browser.ts"
import * as BrowserLogin from "../../src/auth/BrowserLogin.ts"
import * as Pages from "../../src/auth/BrowserPages.ts"
import { type Callback, CallbackServer, type Page } from "../../src/auth/CallbackServer.ts"
import type { Subscription } from "../../src/auth/Credential.ts"
import { type Grant, OAuth, type OAuthError, type Tokens } from "../../src/auth/OAuth.ts"
import { type Keep, keepNothing } from "../../src/auth/SignIn.ts"
import { jwt, nested } from "./tokens.ts"

const redirectUri = "http://localhost:1455/auth/callback"

const tokens: Tokens = {
  access_token: Redacted.make(jwt(nested({ chatgpt_account_id: "acct" }))),
  refresh_token: Redacted.make("r"),
  expires_in: 3600
}

/** A sign-in whose server gives the tokens when it is let, and whose browser is this test. */
const begin = Effect.suspend(() => beginWith(keepNothing))

const beginWith = Effect.fnUntraced(function*(keep: Keep<Subscription>) {
  const callbacks = yield* Queue.unbounded<Callback>()
  const pasted = yield* Queue.unbounded<string>()
  const opened = yield* Deferred.make<string>()
  const shown = yield* Deferred.make<string>()
  const isReleased = yield* Ref.make(false)
  const redeemed = yield* Ref.make<ReadonlyArray<Grant>>([])
  const asked = yield* Deferred.make<void>()
  const answer = yield* Deferred.make<Tokens, OAuthError>()

  const services = Layer.mergeAll(
    Layer.mock(OAuth, {
      authorizeUrl: (options) => `https://auth.test/?${new URLSearchParams(options)}`,
      exchange: (grant) =>
        Ref.update(redeemed, (grants) => [...grants, grant]).pipe(
          Effect.zipRight(Deferred.succeed(asked, undefined)),
          Effect.zipRight(Deferred.await(answer))
        )
    }),
    Layer.succeed(CallbackServer, {
      listen: Effect.as(Effect.addFinalizer(() => Ref.set(isReleased, true)), {
        redirectUri,
        next: Queue.take(callbacks)
      })
    }),
    Layer.succeed(Browser, { open: (url) => Deferred.succeed(opened, url) })
  )
  const fiber = yield* BrowserLogin.login({ pasted: Stream.fromQueue(pasted), keep }).pipe(
    Stream.tap((state) => state._tag === "UrlShown" ? Deferred.succeed(shown, state.url) : Effect.void),
    Stream.runLast,
    Effect.flatten,
    Effect.provide(services),
    Effect.forkScoped
  )
  const url = yield* Deferred.await(shown)
  const state = new URL(url).searchParams.get("state") ?? ""

  /** The browser comes with this, and waits for its page. */
  const visit = Effect.fnUntraced(function*(query: Readonly<Record<string, string>>) {
    const page = yield* Deferred.make<Page>()
    const reply = (given: Page) => Effect.asVoid(Deferred.succeed(page, given))
    yield* Queue.offer(callbacks, { query: new URLSearchParams({ state, ...query }), reply })
    return yield* Effect.fork(Deferred.await(page))
  })
  const seeing = (query: Readonly<Record<string, string>>) => Effect.flatMap(visit(query), Fiber.join)

  return {
    answer,
    asked: Deferred.await(asked),
    fiber,
    isReleased: Ref.get(isReleased),
    opened: Deferred.await(opened),
    paste: (line: string) => Queue.offer(pasted, line),
    redeemed: Ref.get(redeemed),
    seeing,
    state,
    url,
    visit
  }
})

describe("a page about a failure", () => {
  it("sets the command to run apart, and says how to go on", () => {
    const { html, status } = Pages.failed("No: use `effixir login --device`, not <b>`x<y`</b>")
    assert.strictEqual(status, 400)
    assert.include(html, "use <code>effixir login --device</code>, not &lt;b&gt;<code>x&lt;y</code>&lt;/b&gt;. You may")
  })
})

describe("BrowserLogin", () => {
  it.scoped("opens the address that it shows", () =>
    Effect.gen(function*() {
      const { opened, url } = yield* begin
      assert.strictEqual(yield* opened, url)
      assert.strictEqual(new URL(url).searchParams.get("redirectUri"), redirectUri)
    }))

  it.scoped("lets the browser wait until the tokens are there", () =>
    Effect.gen(function*() {
      const { answer, asked, fiber, redeemed, visit } = yield* begin
      const page = yield* visit({ code: "c0de" })
      yield* asked
      assert.isNull(page.unsafePoll())
      yield* Deferred.succeed(answer, tokens)
      const { html, status } = yield* Fiber.join(page)
      assert.strictEqual(status, 200)
      assert.include(html, "You may close this tab")
      assert.include(html, "history.replaceState")
      assert.notInclude(html, "c0de")
      const ended = yield* Fiber.join(fiber)
      assert.strictEqual(ended._tag === "SignedIn" ? ended.credential.account_id : "", "acct")
      assert.deepStrictEqual((yield* redeemed).map(({ code }) => Redacted.value(code)), ["c0de"])
    }))

  it.scoped("tells the browser only when the sign-in is kept, also where it is interrupted just then", () =>
    Effect.gen(function*() {
      const keeping = yield* Deferred.make<void>()
      const kept = yield* Deferred.make<void>()
      const { answer, fiber, visit } = yield* beginWith(() =>
        Effect.uninterruptible(Effect.zipRight(Deferred.succeed(keeping, undefined), Deferred.await(kept)))
      )
      yield* Deferred.succeed(answer, tokens)
      const page = yield* visit({ code: "c" })
      yield* Deferred.await(keeping)
      assert.isNull(page.unsafePoll())
      const stopping = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* Effect.yieldNow()
      yield* Deferred.succeed(kept, undefined)
      yield* Fiber.join(stopping)
      assert.include((yield* Fiber.join(page)).html, "You are signed in")
    }))

  it.scoped("has a harmless page for a second callback", () =>
    Effect.gen(function*() {
      const { answer, asked, fiber, redeemed, seeing, visit } = yield* begin
      const first = yield* visit({ code: "first" })
      yield* asked
      for (const second of [{ code: "second" }, { error: "access_denied" }]) {
        const { html, status } = yield* seeing(second)
        assert.strictEqual(status, 200)
        assert.include(html, "under way")
      }
      yield* Deferred.succeed(answer, tokens)
      assert.include((yield* Fiber.join(first)).html, "You are signed in")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
      assert.lengthOf(yield* redeemed, 1)
    }))

  it.scoped("redeems once when the callback and a paste come together", () =>
    Effect.gen(function*() {
      const { answer, asked, fiber, paste, redeemed, seeing, state } = yield* begin
      yield* paste(`c0de#${state}`)
      yield* asked
      assert.include((yield* seeing({ code: "c0de" })).html, "under way")
      yield* Deferred.succeed(answer, tokens)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
      assert.lengthOf(yield* redeemed, 1)
    }))

  it.scoped("is not used up by answers to other sign-ins", () =>
    Effect.gen(function*() {
      const { answer, fiber, redeemed, seeing, visit } = yield* begin
      for (
        const foreign of [{ state: "" }, { state: "other", code: "c" }, { state: "other", error: "access_denied" }]
      ) {
        const { html, status } = yield* seeing(foreign)
        assert.strictEqual(status, 400)
        assert.include(html, "State mismatch")
      }
      assert.deepStrictEqual(yield* redeemed, [])
      yield* Deferred.succeed(answer, tokens)
      yield* visit({ code: "c" })
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
    }))

  const refusals = [
    [{ error: "access_denied" }, "Denied", "access_denied"],
    [{ error: "access_denied", error_description: "You said no" }, "Denied", "You said no"],
    [
      { error: "access_denied", error_description: "missing_codex_entitlement" },
      "NotEnabled",
      "Codex is not enabled for this workspace; ask its administrator"
    ],
    [{ error: "unsupported_country_region_territory" }, "Region", "HTTPS_PROXY"],
    [
      { error: "access_denied", error_description: "unsupported_country_region_territory: not served" },
      "Region",
      "HTTPS_PROXY"
    ],
    [{ error: "server_error", error_description: "It broke" }, "Transport", "It broke; if it goes on, use `effixir"],
    [{ error: "temporarily_unavailable" }, "Transport", "effixir login --device"],
    [{ error: "access_denied", error_description: "You\r\nsaid\n\nno" }, "Denied", "You said no"],
    [{ error: "x", error_description: "<!DOCTYPE html><p>page</p>" }, "Protocol", "not understood: x"],
    [{ error: "invalid_scope", error_description: "not this scope" }, "Protocol", "not this scope"],
    [{}, "Protocol", "no code"],
    [{ code: "" }, "Protocol", "no code"]
  ] as const
  for (const [query, reason, said] of refusals) {
    it.scoped(`fails with ${reason} for ${JSON.stringify(query)}, and says so in the browser`, () =>
      Effect.gen(function*() {
        const { fiber, isReleased, seeing } = yield* begin
        const { html } = yield* seeing(query)
        assert.include(html.replaceAll(/<\/?code>/g, "`"), said)
        const error = yield* Effect.flip(Fiber.join(fiber))
        assert.deepInclude(error, { _tag: "OAuthError", reason })
        assert.include(error instanceof Error ? error.message : "", said)
        assert.isTrue(yield* isReleased)
      }))
  }

  it.scoped("keeps what is told to a bearable length", () =>
    Effect.gen(function*() {
      const { fiber, seeing } = yield* begin
      yield* seeing({ error: "x", error_description: "long ".repeat(1000) })
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.isBelow(error instanceof Error ? error.message.length : 1000, 500)
    }))

  it.scoped("lets nothing of an error into the page as code", () =>
    Effect.gen(function*() {
      const { seeing } = yield* begin
      const { html } = yield* seeing({ error: "x", error_description: "</p><script>alert(1)</script><img src=\"x\">" })
      assert.lengthOf(html.match(/<script/g) ?? [], 1)
      assert.notInclude(html, "<img")
    }))

  it.scoped("tells the browser when it is interrupted, and lets go of the port", () =>
    Effect.gen(function*() {
      const { asked, fiber, isReleased, visit } = yield* begin
      const page = yield* visit({ code: "c" })
      yield* asked
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      assert.include((yield* Fiber.join(page)).html, "stopped")
      assert.isTrue(yield* isReleased)
    }))
})

describe("a paste", () => {
  const forms: ReadonlyArray<readonly [string, (state: string) => string]> = [
    ["an address", (state) => `${redirectUri}?code=c&state=${state}`],
    ["an address with more in it", (state) => `${redirectUri}?scope=openid+email&code=c&state=${state}&x=1`],
    ["an address with a fragment", (state) => `${redirectUri}?code=c&state=${state}#_=_`],
    ["code#state", (state) => `c#${state}`],
    ["a query", (state) => `code=c&state=${state}`],
    ["a query with its mark", (state) => `?state=${state}&code=c`],
    ["a query without a state", () => "code=c"],
    ["a line with space around it", (state) => ` \tcode=c&state=${state}\r`]
  ]
  for (const [name, form] of forms) {
    it.scoped(`may be ${name}`, () =>
      Effect.gen(function*() {
        const { answer, fiber, paste, redeemed, state } = yield* begin
        yield* Deferred.succeed(answer, tokens)
        yield* paste(form(state))
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
        assert.deepStrictEqual((yield* redeemed).map(({ code }) => Redacted.value(code)), ["c"])
      }))
  }

  it.scoped("that is nothing of the kind is passed over", () =>
    Effect.gen(function*() {
      const { answer, fiber, paste, state } = yield* begin
      yield* Deferred.succeed(answer, tokens)
      for (const line of ["", "   ", "y", "http://localhost:1455/", "#", "a#", "#b", "a # b"]) yield* paste(line)
      yield* paste(`c#${state}`)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
    }))

  for (const form of ["c#other", "code=c&state=other", `${redirectUri}?code=c&state=other`, "error=x&state=other"]) {
    it.scoped(`of another sign-in uses nothing up: ${form}`, () =>
      Effect.gen(function*() {
        const { answer, fiber, isReleased, paste, redeemed, state } = yield* begin
        yield* Deferred.succeed(answer, tokens)
        yield* paste(form)
        yield* paste(`mine#${state}`)
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "SignedIn")
        assert.deepStrictEqual((yield* redeemed).map(({ code }) => Redacted.value(code)), ["mine"])
        assert.isTrue(yield* isReleased)
      }))
  }

  it.scoped("may bring a refusal", () =>
    Effect.gen(function*() {
      const { fiber, paste, state } = yield* begin
      yield* paste(`${redirectUri}?error=access_denied&error_description=You+said+no&state=${state}`)
      assert.deepInclude(yield* Effect.flip(Fiber.join(fiber)), { reason: "Denied", detail: "You said no" })
    }))
})
