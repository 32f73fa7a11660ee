import { assert, describe, it } from "@effect/vitest"
import type { Frame } from "../../src/server/FeedReader.ts"
import * as FeedReader from "../../src/server/FeedReader.ts"

const logged = (seq: number): Frame => ({ kind: "Logged", seq, text: `${seq};` })
const shown = (seq: number): Frame => ({ kind: "Shown", seq, text: `(${seq});` })
const asked = (seq: number): Frame => ({ kind: "Asked", seq, text: `${seq}?;` })

describe("A reader of a feed", () => {
  it("gets what comes while the log is read for it, without what it has read there", () => {
    const reader = FeedReader.make(0, 1000, () => {})
    reader.push([shown(3), logged(4), asked(5), logged(6)])
    reader.begin(4, [asked(5)])
    assert.strictEqual(reader.take(() => {}), "5?;6;")
    reader.push([shown(5), logged(6), shown(7), logged(8)])
    assert.strictEqual(reader.take(() => {}), "(7);8;")
  })

  it("is cut off when more waits than may, whether it has begun or not", () => {
    for (const hasBegun of [false, true]) {
      let cuts = 0
      const reader = FeedReader.make(0, 10, () => cuts++)
      if (hasBegun) reader.begin(0, [])
      for (let seq = 1; seq < 100; seq++) reader.push([logged(seq)])
      assert.strictEqual(cuts, 1)
      if (!hasBegun) reader.begin(0, [])
      assert.isAtMost((reader.take(() => {}) ?? "").length, 20)
      assert.isNull(reader.take(() => {}))
    }
  })

  it("is told once that there is something, or that it has ended", () => {
    let calls = 0
    const reader = FeedReader.make(0, 1000, () => {})
    reader.begin(0, [])
    assert.isUndefined(reader.take(() => calls++))
    reader.push([logged(1)])
    reader.push([logged(2)])
    assert.strictEqual(calls, 1)
    assert.strictEqual(reader.take(() => calls++), "1;2;")
    assert.isUndefined(reader.take(() => calls++))
    reader.end()
    assert.strictEqual(calls, 2)
    assert.isNull(reader.take(() => calls++))
  })

  it("hears that the connection is alive only when it has nothing else to read", () => {
    const reader = FeedReader.make(0, 10, () => {})
    reader.comment(":")
    reader.begin(0, [])
    for (let n = 0; n < 100; n++) reader.comment(":")
    assert.strictEqual(reader.take(() => {}), ":")
  })
})
