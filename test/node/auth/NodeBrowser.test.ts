import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { existsSync } from "node:fs"
import { vi } from "vitest"
import { Browser } from "../../../src/auth/Browser.ts"
import { apiKey } from "../../../src/auth/Credential.ts"
import * as Secrets from "../../../src/auth/Secrets.ts"
import * as NodeBrowser from "../../../src/node/auth/NodeBrowser.ts"
import { eventually } from "../../cli/support.ts"

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

describe("open", () => {
  it.live.runIf(process.platform === "linux")(
    "starts the browser with the address and without what signs us in",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped()
        const [browser, seen] = [`${folder}/browser`, `${folder}/seen`]
        yield* fs.writeFileString(browser, `#!/bin/sh\n{ echo "$@"; env; } > ${seen}.part; mv ${seen}.part ${seen}\n`)
        yield* fs.chmod(browser, 0o755)
        yield* Secrets.addCredential(apiKey(Redacted.make("the-token-of-a-store")))
        for (
          const [name, value] of Object.entries({
            BROWSER: browser,
            // With a display, the one that the desktop knows would come first.
            DISPLAY: "",
            WAYLAND_DISPLAY: "",
            OPENAI_API_KEY: "sk-of-the-environment",
            A_HEADER: "Bearer the-token-of-a-store"
          })
        ) vi.stubEnv(name, value)
        const { open } = yield* Browser
        yield* open("https://auth.test/authorize?state=1&x='2'")
        yield* eventually("the browser runs", () => existsSync(seen))
        const [address, ...environment] = (yield* fs.readFileString(seen)).split("\n")
        assert.strictEqual(address, "https://auth.test/authorize?state=1&x='2'")
        assert.include(environment, `BROWSER=${browser}`)
        assert.notInclude(environment.join("\n"), "sk-of-the-environment")
        assert.notInclude(environment.join("\n"), "the-token-of-a-store")
      }).pipe(
        Effect.scoped,
        Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs())),
        Effect.provide([NodeBrowser.layer, Secrets.layer, NodeFileSystem.layer])
      )
  )
})
