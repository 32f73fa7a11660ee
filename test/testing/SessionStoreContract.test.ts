import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as SessionDriver from "../../src/session/SessionDriver.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as SessionStoreContract from "../../src/testing/SessionStoreContract.ts"

/** The promises that a driver does not keep. */
const broken = (spoil: (driver: SessionDriver.Encoded) => Partial<SessionDriver.Encoded>) => {
  const layer = Layer.effect(
    SessionStore.SessionStore,
    Effect.map(SessionDriver.makeMemory, (driver) => SessionStore.makeEncoded({ ...driver, ...spoil(driver) }))
  )
  return Effect.filter(
    SessionStoreContract.checks(layer),
    ({ check }) => Effect.map(Effect.exit(check), Exit.isFailure)
  ).pipe(Effect.map((failed) => failed.map(({ name }) => name)))
}

describe("SessionStoreContract", () => {
  it.effect("holds for a sound driver", () =>
    Effect.map(broken(() => ({})), (names) => assert.deepStrictEqual(names, [])))

  it.effect.each<[string, (driver: SessionDriver.Encoded) => Partial<SessionDriver.Encoded>, string]>([
    [
      "forgets lines",
      (driver) => ({
        claim: (id) => Effect.map(driver.claim(id), ({ lines }) => ({ lines, append: () => Effect.void }))
      }),
      "goes on where a session stood when it is opened again"
    ],
    [
      "reads in another order",
      (driver) => ({ read: (id, seq) => Effect.map(driver.read(id, seq), (lines) => [...lines].toReversed()) }),
      "keeps events as they are, with growing numbers and their times"
    ],
    [
      "reads nothing where there is no session",
      (driver) => ({ read: (id, seq) => Effect.orElseSucceed(driver.read(id, seq), () => []) }),
      "knows no session without an event"
    ],
    [
      "leaves out one line too many",
      (driver) => ({ read: (id, seq) => driver.read(id, seq === 0 ? 0 : seq + 1_000) }),
      "reads on after a number"
    ],
    [
      "lets everybody write",
      (driver) => ({ claim: (id) => Effect.scoped(driver.claim(id)) }),
      "lets one write at a time"
    ],
    [
      "forgets what was compacted",
      (driver) => ({
        read: (id, seq) =>
          Effect.map(driver.read(id, seq), (lines) => {
            const all = [...lines]
            const at = all.findIndex((line) => line.includes("\"_tag\":\"Compacted\""))
            return at === -1 ? all : [...all.slice(0, 1), ...all.slice(at)]
          })
      }),
      "finds by its key what was compacted, and keeps it the first"
    ],
    ["lists nothing", () => ({ list: () => Effect.succeed([]) }), "knows no session without an event"],
    ["removes nothing", () => ({ remove: () => Effect.void }), "removes a session that nobody has open, for good"]
  ])(
    "finds out one that %s",
    ([, spoil, promise]) => Effect.map(broken(spoil), (names) => assert.include(names, promise))
  )
})
