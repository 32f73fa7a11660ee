import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Script from "../../src/testing/Script.ts"
import { jwt, nested } from "../auth/tokens.ts"
import { callbackPorts } from "../callbackPorts.ts"
import { assertSentence, eventually, lines, machine, platform, type Started } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))

interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const usercode = "/api/accounts/deviceauth/usercode"
const poll = "/api/accounts/deviceauth/token"
const token = "/oauth/token"

const willing: { readonly [path: string]: Reply } = {
  [usercode]: { status: 200, body: { device_auth_id: "deviceauth_1", user_code: "ABCD-12345", interval: "1" } },
  [poll]: { status: 200, body: { authorization_code: "c0de", code_verifier: "v3rifier" } },
  [token]: {
    status: 200,
    body: { access_token: jwt(nested({ chatgpt_account_id: "acct" })), refresh_token: "r3fresh", expires_in: 60 }
  }
}

/** A sign-in server that agrees to everything but one thing. */
const issuer = (path: string, reply: Reply) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer((request, response) => {
        const { body, headers, status } = request.url === path ? reply : willing[request.url ?? ""] ?? reply
        response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body))
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close: () => void server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const page = "<!DOCTYPE html><html><title>Just a moment...</title></html>"

const cases: ReadonlyArray<readonly [name: string, path: string, reply: Reply, ...said: ReadonlyArray<string>]> = [
  ["a server without codes", usercode, { status: 404, body: "" }, "effixir login --browser"],
  ["a region", usercode, { status: 403, body: { error: { code: "unsupported_country_region_territory" } } }, "region"],
  ["a person who says no", poll, { status: 400, body: { error: "access_denied" } }, "refused"],
  ["a code that has expired", poll, { status: 400, body: { error: "expired_token" } }, "not finished in time"],
  ["a network block", poll, { status: 403, body: page }, "web page", "HTTPS_PROXY"],
  [
    "a workspace without Codex",
    poll,
    { status: 403, body: { error: "access_denied", error_description: "missing_codex_entitlement" } },
    "administrator"
  ],
  [
    "a code that is wrong or used up",
    token,
    { status: 400, body: { error: "invalid_grant", error_description: `${page}\n` } },
    "used up"
  ],
  ["an answer without tokens", token, { status: 200, body: { token_type: "Bearer" } }, "lacks something"],
  [
    "a token without an account",
    token,
    { status: 200, body: { access_token: jwt({ sub: "x" }), refresh_token: "r3fresh" } },
    "no ChatGPT account"
  ]
]

describe("login --device", () => {
  for (const [name, path, reply, ...said] of cases) {
    it.scopedLive(
      `ends with code 4, a sentence, and the old sign-in in its place: ${name}`,
      () =>
        Effect.gen(function*() {
          const { auth, fs, run } = yield* machine(always)
          const before = yield* fs.readFileString(auth)
          const { url } = yield* issuer(path, reply)
          const { code, stderr, stdout } = yield* run(["login", "--device"], { env: { EFFIXIR_ISSUER: url } })
          assert.deepStrictEqual([code, stdout], [4, ""], stderr)
          const told = stderr.trimEnd().split("\n").filter((line) => line.startsWith("effixir: "))
          assert.lengthOf(told, 1)
          assert.strictEqual(stderr.trimEnd().split("\n").at(-1), told[0])
          assertSentence(told[0] ?? "", ...said)
          assert.notMatch(stderr, /<|c0de|v3rifier|r3fresh/)
          assert.strictEqual(yield* fs.readFileString(auth), before)
        }).pipe(Effect.provide(platform))
    )
  }
})

describe("login --browser", () => {
  /** A sign-in with the browser of this test, which has shown its address. */
  const begin = Effect.gen(function*() {
    yield* callbackPorts
    const all = yield* machine(always, { autoApprove: true })
    const before = yield* all.fs.readFileString(all.auth)
    const started = yield* all.start(["login", "--browser", "--json"], { stdin: null, env: { PATH: "/nowhere" } })
    yield* eventually("the address is shown", () => started.output().stdout.includes("\n"))
    const url = new URL(String(lines(started.output().stdout)[0]?.["url"]))
    const callback = (answer: Record<string, string>) => {
      const query = new URLSearchParams({ state: url.searchParams.get("state") ?? "", ...answer })
      return `${url.searchParams.get("redirect_uri")?.replace("localhost", "127.0.0.1")}?${query}`
    }
    return { ...all, before, callback, started, url }
  })

  const refused = Effect.fnUntraced(function*(
    { auth, before, fs }: Effect.Effect.Success<typeof begin>,
    { result }: Started,
    ...said: ReadonlyArray<string>
  ) {
    const { code, stderr, stdout } = yield* result
    assert.strictEqual(code, 4)
    assertSentence(stderr, ...said)
    assert.deepInclude(lines(stdout).at(-1), { type: "error", exit_code: 4 })
    assert.strictEqual(yield* fs.readFileString(auth), before)
  })

  it.scopedLive(
    "ends with what the server says, whatever that holds, and is not ended by others",
    () =>
      Effect.gen(function*() {
        const all = yield* begin
        const wrong = yield* Effect.promise(() => fetch(all.callback({ state: "wrong", code: "c" })))
        assert.strictEqual(wrong.status, 400)
        const html = "<script>alert(1)</script>\u001B[31m\nand more"
        yield* Effect.promise(async () =>
          (await fetch(all.callback({ error: "access_denied", error_description: html }))).text()
        )
        yield* refused(
          all,
          all.started,
          "The sign-in was refused; to try again, run `effixir login`: " +
            String.raw`<script>alert(1)</script>\x1b[31m and more`
        )
        assert.notInclude(all.started.output().stderr, "\u001B")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "says that what was pasted answers another sign-in, and takes the right answer then",
    () =>
      Effect.gen(function*() {
        const { callback, started, url } = yield* begin
        const { output, result } = started
        const paste = (address: string) => started.child.stdin?.write(`${address}\n`)
        paste(callback({ state: "wrong", code: "c" }))
        yield* eventually("it is refused", () => lines(output().stdout).length === 2)
        const refusal = lines(output().stdout)[1]
        assert.deepInclude(refusal, { type: "login.paste_refused", problem: "AnotherSignIn" })
        const { headers } = yield* Effect.promise(() => fetch(url, { redirect: "manual" }))
        paste(headers.get("location") ?? "")
        assert.strictEqual((yield* result).code, 0)
        assert.strictEqual(lines(output().stdout).at(-1)?.type, "login.completed")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("offers the other way when the server is in trouble", () =>
    Effect.gen(function*() {
      const all = yield* begin
      all.started.child.stdin?.write(`${all.callback({ error: "server_error" })}\n`)
      yield* refused(all, all.started, "in trouble", "effixir login --device")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("has a page for a second answer, and signs in with the first", () =>
    Effect.gen(function*() {
      const all = yield* begin
      const first = yield* Effect.promise(() => fetch(all.url, { redirect: "manual" }))
      const address = (first.headers.get("location") ?? "").replace("localhost", "127.0.0.1")
      const pages = yield* Effect.promise(() =>
        Promise.all([fetch(address), fetch(address)].map(async (response) => (await response).text()))
      )
      assert.match(pages.join(""), /You are signed in/)
      assert.strictEqual((yield* all.started.result).code, 0)
    }).pipe(Effect.provide(platform)))
})
