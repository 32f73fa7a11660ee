import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createServer as createProxy, request as ask, type Server } from "node:http"
import { createServer } from "node:https"
import { type AddressInfo, connect, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

/** A CA that nobody knows, and a server that it has signed for localhost; both are good until 2119. */
const fixture = (name: string) => fileURLToPath(new URL(`tls/${name}`, import.meta.url))
const ca = fixture("ca.pem")

const listen = <S extends Server>(server: S) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )

/** The simulator behind TLS, and a proxy that gives tunnels; the tunnels that it gave. */
const overTls = Effect.gen(function*() {
  const all = yield* machine(() => Script.answer(Script.say("Hello!")))
  const secure = createServer({
    cert: readFileSync(fixture("server.pem")),
    key: readFileSync(fixture("server.key"))
  }, (request, response) => {
    const { headers, method, url = "/" } = request
    const forward = ask(`${all.simulator.url}${url}`, { headers, method }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(forward)
  })
  const tunnels: Array<string> = []
  const proxy = createProxy().on("connect", (request, socket: Socket) => {
    tunnels.push(request.url ?? "")
    const onward = connect(Number(request.url?.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      socket.pipe(onward).pipe(socket)
    })
    for (const end of [socket, onward]) end.on("error", () => {})
  })
  const host = `localhost:${yield* listen(secure as unknown as Server)}`
  const base = `https://${host}`
  const env = {
    EFFIXIR_ISSUER: base,
    EFFIXIR_CHATGPT_BASE_URL: `${base}/backend-api/codex`
  }
  // What has expired is refreshed first: the sign-in server and the API are both spoken to.
  const json: object = JSON.parse(yield* all.fs.readFileString(all.auth))
  yield* all.fs.writeFileString(all.auth, JSON.stringify({ ...json, expires_at: 1 }))
  return { ...all, env, host, proxy: `http://127.0.0.1:${yield* listen(proxy)}`, tunnels }
})

describe("a server whose CA only this machine knows", () => {
  for (const name of ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"]) {
    it.scopedLive(`is trusted with ${name}, for sign-in and answers alike`, () =>
      Effect.gen(function*() {
        const { env, run, simulator } = yield* overTls
        const { code, stderr, stdout } = yield* run(["Say hello"], { env: { ...env, [name]: ca } })
        assert.deepStrictEqual([code, stdout], [0, "Hello!\n"], stderr)
        const paths = (yield* simulator.requests).map(({ path }) => path)
        assert.deepStrictEqual(paths, ["/oauth/token", "/backend-api/codex/responses"])
      }).pipe(Effect.provide(platform)))

    it.scopedLive(`is trusted with ${name} through a proxy as well`, () =>
      Effect.gen(function*() {
        const { env, host, proxy, run, tunnels } = yield* overTls
        const { code, stderr, stdout } = yield* run(["Say hello"], {
          env: { ...env, [name]: ca, HTTPS_PROXY: proxy }
        })
        assert.deepStrictEqual([code, stdout], [0, "Hello!\n"], stderr)
        assert.deepStrictEqual(Array.from(new Set(tunnels)), [host])
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive("is trusted with both, where one names nothing that is there", () =>
    Effect.gen(function*() {
      const { env, run } = yield* overTls
      const { code } = yield* run(["Say hello"], {
        env: { ...env, SSL_CERT_FILE: ca, NODE_EXTRA_CA_CERTS: "/nowhere.pem" }
      })
      assert.strictEqual(code, 0)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is not trusted otherwise, and the sentence says what helps", () =>
    Effect.gen(function*() {
      const { auth, env, fs, proxy, run, simulator } = yield* overTls
      const before = yield* fs.readFileString(auth)
      for (const way of [{}, { HTTPS_PROXY: proxy }]) {
        const login = yield* run(["login", "--device"], { env: { ...env, ...way } })
        assert.strictEqual(login.code, 4)
        assertSentence(login.stderr, "certificate", "SSL_CERT_FILE")
        const said = yield* run(["Say hello"], { env: { ...env, ...way } })
        assert.isAbove(said.code ?? 0, 0)
        assertSentence(said.stderr, "certificate", "SSL_CERT_FILE")
      }
      assert.strictEqual(yield* fs.readFileString(auth), before)
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is named also when the answer of a model is what is asked for", () =>
    Effect.gen(function*() {
      const { env: { EFFIXIR_CHATGPT_BASE_URL }, run } = yield* overTls
      const { code, stderr } = yield* run(["Say hello"], { env: { EFFIXIR_CHATGPT_BASE_URL } })
      assert.strictEqual(code, 1)
      assertSentence(stderr, "certificate", "SSL_CERT_FILE")
    }).pipe(Effect.provide(platform)))
})
