import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { fresh, urlOf, visit } from "./chatgpt.ts"
import { platform } from "./support.ts"

/** Fields of files and requests whose values are nobody else's business. */
const fields = new Set([
  "access_token",
  "refresh_token",
  "id_token",
  "api_key",
  "token",
  "code",
  "code_verifier",
  "authorization_code",
  "device_auth_id",
  "id_token_hint"
])

const texts = (json: unknown): ReadonlyArray<readonly [field: string, text: string]> =>
  typeof json !== "object" || json === null ?
    [] :
    Object.entries(json).flatMap(([name, value]) => typeof value === "string" ? [[name, value] as const] : texts(value))

/** Puts a file into its place no more, and complains with all that is in it. */
const crash = `
const fs = require("node:fs")
fs.rename = (from, to, done) => done(Object.assign(new Error(fs.readFileSync(from, "utf8")), { code: "EIO" }))
require("node:module").syncBuiltinESMExports()
`

/** A person who keeps all that was shown, and knows what must not have been. */
const watching = Effect.gen(function*() {
  const here = yield* fresh({ earliest: "none" })
  const { asked, auth, base, fs, path, start } = here
  const preload = path.join(base, "crash.cjs")
  yield* fs.writeFileString(preload, crash)
  const shown: Array<string> = []
  const addresses: Array<string> = []
  const secrets = new Set<string>()
  const note = (json: unknown) => {
    for (const [name, text] of texts(json)) if (fields.has(name)) secrets.add(text)
  }
  const noteStored = Effect.ignore(Effect.map(fs.readFileString(auth), (text) => note(JSON.parse(text))))

  /** A command, with all that is told at every level; `act` does the part of the person. */
  const run = Effect.fnUntraced(function*(
    args: ReadonlyArray<string>,
    act: (started: Effect.Effect.Success<ReturnType<typeof start>>) => Effect.Effect<unknown> = () => Effect.void,
    options: Parameters<typeof start>[1] = {}
  ) {
    const started = yield* start(["--log-level", "all", ...args], options)
    yield* act(started)
    const result = yield* started.result
    shown.push(result.stdout, result.stderr)
    yield* noteStored
    return result
  })

  const browse = (started: Parameters<Parameters<typeof run>[1] & {}>[0]) =>
    Effect.flatMap(urlOf(started.output), (url) => {
      addresses.push(url)
      return visit(url)
    })

  /** What has been told, but for the addresses that a person has to open: each stands there once. */
  const told = Effect.gen(function*() {
    for (const { body, headers, query } of yield* asked) {
      note(body)
      note(query)
      secrets.add((headers["authorization"] ?? "").replace(/^Bearer /, ""))
    }
    secrets.delete("")
    const files = yield* Effect.forEach(
      (yield* fs.readDirectory(base, { recursive: true })).filter((name) => !/(?:^|\/)auth\.json/.test(name)),
      (name) => Effect.orElseSucceed(fs.readFileString(path.join(base, name)), () => "")
    )
    let output = shown.join("\n")
    for (const address of addresses) {
      assert.strictEqual(output.split(address).length, 2, "the address stands there once")
      output = output.replace(address, "")
    }
    return [output, ...files]
  })

  const assertNothingTold = Effect.gen(function*() {
    const all = yield* told
    const leaks = [...secrets].filter((secret) =>
      [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").slice(4, -4)].some((form) =>
        all.some((text) => text.includes(form))
      )
    )
    assert.deepStrictEqual(leaks, [])
  })

  return {
    ...here,
    run,
    browse,
    secrets,
    assertNothingTold,
    crashing: { env: { NODE_OPTIONS: `--require=${preload}` } },
    expire: Effect.flatMap(
      fs.readFileString(auth),
      (text) => fs.writeFileString(auth, JSON.stringify({ ...JSON.parse(text), expires_at: 1 }))
    )
  }
})

