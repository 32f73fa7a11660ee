import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { ChatGptOAuth } from "../../src/auth/chatgpt/ChatGptOAuth.ts"
import { Credentials, layer } from "../../src/auth/Credentials.ts"
import { CredentialStore, CredentialStoreError, makeEncoded } from "../../src/auth/CredentialStore.ts"
import { OAuth, OAuthError } from "../../src/auth/OAuth.ts"

const textOf = (n: number): string =>
  JSON.stringify({
    kind: "subscription",
    access_token: `access-${n}`,
    refresh_token: `refresh-${n}`,
    expires_at: 0,
    account_id: "me"
  })

/** A store that keeps room, and yet cannot write while `isBroken`. */
const setup = Effect.gen(function*() {
  const state = {
    text: textOf(1),
    isBroken: true,
    hasRoom: true,
    warnings: [] as Array<string>,
    revoked: [] as Array<string>,
    isReachable: true,
    asked: [] as Array<string>
  }
  const refusal = new CredentialStoreError({ operation: "save", location: "the disk", problem: "it is broken" })
  const alone = yield* Effect.makeSemaphore(1)
  const store = makeEncoded({
    location: "the disk",
    read: Effect.sync(() => Option.liftPredicate(state.text, (text) => text !== "")),
    reserve: Effect.suspend(() =>
      state.hasRoom
        ? Effect.succeed((text: string) =>
          Effect.suspend(() => state.isBroken ? refusal : Effect.sync(() => (state.text = text)))
        )
        : refusal
    ),
    remove: Effect.sync(() => (state.text = "")),
    alone: (change) => alone.withPermits(1)(Effect.uninterruptible(change))
  })
  const oauth = Layer.mock(OAuth, {
    authorizeUrl: () => "",
    refresh: (token) =>
      Effect.sync(() => {
        const n = Number(Redacted.value(token).slice(8))
        state.asked.push(`refresh-${n}`)
        return {
          access_token: Redacted.make(`access-${n + 1}`),
          refresh_token: Redacted.make(`refresh-${n + 1}`),
          expires_in: 3600
        }
      }),
    revoke: (token) =>
      Effect.suspend(() => {
        state.revoked.push(Redacted.value(token))
        return state.isReachable ? Effect.void : new OAuthError({ reason: "Transport", detail: "down" })
      })
  })
  const chatGpt = Layer.mock(ChatGptOAuth, { issuer: "", authorizeUrl: () => "" })
  const scope = yield* Scope.make()
  yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    if (logLevel.label === "WARN") state.warnings.push(String(message))
  })
  const services = yield* Layer.buildWithScope(
    layer({ apiKey: Option.none(), choice: "any" }).pipe(
      Layer.provide([Layer.succeed(CredentialStore, store), oauth, chatGpt]),
      Layer.provideMerge(Logger.replace(Logger.defaultLogger, logger))
    ),
    scope
  )
  const { current } = yield* Effect.provide(Credentials, services)
  return {
    state,
    store,
    close: Scope.close(scope, Exit.void),
    current: Effect.provide(
      Effect.map(
        current,
        ({ credential }) => credential.kind === "subscription" ? Redacted.value(credential.access_token) : "key"
      ),
      services
    )
  }
})

describe("a renewed sign-in that cannot be saved", () => {
  it.scoped("goes on being used, is told once, renewed from itself, and saved when that is possible", () =>
    Effect.gen(function*() {
      const { close, current, state } = yield* setup
      assert.deepStrictEqual([yield* current, yield* current], ["access-2", "access-2"])
      assert.lengthOf(state.warnings, 1)
      for (const part of ["it is broken", "This run goes on", "lost"]) assert.include(state.warnings[0], part)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* current, "access-3")
      assert.deepStrictEqual(state.asked, ["refresh-1", "refresh-2"])
      assert.strictEqual(state.text, textOf(1))
      state.isBroken = false
      yield* TestClock.adjust("2 minutes")
      assert.include(state.text, "refresh-3")
      yield* close
      assert.lengthOf(state.warnings, 1)
    }))

  it.scoped("is saved at the end at the latest", () =>
    Effect.gen(function*() {
      const { close, current, state } = yield* setup
      yield* current
      state.isBroken = false
      yield* close
      assert.include(state.text, "refresh-2")
      assert.lengthOf(state.warnings, 1)
      assert.isEmpty(state.revoked)
    }))

  it.scoped.each([
    { isReachable: true, said: "has been ended at the server" },
    { isReachable: false, said: "The server could not be told" }
  ])(
    "is ended at the server when that fails, too, and told to be lost: reachable $isReachable",
    ({ isReachable, said }) =>
      Effect.gen(function*() {
        const { close, current, state } = yield* setup
        state.isReachable = isReachable
        yield* current
        yield* close
        assert.deepStrictEqual(state.revoked, ["refresh-2"])
        assert.lengthOf(state.warnings, 2)
        for (const part of ["could not be saved", said, "Run `effixir login` again"]) {
          assert.include(state.warnings[1], part)
        }
      })
  )

  it.scoped("makes room for another sign-in, and for none", () =>
    Effect.gen(function*() {
      const { close, current, state } = yield* setup
      yield* current
      state.isBroken = false
      state.text = textOf(7)
      assert.strictEqual(yield* current, "access-8")
      state.text = ""
      assert.strictEqual((yield* Effect.flip(current))._tag, "SignedOut")
      yield* close
      assert.strictEqual(state.text, "")
    }))
})

describe("a token that is still good while the store has no room", () => {
  it.scoped("goes on being used, nothing is spent, and that is told once", () =>
    Effect.gen(function*() {
      const { current, state } = yield* setup
      state.hasRoom = false
      state.text = JSON.stringify({ ...JSON.parse(textOf(1)), expires_at: 200_000 })
      assert.deepStrictEqual([yield* current, yield* current], ["access-1", "access-1"])
      assert.deepStrictEqual(state.asked, [])
      assert.lengthOf(state.warnings, 1)
      assert.include(state.warnings[0], "goes on with the token it has")
    }))
})
