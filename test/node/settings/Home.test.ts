import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import * as Home from "../../../src/node/settings/Home.ts"

const home = (...variables: ReadonlyArray<readonly [string, string]>) =>
  Effect.withConfigProvider(Home.config, ConfigProvider.fromMap(new Map(variables)))

describe("Home", () => {
  it("knows the place of everything", () => {
    const path = resolve("/somewhere")
    assert.deepInclude(Home.make("/somewhere"), {
      path,
      auth: join(path, "auth.json"),
      config: join(path, "config.json"),
      sessions: join(path, "sessions"),
      cache: join(path, "cache")
    })
    assert.strictEqual(Home.make("here").auth, resolve("here", "auth.json"))
  })

  it.effect("is where EFFIXIR_HOME says, else in the home folder of the user", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* home(["EFFIXIR_HOME", "/somewhere"]), Home.make("/somewhere"))
      assert.deepStrictEqual(yield* home(), Home.make(join(homedir(), ".effixir")))
      assert.deepStrictEqual(yield* home(["EFFIXIR_HOME", ""]), Home.make(join(homedir(), ".effixir")))
    }))

  it.effect("gives each profile a credential of its own, and nothing else", () =>
    Effect.gen(function*() {
      const office = yield* home(["EFFIXIR_HOME", "/somewhere"], ["EFFIXIR_PROFILE", "office"])
      assert.strictEqual(office.auth, resolve("/somewhere/profiles/office/auth.json"))
      assert.strictEqual(office.sessions, Home.make("/somewhere").sessions)
      for (const name of ["..", "a/b", ".hidden", "x".repeat(65)]) {
        assert.include(String(yield* Effect.flip(home(["EFFIXIR_PROFILE", name]))), "EFFIXIR_PROFILE")
      }
    }))
})
