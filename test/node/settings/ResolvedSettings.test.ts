import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Home from "../../../src/node/settings/Home.ts"
import * as Overrides from "../../../src/node/settings/Overrides.ts"
import * as ResolvedSettings from "../../../src/node/settings/ResolvedSettings.ts"
import * as Trust from "../../../src/node/settings/Trust.ts"
import { layer, makeFolder, put } from "../support.ts"

interface Given {
  readonly user?: unknown
  readonly project?: unknown
  readonly isTrusted?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: ReadonlyArray<string>
}

/** Where the settings come from, of a person in a folder below the one of a project. */
const resolve = ({ env = {}, flags = [], isTrusted = true, project, user }: Given) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const base = yield* makeFolder
    const home = Home.make(`${base}/home`)
    const folder = `${base}/project/below`
    yield* fs.makeDirectory(home.path)
    yield* fs.makeDirectory(folder, { recursive: true })
    yield* fs.makeDirectory(`${base}/project/.git`)
    yield* fs.makeDirectory(`${base}/project/.effixir`)
    if (user !== undefined) yield* put(home.config, JSON.stringify(user))
    if (project !== undefined) yield* put(`${base}/project/.effixir/config.json`, JSON.stringify(project))
    if (isTrusted) yield* Trust.trust(home, folder)
    const resolved = yield* ResolvedSettings.resolve({ home, folder }).pipe(
      Overrides.withOverrides(flags),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env))))
    )
    const of = (key: string) => {
      const { from, source, value } = resolved.origins.find((origin) => origin.key === key) ?? assert.fail(key)
      return [value, source, from?.replace(`${base}/`, "") ?? null]
    }
    return { ...resolved, of }
  })

const test = (
  name: string,
  effect: () => Effect.Effect<void, unknown, Effect.Effect.Context<ReturnType<typeof resolve>>>
) => it.scoped(name, () => Effect.provide(effect(), layer))

describe("ResolvedSettings", () => {
  test("prefers flags to the environment, that to the project, that to the person, that to what holds by default", () =>
    Effect.gen(function*() {
      const all: Given = {
        flags: ["model=of-flag"],
        env: { EFFIXIR_MODEL: "of-env" },
        project: { model: "of-project" },
        user: { model: "of-user" }
      }
      const expected = [
        ["of-flag", "flag", "--set"],
        ["of-env", "env", "EFFIXIR_MODEL"],
        ["of-project", "project", "project/.effixir/config.json"],
        ["of-user", "user", "home/config.json"],
        [undefined, "default", null]
      ]
      const names = ["flags", "env", "project", "user"] as const
      for (const [index, origin] of expected.entries()) {
        const given = Object.fromEntries(names.slice(index).map((name) => [name, all[name]]))
        const { of, settings } = yield* resolve(given)
        assert.deepStrictEqual(of("model"), origin)
        assert.strictEqual(settings.model, origin[0] ?? undefined)
      }
    }))

  test("reads nothing of a project that is not trusted", () =>
    Effect.gen(function*() {
      const { of } = yield* resolve({ project: { model: "of-project" }, isTrusted: false })
      assert.deepStrictEqual(of("model"), [undefined, "default", null])
      // Not even whether it could be used.
      yield* resolve({ project: { nonsense: 1 }, isTrusted: false })
    }))

  test("takes from a project neither more than the person allows nor what is the person's own", () =>
    Effect.gen(function*() {
      const stricter = yield* resolve({ project: { permission: "read-only" }, user: { permission: "ask" } })
      assert.deepStrictEqual(stricter.of("permission"), ["read-only", "project", "project/.effixir/config.json"])
      const wider = yield* resolve({ project: { permission: "auto" }, user: { permission: "ask" } })
      assert.deepStrictEqual(wider.of("permission"), ["ask", "user", "home/config.json"])
      for (const own of [{ credential_store: "keyring" }, { policy: "rules.json" }, { servers: {} }]) {
        const error = yield* Effect.flip(resolve({ project: own }))
        assert.include(String(error), `${Object.keys(own)[0]} in `)
        assert.include(String(error), "a project cannot set it")
      }
    }))

  test("takes a value as JSON where that fits, and else as text", () =>
    Effect.gen(function*() {
      const { settings } = yield* resolve({
        flags: ["compact_at=50", "web_search=true", "model=true", "reasoning_effort=5", "transport=auto"]
      })
      assert.deepStrictEqual(settings, {
        model: "true",
        reasoning_effort: "5",
        transport: "auto",
        web_search: true,
        compact_at: 50
      })
      assert.strictEqual((yield* resolve({ flags: ["model=a=b"] })).settings.model, "a=b")
    }))

  test("sets a field within an object, and leaves the others", () =>
    Effect.gen(function*() {
      const { of, settings } = yield* resolve({
        user: { models: { "gpt-5.5": { images: false }, qwen: {} } },
        flags: ["models.\"gpt-5.5\".context_window=1000", "models.qwen.images=true"]
      })
      assert.deepStrictEqual(settings.models, {
        "gpt-5.5": { images: false, contextWindow: 1000 },
        qwen: { images: true }
      })
      assert.deepStrictEqual(of("models").slice(1), ["flag", "--set"])
    }))

  test("refuses a flag that it cannot use, and says what would do", () =>
    Effect.gen(function*() {
      const cases = [
        ["modle=x", "modle in --set cannot be used: there is no such setting; the nearest is model"],
        ["model", "model in --set cannot be used: expected KEY=VALUE, such as model=gpt-5.5"],
        ["=x", "=x in --set cannot be used: expected KEY=VALUE"],
        ["model=", "model in --set cannot be used: expected a text"],
        ["web_search=maybe", "web_search in --set cannot be used: expected true or false"],
        ["models.\"qwen.imges=true", "expected KEY=VALUE"],
        ["models..images=true", "expected names with dots between them"],
        ["models.qwen.imges=true", "there is no such setting; the nearest is models.qwen.images"]
      ]
      for (const [flag = "", message = ""] of cases) {
        assert.include(String(yield* Effect.flip(resolve({ flags: [flag] }))), message)
      }
    }))
})
