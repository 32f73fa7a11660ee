import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash, randomUUID } from "node:crypto"
import { statSync } from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, eventually, lines, machine, platform } from "./support.ts"

/** A server that wants a sign-in, and the sign-in server for it. Its tokens may be ended. */
const protectedServer = (page?: string) =>
  Effect.acquireRelease(
    Effect.async<
      { readonly server: Http.Server; readonly url: string; readonly end: () => void; readonly renewed: () => number }
    >((resume) => {
      let base = ""
      let valid = new Set<string>()
      let refresh = ""
      let renewals = 0
      const challenges = new Map<string, string>()

      const answer = (request: Http.IncomingMessage, body: string, give: (status: number, json?: object) => void) => {
        const url = new URL(request.url ?? "", base)
        switch (url.pathname) {
          case "/.well-known/oauth-protected-resource/mcp":
            return give(200, { resource: `${base}/mcp`, authorization_servers: [base] })
          case "/.well-known/oauth-authorization-server":
            return give(200, {
              issuer: base,
              authorization_endpoint: page ?? `${base}/authorize`,
              token_endpoint: `${base}/token`,
              registration_endpoint: `${base}/register`,
              response_types_supported: ["code"],
              code_challenge_methods_supported: ["S256"],
              token_endpoint_auth_methods_supported: ["none"]
            })
          case "/register":
            return give(201, { ...JSON.parse(body), client_id: "client-1" })
          case "/token": {
            const form = new URLSearchParams(body)
            const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url")
            const isMeant = form.get("grant_type") === "refresh_token"
              ? form.get("refresh_token") === refresh
              : challenges.get(form.get("code") ?? "") === challenge
            if (!isMeant) return give(400, { error: "invalid_grant" })
            const token = `access-${randomUUID()}`
            valid = new Set([token])
            if (form.get("grant_type") === "refresh_token") renewals++
            refresh = `refresh-${randomUUID()}`
            return give(200, { access_token: token, token_type: "Bearer", expires_in: 3600, refresh_token: refresh })
          }
          case "/mcp":
            return valid.has(request.headers.authorization?.replace("Bearer ", "") ?? "")
              ? respond(body, give)
              : give(401)
          default:
            return give(404)
        }
      }

      const server = Http.createServer((request, response) => {
        const url = new URL(request.url ?? "", base)
        if (url.pathname === "/authorize") {
          const code = randomUUID()
          challenges.set(code, url.searchParams.get("code_challenge") ?? "")
          const back = new URL(url.searchParams.get("redirect_uri") ?? "")
          back.searchParams.set("code", code)
          back.searchParams.set("state", url.searchParams.get("state") ?? "")
          return response.writeHead(302, { location: back.href }).end()
        }
        let body = ""
        request.setEncoding("utf8").on("data", (text: string) => {
          body += text
        }).on("end", () =>
          answer(request, body, (status, json) => {
            response.writeHead(status, {
              "content-type": "application/json",
              ...status === 401
                ? { "www-authenticate": `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"` }
                : {}
            })
            response.end(json === undefined ? "" : JSON.stringify(json))
          }))
        return undefined
      })
      server.listen(0, "127.0.0.1", () => {
        base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        resume(Effect.succeed({
          server,
          url: `${base}/mcp`,
          renewed: () => renewals,
          end: () => {
            valid = new Set()
          }
        }))
      })
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

/** The least that a server has to say. */
const respond = (body: string, give: (status: number, json?: object) => void) => {
  if (body === "") return give(405)
  const { id, method }: { readonly id?: number; readonly method?: string } = JSON.parse(body)
  const say = (result: object) => give(200, { jsonrpc: "2.0", id, result })
  switch (method) {
    case "initialize":
      return say({
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "protected", version: "1" }
      })
    case "tools/list":
      return say({ tools: [{ name: "hello", inputSchema: { type: "object" } }] })
    case "tools/call":
      return say({ content: [{ type: "text", text: "hello" }] })
    default:
      return give(202)
  }
}

describe("effixir mcp login", () => {
  it.scopedLive("signs in to a server, whose tools a run then has until it signs out", () =>
    Effect.gen(function*() {
      const { end, renewed, url } = yield* protectedServer()
      const { follow, fs, home, path, run } = yield* machine(Script.fromTurns([
        Script.answer(Script.call("mcp__safe__hello", {}, "c_1")),
        Script.answer(Script.say("Done.")),
        Script.answer(Script.say("Done."))
      ]))
      assert.strictEqual((yield* run(["mcp", "add", "safe", "--url", url])).code, 0)
      assertSentence(
        (yield* run(["mcp", "list"])).stdout,
        "it wants a token (401): sign in with `effixir mcp login safe`"
      )

      const signingIn = yield* follow(["mcp", "login", "safe"])
      const shown = () => /^\s*(http:\S+\/authorize\S+)$/m.exec(signingIn.output().stderr)?.[1]
      yield* eventually("the address is shown", () => shown() !== undefined)
      const page = yield* Effect.promise(() => fetch(shown() ?? ""))
      assert.strictEqual(page.status, 200)
      const { code, stderr } = yield* signingIn.result
      assert.strictEqual(code, 0, stderr)
      assert.include(stderr, "You are signed in to safe.")

      const folder = path.join(home, "mcp")
      const signIns = Effect.map(fs.readDirectory(folder), (names) => names.filter((name) => name.endsWith(".json")))
      const [file = ""] = yield* signIns
      assert.strictEqual(statSync(path.join(folder, file)).mode & 0o777, 0o600)
      assert.notInclude(stderr, /access-[\w-]+/.exec(yield* fs.readFileString(path.join(folder, file)))?.[0] ?? "?")

      // What has run out is renewed, once, however many want it.
      end()
      const [one, other] = yield* Effect.all([run(["mcp", "list", "--json"]), run(["mcp", "list", "--json"])], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual([one.stdout, renewed()], [other.stdout, 1])
      assert.include(one.stdout, `"status":"ready"`)
      end()
      const ran = yield* run(["--json", "Say hello"])
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.include(
        lines(ran.stdout).map(({ item }) => item?.["output"]),
        "hello"
      )

      assert.include((yield* run(["mcp", "logout", "safe"])).stderr, "Signed out of safe here.")
      assert.deepStrictEqual(yield* signIns, [])
      assert.include((yield* run(["mcp", "logout", "safe"])).stderr, "Nobody was signed in to safe.")

      const refused = yield* follow(["mcp", "login", "safe"])
      const parameter = (name: string) =>
        decodeURIComponent(new RegExp(`[?&]${name}=([^&\\s]+)`).exec(refused.output().stderr)?.[1] ?? "")
      yield* eventually(
        "the address is shown again",
        () => parameter("state") !== "" && parameter("redirect_uri") !== ""
      )
      const [callback, state] = [parameter("redirect_uri"), parameter("state")]
      const strange = yield* Effect.promise(() => fetch(`${callback}?error=access_denied&state=other`))
      assert.isAtLeast(strange.status, 400)
      yield* Effect.promise(() => fetch(`${callback}?error=access_denied&state=${state}`))
      const ended = yield* refused.result
      assert.strictEqual(ended.code, 4)
      assertSentence(ended.stderr, "Nobody is signed in to safe: access_denied")
      assert.include((yield* run(["Say hello"])).stderr, "MCP server safe could not be started: it wants a token (401)")
    }).pipe(Effect.provide(platform)))

  for (const page of ["file:///etc/hosts", "http://example.com/authorize"]) {
    it.scopedLive(`opens no page at ${page}`, () =>
      Effect.gen(function*() {
        const { url } = yield* protectedServer(page)
        const { run } = yield* machine(Script.fromTurns([]))
        yield* run(["mcp", "add", "safe", "--url", url])
        const { code, stderr } = yield* run(["mcp", "login", "safe"])
        assert.strictEqual(code, 4)
        assertSentence(stderr, "Nobody is signed in to safe: it names a page to sign in at that is not opened")
      }).pipe(Effect.provide(platform)))
  }
})
