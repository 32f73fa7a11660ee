import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as NodeBrowser from "../../src/node/NodeBrowser.ts"

const canOpen = (environment: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(
    NodeBrowser.canOpenBrowser,
    ConfigProvider.fromMap(new Map(Object.entries(environment)))
  )

const hasDisplayAlways = process.platform === "darwin" || process.platform === "win32"

describe("canOpenBrowser", () => {
  it.effect("wants a display", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* canOpen({}), hasDisplayAlways)
      assert.strictEqual(yield* canOpen({ DISPLAY: "", WAYLAND_DISPLAY: "" }), hasDisplayAlways)
      assert.isTrue(yield* canOpen({ DISPLAY: ":0" }))
      assert.isTrue(yield* canOpen({ WAYLAND_DISPLAY: "wayland-0" }))
    }))

  it.effect("knows that a person who came over the network does not see it", () =>
    Effect.gen(function*() {
      assert.isFalse(yield* canOpen({ DISPLAY: ":0", SSH_CONNECTION: "10.0.0.1 5 10.0.0.2 22" }))
    }))
})
