import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Frame } from "../../src/server/FeedReader.ts"
import * as FeedReader from "../../src/server/FeedReader.ts"

const logged = (seq: number): Frame => ({ kind: "Logged", seq, text: `${seq};` })
const shown = (seq: number): Frame => ({ kind: "Shown", seq, text: `(${seq});` })
const asked = (seq: number): Frame => ({ kind: "Asked", seq, text: `${seq}?;` })

describe("A reader of a feed", () => {
  it.effect("gets what comes while the log is read for it, without what it has read there", () =>
    Effect.gen(function*() {
      const reader = FeedReader.make(0, 1000, () => {})
      reader.push([shown(3), logged(4), asked(5), logged(6)])
      reader.begin(4, [asked(5)])
      assert.strictEqual(yield* reader.take, "5?;6;")
      reader.push([shown(5), logged(6), shown(7), logged(8)])
      assert.strictEqual(yield* reader.take, "(7);8;")
    }))

  it.effect("is cut off when more waits than may, whether it has begun or not", () =>
    Effect.gen(function*() {
      for (const hasBegun of [false, true]) {
        let cuts = 0
        const reader = FeedReader.make(0, 10, () => cuts++)
        if (hasBegun) reader.begin(0, [])
        for (let seq = 1; seq < 100; seq++) reader.push([logged(seq)])
        assert.strictEqual(cuts, 1)
        if (!hasBegun) reader.begin(0, [])
        const rest = yield* Effect.exit(reader.take)
        if (Exit.isSuccess(rest)) assert.isAtMost(rest.value.length, 20)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(reader.take)))
      }
    }))

  it.effect("hears that the connection is alive only when it has nothing else to read", () =>
    Effect.gen(function*() {
      const reader = FeedReader.make(0, 10, () => {})
      reader.comment(":")
      reader.begin(0, [])
      for (let n = 0; n < 100; n++) reader.comment(":")
      assert.strictEqual(yield* reader.take, ":")
    }))
})