describe("no secret is told anywhere but in auth.json", () => {
  it.scopedLive(
    "with the official sign-in, over two sign-ins, runs, failures, a crash and the end",
    () =>
      Effect.gen(function*() {
        const { assertNothingTold, browse, clients, crashing, expire, run, secrets, simulator, stored } =
          yield* watching
        assert.strictEqual((yield* run(["login", "--chatgpt"], browse)).code, 0)
        const first = yield* stored
        // The address of a later sign-in holds the id token.
        const second = yield* run(["login", "--chatgpt", "--json"], browse)
        assert.strictEqual(second.code, 0)
        assert.include(second.stdout, Redacted.value(first.id_token), "in the address, and nowhere else")
        assert.strictEqual((yield* run(["run", "--json", "--deltas", "Say hello"])).code, 0)
        yield* simulator.turn({ account: { email: "bob@example.com", plan: "plus", accountId: "bob" } })
        assert.strictEqual((yield* run(["login", "--chatgpt"], browse)).code, 4)
        yield* simulator.turn({ account: undefined, idToken: "wrong key" })
        assert.strictEqual((yield* run(["login", "--chatgpt"], browse)).code, 4)
        yield* simulator.turn({ idToken: undefined })
        for (const knobs of [{}, { tokenStatus: 503 }, { tokenStatus: 200, jwksStatus: 503 }]) {
          yield* simulator.turn(knobs)
          yield* expire
          yield* run(["status", "--refresh"])
        }
        yield* simulator.turn({ jwksStatus: 200 })
        assert.strictEqual((yield* run(["status", "--refresh"])).code, 0)
        yield* expire
        const crashed = yield* run(["run", "--json", "Say hello"], undefined, crashing)
        assert.include(crashed.stderr, "auth.json", "it could not be saved")
        assert.strictEqual((yield* run(["Say hello"])).code, 4, "the server has ended it")
        yield* run(["login", "--chatgpt"], browse)
        yield* simulator.turn({ tokenDelay: "2 seconds" })
        yield* expire
        yield* run(
          ["Say hello"],
          ({ child }) => Effect.zipRight(Effect.sleep("1500 millis"), Effect.sync(() => child.kill("SIGQUIT")))
        )
        assert.strictEqual((yield* run(["logout"])).code, 0)
        yield* run(["Say hello"])
        assert.strictEqual((yield* clients).length, 1)
        yield* assertNothingTold
        assert.isAbove(secrets.size, 25)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("with the sign-in of Codex, by code and in the browser", () =>
    Effect.gen(function*() {
      const { assertNothingTold, browse, crashing, expire, run, secrets } = yield* watching
      assert.strictEqual((yield* run(["login", "--device"])).code, 0)
      assert.strictEqual((yield* run(["login", "--browser"], browse)).code, 0)
      assert.strictEqual((yield* run(["run", "--json", "--deltas", "Say hello"])).code, 0)
      yield* expire
      assert.strictEqual((yield* run(["status", "--refresh"])).code, 0)
      yield* expire
      const crashed = yield* run(["run", "--json", "Say hello"], undefined, crashing)
      assert.include(crashed.stderr, "auth.json", "it could not be saved")
      assert.strictEqual((yield* run(["Say hello"])).code, 4)
      assert.strictEqual((yield* run(["login", "--device", "--json"])).code, 0)
      assert.strictEqual((yield* run(["logout"])).code, 0)
      yield* assertNothingTold
      assert.isAbove(secrets.size, 15)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("with an API key", () =>
    Effect.gen(function*() {
      const { assertNothingTold, crashing, run, secrets, simulator } = yield* watching
      const key = Redacted.value(simulator.apiKey)
      assert.strictEqual(
        (yield* run(["login", "--with-api-key"], undefined, { stdin: "sk-wrong-but-secret\n" })).code,
        0
      )
      assert.notStrictEqual((yield* run(["run", "--json", "Say hello"])).code, 0)
      const crashed = yield* run(["login", "--with-api-key"], undefined, { ...crashing, stdin: `${key}\n` })
      assert.strictEqual(crashed.code, 4)
      assert.strictEqual((yield* run(["login", "--with-api-key", "--json"], undefined, { stdin: key })).code, 0)
      assert.strictEqual((yield* run(["run", "--json", "--deltas", "Say hello"])).code, 0)
      yield* run(["models", "--refresh"])
      assert.strictEqual((yield* run(["status", "--json"])).code, 0)
      assert.strictEqual((yield* run(["logout"])).code, 0)
      assert.deepStrictEqual(secrets.has(key), true)
      yield* assertNothingTold
    }).pipe(Effect.provide(platform)))
})
