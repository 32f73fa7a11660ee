import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import { existsSync, readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import * as Keyring from "../../../src/node/auth/Keyring.ts"
import { eventually, isAlive } from "../../cli/support.ts"
import { layer, makeFolder, put } from "../support.ts"

/** A library that keeps its texts in files, and notes which process has asked it and in what environment. */
const library = (...lines: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const folder = yield* makeFolder
    const note = `${folder}/note`
    yield* put(
      `${folder}/library.mjs`,
      `import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
      appendFileSync(${JSON.stringify(note)}, JSON.stringify([process.pid, process.argv, process.env]) + "\\n")
      export class AsyncEntry {
        constructor(service, name, options) {
          this.file = ${JSON.stringify(`${folder}/`)} + [service, name, options.linux.store].join("-")
        }
        async getPassword() { ${
        lines.join(";")
      }; return existsSync(this.file) ? readFileSync(this.file, "utf8") : null }
        async setPassword(text) { writeFileSync(this.file, text) }
        async deletePassword() { rmSync(this.file) }
      }`
    )
    // A line that is still being written does not count.
    const notes = () => existsSync(note) ? readFileSync(note, "utf8").split("\n").slice(0, -1) : []
    const asked = () => notes().map((line) => JSON.parse(line)[0] as number)
    return { url: pathToFileURL(`${folder}/library.mjs`).href, folder, note, asked }
  })

/** As a native call does. */
const hang = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"

describe("Keyring", () => {
  it.scopedLive("keeps one text, and asks in one process", () =>
    Effect.gen(function*() {
      const { asked, folder, note, url } = yield* library()
      const entry = yield* Keyring.open("name", url)
      assert.deepStrictEqual(asked(), [])
      assert.deepStrictEqual(yield* entry.get, Option.none())
      yield* entry.set("the secret\nof two lines ✓")
      assert.deepStrictEqual(yield* entry.get, Option.some("the secret\nof two lines ✓"))
      assert.strictEqual(readFileSync(`${folder}/effixir-name-secret-service`, "utf8"), "the secret\nof two lines ✓")
      yield* entry.remove
      assert.deepStrictEqual(yield* entry.get, Option.none())
      assert.lengthOf(asked(), 1)
      assert.notInclude(readFileSync(note, "utf8"), "the secret")
    }).pipe(Effect.provide(layer)))

  it.scopedLive("tells what the system says, and can be asked again", () =>
    Effect.gen(function*() {
      const { url } = yield* library("if (Math.random() < 2) throw new Error('locked, as it happens')")
      const entry = yield* Keyring.open("name", url)
      for (let n = 0; n < 2; n++) {
        const error = yield* Effect.flip(entry.get)
        assert.strictEqual(error.reason, "Refused")
        assert.strictEqual(error.message, "locked, as it happens")
      }
      yield* entry.set("works")
    }).pipe(Effect.provide(layer)))

  it.scopedLive("says so where there is no library, and where the process that asks is killed", () =>
    Effect.gen(function*() {
      const none = yield* Keyring.open("name", "file:///nowhere/library.mjs")
      assert.strictEqual((yield* Effect.flip(none.get)).reason, "Refused")
      const { asked, url } = yield* library("await new Promise(() => setInterval(() => {}, 1000))")
      const entry = yield* Keyring.open("name", url)
      const asking = yield* Effect.fork(Effect.flip(entry.get))
      yield* eventually("it is asked", () => asked().length === 1)
      process.kill(asked()[0] ?? 0, "SIGKILL")
      assert.strictEqual((yield* Fiber.join(asking)).reason, "Refused")
      yield* entry.set("works")
    }).pipe(Effect.provide(layer)))

  it.scopedLive("asks in another process where the last one was killed meanwhile", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* library()
      const entry = yield* Keyring.open("name", url)
      yield* entry.set("the secret")
      process.kill(asked()[0] ?? 0, "SIGKILL")
      yield* eventually("it is gone", () => !isAlive(asked()[0] ?? 0))
      assert.deepStrictEqual(yield* entry.get, Option.some("the secret"))
      assert.lengthOf(asked(), 2)
    }).pipe(Effect.provide(layer)))

  for (const within of ["where it can be interrupted", "where nothing interrupts it"]) {
    it.scoped(`gives a native call up that never ends, ${within}`, () =>
      Effect.gen(function*() {
        const { asked, url } = yield* library(hang)
        const entry = yield* Keyring.open("name", url)
        const get = within.startsWith("where it") ? entry.get : Effect.uninterruptible(entry.get)
        const asking = yield* Effect.fork(Effect.flip(get))
        yield* TestServices.provideLive(eventually("it is asked", () => asked().length === 1))
        yield* TestClock.adjust("14 seconds")
        assert.isTrue(Option.isNone(yield* Fiber.poll(asking)))
        yield* TestClock.adjust("1 seconds")
        const error = yield* Fiber.join(asking)
        assert.strictEqual(error.reason, "Silent")
        assert.strictEqual(error.message, "it has not answered within 15s")
        yield* TestServices.provideLive(eventually("its process is gone", () => !isAlive(asked()[0] ?? 0)))
        // Nobody waits for the next question, until some time later.
        assert.strictEqual((yield* Effect.flip(entry.get)).reason, "Silent")
        assert.lengthOf(asked(), 1)
        yield* TestClock.adjust("30 seconds")
        yield* entry.set("works")
      }).pipe(Effect.provide(layer)))
  }

  it.scopedLive("leaves no process behind when it is interrupted, or its Scope closes", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* library(hang)
      const scope = yield* Scope.make()
      const entry = yield* Scope.extend(Keyring.open("name", url), scope)
      const asking = yield* Effect.fork(entry.get)
      yield* eventually("it is asked", () => asked().length === 1)
      yield* Fiber.interrupt(asking)
      yield* eventually("its process is gone", () => !isAlive(asked()[0] ?? 0))
      yield* entry.set("works")
      assert.lengthOf(asked(), 2)
      yield* Scope.close(scope, Exit.void)
      yield* eventually("its process is gone", () => !isAlive(asked()[1] ?? 0))
    }).pipe(Effect.provide(layer)))
})
