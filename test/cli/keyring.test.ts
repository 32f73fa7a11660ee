import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer, type Socket } from "node:net"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, eventually, lines, machine, platform } from "./support.ts"

/** The bus on which the keyring of Linux is asked: it takes every call, and answers none. */
const silentBus = (path: string) =>
  Effect.acquireRelease(
    Effect.async<{ readonly callers: ReadonlyArray<Socket>; readonly close: () => void }>((resume) => {
      const callers: Array<Socket> = []
      const server = createServer((socket) => void callers.push(socket.on("error", () => {}).resume()))
      const close = () => {
        for (const socket of callers) socket.destroy()
        server.close()
      }
      server.listen(path, () => resume(Effect.succeed({ callers, close })))
    }),
    ({ close }) => Effect.sync(close)
  )

const setup = Effect.gen(function*() {
  const here = yield* machine(() => Script.answer(Script.say("Hello!")))
  yield* here.fs.writeFileString(`${here.home}/config.json`, "{\"credential_store\":\"keyring\"}", { mode: 0o600 })
  const bus = yield* silentBus(`${here.base}/bus`)
  return { ...here, bus, env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${here.base}/bus` } }
})

describe.runIf(process.platform === "linux")("a keyring that does not answer", () => {
  const isTold = (...args: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const { bus, env, fs, home, run } = yield* setup
      const before = yield* fs.readFileString(`${home}/auth.json`)
      const { code, stderr, stdout } = yield* run(args, { env, stdin: "sk-test-123456" })
      assert.isNotEmpty(bus.callers)
      assert.strictEqual(code, 4, stderr)
      const said = args[0] === "status" ? stdout : stderr
      assertSentence(said, "the keyring (effixir)", "has not answered within 15s", "credential_store")
      assert.strictEqual(yield* fs.readFileString(`${home}/auth.json`), before)
      if (!args.includes("--json")) return
      assert.propertyVal(lines(stdout).at(-1)?.["error"], "kind", "CredentialStoreError")
    })

  it.live(
    "is told in a sentence, after some seconds",
    () =>
      Effect.all([
        isTold("run", "--json", "hello"),
        isTold("status"),
        isTold("logout"),
        isTold("login", "--with-api-key")
      ], {
        concurrency: "unbounded"
      }).pipe(Effect.scoped, Effect.provide(platform))
  )

  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it.live(`holds nobody up who sends ${signal}`, () =>
      Effect.gen(function*() {
        const { bus, env, start } = yield* setup
        const { child, result } = yield* start(["run", "hello"], { env })
        yield* eventually("the keyring is asked", () => bus.callers.length > 0)
        child.kill(signal)
        assert.strictEqual((yield* result).code, code)
        yield* eventually("nobody asks any more", () => bus.callers.every((socket) => socket.closed))
      }).pipe(Effect.scoped, Effect.provide(platform)))
  }

  it.live("is left by whoever asks it for a program that is killed", () =>
    Effect.gen(function*() {
      const { bus, env, start } = yield* setup
      const { child, result } = yield* start(["run", "hello"], { env })
      yield* eventually("the keyring is asked", () => bus.callers.length > 0)
      child.kill("SIGKILL")
      yield* result
      yield* eventually("nobody asks any more", () => bus.callers.every((socket) => socket.closed))
    }).pipe(Effect.scoped, Effect.provide(platform)))
})
