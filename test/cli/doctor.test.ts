import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmod, chown } from "node:fs/promises"
import { createServer as createHttpServer } from "node:http"
import { type AddressInfo, createServer } from "node:net"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./machine.ts"

const nothing = Script.fromTurns([])

interface Told {
  readonly ok: boolean
  readonly checks: ReadonlyArray<{
    readonly id: string
    readonly status: string
    readonly summary: string
    readonly remedy: string | null
    readonly duration_ms: number
  }>
}

const ids = [
  "node.version",
  "home.writable",
  "home.permissions",
  "home.sessions",
  "config.valid",
  "auth.credential",
  "auth.expiry",
  "net.issuer",
  "net.api",
  "net.proxy",
  "net.websocket",
  "clock.skew",
  "sandbox.available",
  "tools.ripgrep",
  "tools.git",
  "terminal.size",
  "terminal.color"
]

/** A machine, and what the doctor finds on it. */
const patient = (options?: Parameters<typeof machine>[1]) =>
  Effect.map(machine(nothing, options), (machine) => ({
    ...machine,
    examine: (words: ReadonlyArray<string> = [], env: Record<string, string> = {}) =>
      Effect.map(machine.run(["doctor", "--json", ...words], { env }), ({ code, stderr, stdout }) => {
        const told = JSON.parse(stdout) as Told
        assert.strictEqual(told.ok, told.checks.every(({ status }) => status !== "fail"))
        assert.strictEqual(code, told.ok ? 0 : 1)
        for (const { duration_ms, remedy, status, summary } of told.checks) {
          assert.isAtLeast(duration_ms, 0)
          assert.notStrictEqual(summary, "")
          if (status === "warn" || status === "fail") assert.isString(remedy, summary)
        }
        for (const secret of machine.secrets) assert.notInclude(stdout + stderr, secret)
        const of = (name: string) => told.checks.find(({ id }) => id === name) ?? assert.fail(name)
        return { ...told, of }
      })
  }))

