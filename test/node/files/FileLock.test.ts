import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as FileLock from "../../../src/node/files/FileLock.ts"
import { layer, lockElsewhere, makeFolder, mode } from "../support.ts"

/** Whether somebody holds the lock of a path now. */
const isLocked = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return !(yield* FileLock.tryLock(yield* fs.open(path, { flag: "a" })))
  }))

describe("FileLock", () => {
  it.scopedLive("holds until the scope closes", () =>
    Effect.gen(function*() {
      const path = `${yield* makeFolder}/lock`
      yield* Effect.scoped(Effect.gen(function*() {
        yield* FileLock.acquire(path)
        assert.isTrue(yield* isLocked(path))
      }))
      assert.isFalse(yield* isLocked(path))
      assert.strictEqual(yield* mode(path), 0o600)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("fails where the system cannot lock", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* makeFolder}/lock`
      const file = yield* Effect.scoped(fs.open(path, { flag: "a" }))
      const error = yield* Effect.flip(FileLock.tryLock(file))
      assert.deepInclude(error, { _tag: "SystemError", method: "lock" })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("waits for whoever has it, and can be given up waiting for", () =>
    Effect.gen(function*() {
      const path = `${yield* makeFolder}/lock`
      const first = yield* Scope.make()
      yield* Scope.extend(FileLock.acquire(path), first)
      const second = Effect.scoped(FileLock.acquire(path))
      assert.isTrue(Option.isNone(yield* Effect.timeoutOption(second, "50 millis")))
      const waiting = yield* Effect.fork(second)
      yield* Scope.close(first, Exit.void)
      yield* Fiber.join(waiting)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("lets one in at a time", () =>
    Effect.gen(function*() {
      const path = `${yield* makeFolder}/lock`
      let inside = 0
      const enter = Effect.scoped(Effect.gen(function*() {
        yield* FileLock.acquire(path)
        assert.strictEqual(++inside, 1)
        yield* Effect.yieldNow()
        inside--
      }))
      yield* Effect.replicateEffect(enter, 10, { concurrency: "unbounded", discard: true })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("is free again when the program that held it is killed", () =>
    Effect.gen(function*() {
      const path = `${yield* makeFolder}/lock`
      const other = yield* lockElsewhere(path)
      assert.isTrue(yield* isLocked(path))
      const waiting = yield* Effect.fork(FileLock.acquire(path))
      yield* other.kill("SIGKILL")
      yield* Fiber.join(waiting)
      assert.isTrue(yield* isLocked(path))
    }).pipe(Effect.provide(layer)))

  it.scopedLive("fails where no file can be", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(FileLock.acquire(`${yield* makeFolder}/nowhere/lock`))
      assert.propertyVal(error, "reason", "NotFound")
    }).pipe(Effect.provide(layer)))
})
