import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RegistrationFiles from "../../../src/node/auth/RegistrationFiles.ts"
import { get, layer, makeFolder, mode, put, startNode } from "../support.ts"

const issuer = "https://auth.test"
const unknown = { issuer, client_id: "oaiapp_1", subject: null, email: null }
const ada = { ...unknown, subject: "user-1", email: "ada@example.com" }

const setup = Effect.gen(function*() {
  const home = `${yield* makeFolder}/home`
  const options = { host: `${home}/host.json`, registrations: `${home}/profiles/a/registrations.json` }
  return { ...options, ...yield* RegistrationFiles.make(options), other: yield* RegistrationFiles.make(options) }
})

describe("RegistrationFiles", () => {
  it.scopedLive("makes one name for the installation, and keeps it", () =>
    Effect.gen(function*() {
      const { host, hostId, other } = yield* setup
      const ids = yield* Effect.all(Array.from({ length: 8 }, (_, n) => n % 2 === 0 ? hostId : other.hostId), {
        concurrency: 8
      })
      assert.strictEqual(new Set(ids).size, 1)
      assert.match(ids[0] ?? "", /^urn:uuid:[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
      assert.deepStrictEqual(JSON.parse(yield* get(host)), { ext_agent_host_id: ids[0] })
      assert.strictEqual(yield* mode(host), 0o600)
      assert.strictEqual(yield* mode(host.replace("/host.json", "")), 0o700)
    }).pipe(Effect.provide(layer)))

  it.scoped("takes the name of another form that somebody has put there", () =>
    Effect.gen(function*() {
      const { host, hostId } = yield* setup
      yield* hostId
      yield* put(host, "{\"ext_agent_host_id\":\"did:key:z6Mk\"}")
      assert.strictEqual(yield* hostId, "did:key:z6Mk")
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps a client id from when it is given out, and what becomes known of it", () =>
    Effect.gen(function*() {
      const { find, keep, other, registrations } = yield* setup
      assert.isTrue(Option.isNone(yield* find(issuer)))
      yield* keep(unknown)
      assert.deepInclude(Option.getOrThrow(yield* other.find(issuer)), unknown)
      const { registered_at } = Option.getOrThrow(yield* find(issuer))
      yield* keep(ada)
      yield* keep({ ...ada, plan_noted: true })
      // A later attempt does not forget whose it is.
      yield* keep(unknown)
      assert.deepStrictEqual(yield* other.find(issuer), Option.some({ ...ada, plan_noted: true, registered_at }))
      yield* keep({ ...unknown, issuer: "https://other.test", client_id: "oaiapp_2" })
      assert.deepInclude(Option.getOrThrow(yield* find(issuer)), { client_id: "oaiapp_1" })
      assert.strictEqual(yield* mode(registrations), 0o600)
    }).pipe(Effect.provide(layer)))

  it.scoped("says of a broken file which one it is and what to do, and leaves it alone", () =>
    Effect.gen(function*() {
      const { find, host, hostId, keep, registrations } = yield* setup
      yield* hostId
      yield* keep(ada)
      for (const text of ["", "{", "{\"registrations\":[{}]}", "null"]) {
        yield* put(host, text)
        yield* put(registrations, text)
        const calls = [
          [Effect.asVoid(hostId), host],
          [Effect.asVoid(find(issuer)), registrations],
          [keep(ada), registrations]
        ] as const
        for (const [call, path] of calls) {
          const { message } = yield* Effect.flip(call)
          assert.include(message, path)
          assert.include(message, "remove it to be registered anew")
        }
        assert.strictEqual(yield* get(host), text)
        assert.strictEqual(yield* get(registrations), text)
      }
    }).pipe(Effect.provide(layer)))

  it.scopedLive("loses nothing to a process that writes at the same time", () =>
    Effect.gen(function*() {
      const { host, keep, registrations, find } = yield* setup
      const child = yield* startNode(
        `
        import * as Effect from "effect/Effect"
        import { NodeContext } from "@effect/platform-node"
        import * as RegistrationFiles from "./src/node/auth/RegistrationFiles.ts"
        const [host, registrations] = process.argv.slice(2)
        console.log("ready")
        await Effect.runPromise(Effect.gen(function*() {
          const { keep } = yield* RegistrationFiles.make({ host, registrations })
          for (let n = 0; n < 20; n++) yield* keep({ issuer: "https://there.test", client_id: "t" + n, subject: null, email: null })
        }).pipe(Effect.provide(NodeContext.layer)))
        `,
        host,
        registrations
      )
      for (let n = 0; n < 20; n++) yield* keep({ ...unknown, client_id: `h${n}` })
      assert.strictEqual(yield* child.exitCode, 0)
      const { registrations: all }: { registrations: ReadonlyArray<unknown> } = JSON.parse(yield* get(registrations))
      assert.strictEqual(all.length, 40)
      assert.deepInclude(Option.getOrThrow(yield* find(issuer)), { client_id: "h19" })
    }).pipe(Effect.provide(layer)))
})