describe("effixir doctor", () => {
  it.scopedLive("finds that all works, and asks with the sign-in", () =>
    Effect.gen(function*() {
      const { asked, examine } = yield* patient()
      const { checks, ok, of } = yield* examine()
      assert.deepStrictEqual(checks.map(({ id }) => id), ids)
      assert.isTrue(ok, JSON.stringify(checks.filter(({ status }) => status === "fail")))
      for (const id of ["net.issuer", "net.api", "net.proxy", "clock.skew", "auth.expiry"]) {
        assert.strictEqual(of(id).status, "ok", of(id).summary)
      }
      assert.isTrue((yield* asked).some(({ path }) => path.includes("/models")))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("counts the models that effixir models lists", () =>
    Effect.gen(function*() {
      const { examine, run } = yield* patient({ models: ["gpt-6.2-sol", "gpt-5.5", "codex-auto-review"] })
      const { models } = JSON.parse((yield* run(["models", "--json"])).stdout)
      assert.lengthOf(models, 2)
      const { of } = yield* examine()
      assert.match(of("net.api").summary, /has 2 models$/)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("asks no server when it shall not", () =>
    Effect.gen(function*() {
      const { asked, examine } = yield* patient()
      const { of, ok } = yield* examine(["--offline"])
      assert.isTrue(ok)
      for (const id of ids.filter((id) => id.startsWith("net.") || id === "clock.skew")) {
        assert.strictEqual(of(id).status, "skip")
      }
      assert.deepStrictEqual(yield* asked, [])
      assert.strictEqual((yield* examine(["--offline"], { HTTPS_PROXY: "socks5://a" })).of("net.proxy").status, "skip")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says what to do where nobody is signed in", () =>
    Effect.gen(function*() {
      const { examine, home, run } = yield* patient({ signedIn: false })
      const { of, ok } = yield* examine()
      assert.isFalse(ok)
      assert.deepInclude(of("auth.credential"), { status: "fail" })
      assert.include(of("auth.credential").remedy, "effixir login")
      assert.include(of("home.writable").summary, home)
      const { code, stdout } = yield* run(["doctor", "--offline"])
      assert.strictEqual(code, 1)
      assert.match(stdout, /^fail +auth\.credential .*\n +→ .*effixir login/m)
      assert.match(stdout, /1 of \d+ checks failed\.\n$/)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("finds settings that cannot be used, and goes on with the rest", () =>
    Effect.gen(function*() {
      const { examine, fs, home } = yield* patient()
      yield* fs.writeFileString(`${home}/config.json`, "{ \"modle\": \"x\" }")
      const { of } = yield* examine()
      assert.deepInclude(of("config.valid"), { status: "fail" })
      assert.include(of("config.valid").summary, "the nearest is model")
      assert.strictEqual(of("config.valid").remedy, "effixir config unset modle")
      assert.strictEqual(of("net.api").status, "skip")
      assert.strictEqual(of("tools.git").status, "ok")
      yield* fs.remove(`${home}/config.json`)
      const variable = yield* examine([], { EFFIXIR_TRANSPORT: "pigeon" })
      assert.include(variable.of("config.valid").summary, "EFFIXIR_TRANSPORT")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("finds files that others could read or change, and changes nothing itself", () =>
    Effect.gen(function*() {
      const { auth, examine, fs, home } = yield* patient()
      yield* Effect.promise(() => chmod(auth, 0o644))
      const readable = (yield* examine(["--offline"])).of("home.permissions")
      assert.strictEqual(readable.status, "warn")
      assert.include(readable.remedy, `chmod 600 ${auth}`)
      yield* fs.writeFileString(`${home}/config.json`, "{}")
      yield* Effect.promise(() => chmod(`${home}/config.json`, 0o666))
      const changeable = (yield* examine(["--offline"])).of("home.permissions")
      assert.strictEqual(changeable.status, "fail")
      assert.include(changeable.remedy, `chmod go-w ${home}/config.json`)
      assert.strictEqual((yield* fs.stat(`${home}/config.json`)).mode & 0o777, 0o666)
    }).pipe(Effect.provide(platform)))

  it.scopedLive.skipIf(process.getuid?.() !== 0)(
    "takes files of another user for what they are to root",
    () =>
      Effect.gen(function*() {
        const { examine, fs, home } = yield* patient()
        yield* fs.writeFileString(`${home}/config.json`, "{}", { mode: 0o600 })
        yield* Effect.promise(() => chown(`${home}/config.json`, 12_345, 12_345))
        // In a container root works in the home of somebody else.
        assert.notStrictEqual((yield* examine(["--offline"])).of("home.permissions").status, "fail")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("finds lines of a log that are damaged", () =>
    Effect.gen(function*() {
      const { examine, fs, home, run } = yield* patient()
      yield* run(["Hello?"])
      const [id = ""] = yield* fs.readDirectory(`${home}/sessions`)
      const log = `${home}/sessions/${id}/log.ndjson`
      const lines = (yield* fs.readFileString(log)).split("\n")
      yield* fs.writeFileString(log, [lines[0], "{ broken", ...lines.slice(2)].join("\n"))
      const { of } = yield* examine(["--offline"])
      assert.deepInclude(of("home.sessions"), { status: "warn" })
      assert.match(of("home.sessions").summary, /^1 line in the log of 1 session/)
      assert.include(of("home.sessions").remedy, `effixir sessions show ${id}`)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("waits for no server for ever", () =>
    Effect.gen(function*() {
      const silent = yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createServer>>((resume) => {
          const server = createServer(() => {}).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = silent.address()
      const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
      const { examine } = yield* patient()
      const { of } = yield* examine([], { EFFIXIR_ISSUER: url })
      assert.deepInclude(of("net.issuer"), { status: "fail" })
      assert.include(of("net.issuer").summary, "has not answered within 8 seconds")
      assert.strictEqual(of("clock.skew").status, "skip")
      assert.strictEqual(of("net.api").status, "ok")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("names the variable of a proxy that is of no use", () =>
    Effect.gen(function*() {
      const { examine } = yield* patient()
      const socks = (yield* examine([], { ALL_PROXY: "socks5://me:s3cr3t@127.0.0.1:1" })).of("net.proxy")
      assert.strictEqual(socks.status, "fail")
      assert.match(socks.summary, /^ALL_PROXY .*SOCKS/)
      const gone = (yield* examine([], { HTTPS_PROXY: "me:s3cr3t@127.0.0.1:9" })).of("net.proxy")
      assert.strictEqual(gone.status, "fail")
      assert.match(gone.summary, /^HTTPS_PROXY names the proxy 127\.0\.0\.1:9, which cannot be reached: /)
      const asking = createHttpServer((_, response) => response.writeHead(407).end()).listen(0)
      yield* Effect.addFinalizer(() => Effect.sync(() => asking.close()))
      const { port } = asking.address() as AddressInfo
      const report = yield* examine([], { HTTP_PROXY: `127.0.0.1:${port}`, NO_PROXY: "" })
      const refusing = report.of("net.proxy")
      assert.strictEqual(refusing.status, "fail")
      assert.match(refusing.summary, /^the proxy .*, which HTTP_PROXY names, wants a name and a password \(407\)/i)
      assert.strictEqual(report.of("net.issuer").summary, "It cannot be looked at before net.proxy is put right")
      for (const { remedy, summary } of [socks, gone, refusing]) assert.notInclude(`${summary} ${remedy}`, "s3cr3t")
    }).pipe(Effect.provide(platform)))
})
