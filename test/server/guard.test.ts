import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { request as nodeRequest } from "node:http"
import * as Script from "../../src/testing/Script.ts"
import { asking, start, textOf } from "./support.ts"

const answers = Script.fromTurns([Script.answer(Script.say("Hello."))])

/** What `fetch` does not let a caller say. */
const raw = (
  url: string,
  options: {
    readonly method?: string
    readonly headers?: Record<string, string>
    readonly pieces?: ReadonlyArray<string>
  }
) =>
  Effect.async<{ readonly status: number; readonly body: unknown }>((resume) => {
    const { headers, method = "GET", pieces = [] } = options
    const sent = nodeRequest(url, { method, headers, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece
      }).on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, body: JSON.parse(text) })))
    })
    sent.on("error", (error) => resume(Effect.die(error)))
    for (const piece of pieces) sent.write(piece)
    sent.end()
  })

describe("A server", () => {
  it.scopedLive("answers nobody without its token, but for its health and its page", () =>
    Effect.gen(function*() {
      const { ask, begin, url } = yield* start(answers)
      const session = yield* begin()
      const stranger = asking(url, "a-token-for-the-testz")
      const nobody = asking(url, "")
      for (const { ask } of [stranger, nobody]) {
        for (
          const [method, path] of [
            ["GET", "/v1/sessions"],
            ["POST", "/v1/sessions"],
            ["GET", `/v1/sessions/${session}`],
            ["DELETE", `/v1/sessions/${session}`],
            ["POST", `/v1/sessions/${session}/turns`],
            ["GET", `/v1/sessions/${session}/events`],
            ["GET", "/openapi.json"],
            ["GET", "/docs"],
            ["GET", "/nothing"]
          ] as const
        ) {
          const { body, headers, status } = yield* ask(method, path)
          assert.deepStrictEqual([status, textOf(body, "error", "kind")], [401, "Unauthorized"], path)
          assert.strictEqual(headers.get("www-authenticate"), "Bearer")
        }
        assert.deepStrictEqual((yield* ask("GET", "/health")).body, { ok: true })
        for (const path of ["/", "/page.css", "/page.js"]) assert.strictEqual((yield* ask("GET", path)).status, 200)
      }
      assert.strictEqual((yield* ask("GET", `/v1/sessions/${session}`)).status, 200)
    }))

  it.scopedLive("answers to its own names, and to its own pages", () =>
    Effect.gen(function*() {
      const { url } = yield* start(answers, { hosts: ["agents.test"] })
      const { host, port } = new URL(url)
      const kindOf = (headers: Record<string, string>) =>
        Effect.map(raw(`${url}/health`, { headers }), ({ body, status }) => [status, textOf(body, "error", "kind")])
      const [fine, forbidden] = [[200, ""], [403, "Forbidden"]]
      for (const name of [host, `localhost:${port}`, "localhost", `[::1]:${port}`, "agents.test", "AGENTS.test:80"]) {
        assert.deepStrictEqual(yield* kindOf({ host: name }), fine, name)
      }
      for (
        const name of ["evil.test", `127.0.0.1.evil.test:${port}`, "localhost.evil.test", "10.0.0.1", "@localhost"]
      ) {
        assert.deepStrictEqual(yield* kindOf({ host: name }), forbidden, name)
      }
      assert.deepStrictEqual(yield* kindOf({ host, origin: `http://${host}` }), fine)
      for (const origin of ["http://evil.test", "null", `http://localhost:${port}`, `http://${host}.evil.test`]) {
        assert.deepStrictEqual(yield* kindOf({ host, origin }), forbidden, origin)
      }
    }))

  it.scopedLive("refuses bodies that are too large, in whatever way they come", () =>
    Effect.gen(function*() {
      const { ask, begin, url } = yield* start(answers, { maxBody: 1000 })
      const session = yield* begin()
      const path = `/v1/sessions/${session}/turns`
      const { body, status } = yield* ask("POST", path, { input: "x".repeat(1000) })
      assert.deepStrictEqual([status, textOf(body, "error", "kind")], [413, "TooLarge"])
      const headers = { authorization: "Bearer a-token-for-the-tests" }
      const pieces = Array.from({ length: 100 }, () => "x".repeat(100_000))
      const chunked = yield* raw(`${url}${path}`, { method: "POST", headers, pieces })
      assert.deepStrictEqual([chunked.status, textOf(chunked.body, "error", "kind")], [413, "TooLarge"])
      const small = yield* raw(`${url}${path}`, { method: "POST", headers, pieces: ["{\"input\":", "\"Say hello\"}"] })
      assert.strictEqual(small.status, 202)
    }))

  /** A picture whose end is missing. */
  const cutOff = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA"

  it.scopedLive("says what is wrong with a call", () =>
    Effect.gen(function*() {
      const { ask, begin } = yield* start(answers)
      const session = yield* begin()
      const turns = `/v1/sessions/${session}/turns`
      for (
        const body of [
          "{",
          "[]",
          "\"text\"",
          {},
          { input: "" },
          { input: 1 },
          { input: "x", keys: "k" },
          { input: [{ role: "user", type: "message", content: [{ type: "input_image", image_url: cutOff }] }] },
          { input: "x", limits: { max_steps: 1 } },
          `{"input":"x","limits":${"[".repeat(10_000)}${"]".repeat(10_000)}}`
        ]
      ) {
        const { body: told, status } = yield* ask("POST", turns, body)
        assert.deepStrictEqual(
          [status, textOf(told, "error", "kind")],
          [400, "BadInput"],
          JSON.stringify(body).slice(0, 60)
        )
        assert.notStrictEqual(textOf(told, "error", "message"), "")
      }
      for (const query of ["?after=x", "?after=-1"]) {
        assert.strictEqual((yield* ask("GET", `/v1/sessions/${session}/events${query}`)).status, 400)
      }
      assert.strictEqual(
        (yield* ask("GET", `/v1/sessions/${session}/events`, undefined, { "last-event-id": "x" })).status,
        400
      )
      const gone = session.replace(/^.{8}/, "00000000")
      for (
        const [method, path] of [
          ["GET", `/v1/sessions/${gone}`],
          ["DELETE", `/v1/sessions/${gone}`],
          ["GET", `/v1/sessions/${gone}/events`],
          ["POST", `/v1/sessions/${gone}/interrupt`],
          ["GET", "/v1/sessions/..%2f..%2fauth"]
        ] as const
      ) {
        const { body, status } = yield* ask(method, path)
        assert.deepStrictEqual([status, textOf(body, "error", "kind")], [404, "SessionNotFound"], path)
      }
      assert.strictEqual((yield* ask("POST", `/v1/sessions/${gone}/turns`, { input: "x" })).status, 404)
      for (const path of ["/nothing", "/v1/sessions/%zz"]) {
        const { body, status } = yield* ask("GET", path)
        assert.deepStrictEqual([status, textOf(body, "error", "kind")], [404, "NotFound"], path)
      }
    }))

  it.scopedLive("lists its sessions, and finds one by the first characters of its id", () =>
    Effect.gen(function*() {
      const { ask, begin } = yield* start(answers)
      const session = yield* begin({ title: "First", model: "gpt-6", workspace: "/elsewhere" })
      const { body } = yield* ask("GET", "/v1/sessions")
      const { body: one } = yield* ask("GET", `/v1/sessions/${session.slice(0, 12)}`)
      const { child_of, children, compactions, context, ...same } = one as Record<string, unknown>
      assert.deepStrictEqual(body, { sessions: [same] })
      assert.deepInclude(same, { id: session, title: "First", model: "gpt-6", workspace: "/elsewhere", status: "open" })
      assert.deepStrictEqual([context, compactions, child_of, children], [{ tokens: 0, window: null }, 0, null, []])
      assert.deepStrictEqual((yield* ask("DELETE", `/v1/sessions/${session}`)).body, { deleted: [session] })
      assert.deepStrictEqual((yield* ask("GET", "/v1/sessions")).body, { sessions: [] })
    }))

  it.scopedLive("has a document of its API, and pages that ask nobody else for anything", () =>
    Effect.gen(function*() {
      const { ask } = yield* start(answers)
      const { body } = yield* ask("GET", "/openapi.json")
      const { paths } = body as { readonly paths: object }
      assert.sameMembers(Object.keys(paths), [
        "/health",
        "/v1/ui",
        "/v1/ui/{session}/stream",
        "/v1/sessions",
        "/v1/sessions/{session}",
        "/v1/sessions/{session}/events",
        "/v1/sessions/{session}/interrupt",
        "/v1/sessions/{session}/permissions/{item}",
        "/v1/sessions/{session}/steer",
        "/v1/sessions/{session}/turns"
      ])
      assert.notInclude(JSON.stringify(body), "HttpApiDecodeError")
      for (const path of ["/", "/docs"]) {
        const { body, headers } = yield* ask("GET", path)
        assert.match(headers.get("content-security-policy") ?? "", /^default-src 'none'; /)
        assert.notMatch(headers.get("content-security-policy") ?? "", /unsafe|http|\*/)
        // Its own files, and nothing that stands in it, are what a page may run.
        assert.notMatch(String(body), /https?:\/\/|<script(?! type="module" src="\/page\.js"><\/script>)|src="?[^"/]/)
      }
    }))

  it.scoped("shows each 15 seconds that a connection is alive", () =>
    Effect.gen(function*() {
      const { begin, reader } = yield* start(answers)
      const session = yield* begin()
      const events = yield* reader(session)
      yield* events.untilComment(": ok")
      yield* TestClock.adjust("14 seconds")
      assert.notInclude(events.comments, ": keep-alive")
      yield* TestClock.adjust("1 seconds")
      assert.include(yield* events.untilComment(": keep-alive"), ": keep-alive")
    }))
})
