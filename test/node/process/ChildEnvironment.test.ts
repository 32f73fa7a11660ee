import { afterEach, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { vi } from "vitest"
import { apiKey } from "../../../src/auth/Credential.ts"
import * as Secrets from "../../../src/auth/Secrets.ts"
import * as ChildEnvironment from "../../../src/node/process/ChildEnvironment.ts"

afterEach(() => void vi.unstubAllEnvs())

const names = (prefix: string, environment: NodeJS.ProcessEnv) =>
  Object.keys(environment).filter((name) => name.startsWith(prefix)).toSorted()

describe("ChildEnvironment", () => {
  it.effect("leaves out what holds a secret that is in use, encoded or beside other things", () =>
    Effect.gen(function*() {
      const secret = "the-key-of-a-store"
      yield* Secrets.addCredential(apiKey(Redacted.make(secret)))
      vi.stubEnv("A_HEADER", `Authorization: Bearer ${secret}`)
      vi.stubEnv("A_URL", `https://user:${secret}@host.test/v1`)
      vi.stubEnv("A_BASIC", `Basic ${Buffer.from(`user:${secret}`).toString("base64")}`)
      vi.stubEnv("A_COPY", secret)
      vi.stubEnv("A_TOKEN", "of-another-program")
      vi.stubEnv("A_START", secret.slice(0, 8))
      assert.deepStrictEqual(names("A_", yield* ChildEnvironment.make()), ["A_START", "A_TOKEN"])
      assert.deepStrictEqual(names("A_", yield* ChildEnvironment.withoutSecrets), ["A_START", "A_TOKEN"])
    }).pipe(Effect.provide(Secrets.layer)))

  it.effect("leaves out what holds the value of a variable that holds a secret by its name", () =>
    Effect.gen(function*() {
      vi.stubEnv("OPENAI_API_KEY", "sk-test-1234567890")
      vi.stubEnv("A_CONFIG", JSON.stringify({ key: "sk-test-1234567890" }))
      vi.stubEnv("A_NOTE", "sk-test")
      const environment = yield* ChildEnvironment.make()
      assert.deepStrictEqual(names("A_", environment), ["A_NOTE"])
      assert.notProperty(environment, "OPENAI_API_KEY")
    }))

  it.effect("keeps what programs are found by, whatever word a key is", () =>
    Effect.gen(function*() {
      vi.stubEnv("OPENAI_API_KEY", "llama.cpp")
      vi.stubEnv("PATH", `/opt/llama.cpp/bin:${process.env["PATH"]}`)
      assert.strictEqual((yield* ChildEnvironment.make())["PATH"], process.env["PATH"])
    }))

  it.effect("gives a browser what is its user's, and a command what no person sits in front of", () =>
    Effect.gen(function*() {
      vi.stubEnv("CDPATH", "/somewhere")
      vi.stubEnv("TERM", "xterm-256color")
      const forBrowser = yield* ChildEnvironment.withoutSecrets
      assert.strictEqual(forBrowser["TERM"], "xterm-256color")
      assert.strictEqual(forBrowser["CDPATH"], "/somewhere")
      const forCommand = yield* ChildEnvironment.make({ ADDED: "1" })
      assert.strictEqual(forCommand["TERM"], "dumb")
      assert.strictEqual(forCommand["ADDED"], "1")
      assert.notProperty(forCommand, "CDPATH")
    }))
})
