import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import * as StateFile from "../../../src/node/files/StateFile.ts"
import { get, layer, lockElsewhere, makeFolder, mode, names, put, startNode } from "../support.ts"

const isWindows = process.platform === "win32"

/** A folder with a link `a/state` to something, and what that is. */
const linked = (to: string, content?: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const base = yield* makeFolder
    for (const folder of ["a", "b"]) yield* fs.makeDirectory(`${base}/${folder}`)
    if (content !== undefined) yield* put(`${base}/b/real`, content)
    yield* fs.symlink("../b/real", `${base}/a/second`)
    yield* fs.symlink(to.replace("BASE", base), `${base}/a/state`)
    return { fs, base, path: `${base}/a/state`, real: `${base}/b/real` }
  })

const locked = <A, E, R>(path: string, effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.zipRight(StateFile.lock(path), effect))

const journal = (replaces: string, text: string): string =>
  JSON.stringify({ replaces: createHash("sha256").update(replaces).digest("hex"), text })

describe.skipIf(isWindows)("a file behind a link", () => {
  const links = [["relative", "../b/real"], ["absolute", "BASE/b/real"], ["a chain", "second"]] as const
  for (const [name, to] of links) {
    for (const content of ["old", undefined]) {
      it.scoped(`is written where it is: ${name}${content === undefined ? ", to nothing yet" : ""}`, () =>
        Effect.gen(function*() {
          const { base, path, real } = yield* linked(to, content)
          yield* StateFile.write(path, "new")
          assert.isTrue(lstatSync(path).isSymbolicLink())
          assert.strictEqual(readlinkSync(path), to.replace("BASE", base))
          assert.isFalse(lstatSync(real).isSymbolicLink())
          assert.strictEqual(yield* get(real), "new")
          assert.strictEqual(yield* StateFile.read(path), "new")
          assert.strictEqual(yield* mode(real), 0o600)
          assert.deepStrictEqual(yield* names(`${base}/b`), ["real"])
          yield* StateFile.remove(path, "none")
          assert.isTrue(lstatSync(path).isSymbolicLink())
          assert.isFalse(existsSync(real))
        }).pipe(Effect.provide(layer)))
    }
  }

  it.scoped("is refused where the link leads into no folder, or round in a circle", () =>
    Effect.gen(function*() {
      const { base, fs, path } = yield* linked("../c/real")
      assert.include(String(yield* Effect.flip(StateFile.write(path, "new"))), "EDANGLING")
      assert.deepStrictEqual((yield* names(base)).toSorted(), ["a", "b"])
      yield* fs.symlink("two", `${base}/a/one`)
      yield* fs.symlink("one", `${base}/a/two`)
      assert.include(String(yield* Effect.flip(StateFile.write(`${base}/a/one`, "new"))), "ELOOP")
      assert.isTrue(lstatSync(path).isSymbolicLink())
    }).pipe(Effect.provide(layer)))
})

/** A file with two names in two folders. */
const named = (content: string) =>
  Effect.gen(function*() {
    const { base, fs, real } = yield* linked("second", content)
    yield* fs.link(real, `${base}/a/other`)
    return { base, fs, real, other: `${base}/a/other` }
  })

describe.skipIf(isWindows)("a file with several names", () => {
  it.scoped("is overwritten, so that all of them have the new text, and nothing else stays", () =>
    Effect.gen(function*() {
      const { base, other, real } = yield* named("old")
      const { ino } = statSync(real)
      for (const text of ["a new and longer one", "short", "€".repeat(5000)]) {
        yield* StateFile.write(other, text)
        assert.deepStrictEqual([yield* get(real), yield* get(other), yield* StateFile.read(real)], [text, text, text])
      }
      assert.deepStrictEqual([statSync(real).ino, statSync(other).ino], [ino, ino])
      assert.deepStrictEqual(yield* names(`${base}/b`), ["real"])
      yield* StateFile.remove(other, "none")
      assert.deepStrictEqual([yield* get(real), yield* get(other)], ["none", "none"])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("has one lock by all of them, and by a link", () =>
    Effect.gen(function*() {
      const { base, other, real } = yield* named("old")
      yield* lockElsewhere(real)
      for (const path of [real, other, `${base}/a/state`]) {
        assert.isTrue(Option.isNone(yield* Effect.timeoutOption(locked(path, Effect.void), "60 millis")), path)
      }
    }).pipe(Effect.provide(layer)))

  it.scopedLive("lets one change it at a time", () =>
    Effect.gen(function*() {
      const { base, other, real } = yield* named("0")
      const count = (path: string) =>
        locked(path, Effect.flatMap(StateFile.read(path), (text) => StateFile.write(path, String(Number(text) + 1))))
      const paths = [real, other, `${base}/a/state`]
      yield* Effect.forEach(paths, (path) => Effect.repeatN(count(path), 9), { concurrency: 3 })
      assert.strictEqual(yield* get(other), "30")
    }).pipe(Effect.provide(layer)))
})

/** The file operations of an overwriting. From the one with this number on, none is done: it stops in its middle. */
const stopAt = (first: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const some = await open(process.execPath)
      await some.close()
      const handles: FileHandle = Object.getPrototypeOf(some)
      const { sync, truncate, write } = handles
      const writeAt: (bytes: Buffer, from: number, size: number, position: number) => Promise<unknown> = write
      const stopped = new Promise<never>(() => {})
      let done = 0
      let isStopped = false
      const isOver = (): boolean => {
        done++
        return isStopped = isStopped || done >= first
      }
      handles.sync = function() {
        return isOver() ? stopped : sync.call(this)
      }
      handles.truncate = function(length) {
        return isOver() ? stopped : truncate.call(this, length)
      }
      handles.write = async function(this: FileHandle, ...[bytes, offset, size, position]: Parameters<typeof writeAt>) {
        const hasBegun = !isStopped
        if (!isOver()) return await writeAt.call(this, bytes, offset, size, position)
        if (hasBegun) await writeAt.call(this, bytes, offset, Math.floor(size / 2), position)
        return await stopped
      } as FileHandle["write"]
      return { isStopped: () => isStopped, restore: () => Object.assign(handles, { sync, truncate, write }) }
    }),
    ({ restore }) => Effect.sync(restore)
  )

const sizes = [
  ["a longer one", "old", "the new text"],
  ["a shorter one", "the old text", "new"],
  [
    "nothing",
    "old",
    ""
  ],
  ["something after nothing", "", "new"],
  ["text of many bytes", "öld", "€".repeat(9000)]
] as const

describe.skipIf(isWindows)("an overwriting that was cut off", () => {
  for (const [what, old, next] of sizes) {
    it.scopedLive(
      `at any step is read by each name as not begun or done, and then is: ${what}`,
      () =>
        Effect.gen(function*() {
          const seen = new Set<string>()
          const stopsAt = Effect.fnUntraced(function*(step: number) {
            const { base, other, real } = yield* named(old)
            const isWhole = yield* Effect.scoped(Effect.gen(function*() {
              const { isStopped } = yield* stopAt(step)
              const writing = yield* Effect.fork(StateFile.write(real, next))
              const isDone = Effect.map(Fiber.poll(writing), Option.isSome)
              const isOver = yield* Effect.repeat(Effect.delay(isDone, "5 millis"), {
                until: (is) => is || isStopped()
              })
              if (!isOver) yield* Effect.sleep("20 millis")
              yield* Fiber.interrupt(writing)
              return isOver
            }))
            const now = yield* StateFile.read(other)
            assert.include([old, next], now, `step ${step}`)
            seen.add(now)
            assert.strictEqual(yield* StateFile.read(real), now)
            yield* locked(other, Effect.void)
            assert.deepStrictEqual([yield* get(other), yield* get(real)], [now, now], `step ${step}`)
            assert.deepStrictEqual(yield* names(`${base}/b`), ["real"])
            return !isWhole
          })
          let step = 1
          while (yield* stopsAt(step)) step++
          assert.isAbove(step, 8)
          assert.deepStrictEqual(seen, new Set([old, next]))
        }).pipe(Effect.provide(layer))
    )
  }

  it.scopedLive("by kill -9 loses nothing, whenever that comes", () =>
    Effect.gen(function*() {
      const { real } = yield* named(text(0))
      let seen = 0
      for (let kill = 0; kill < 8; kill++) {
        const child = yield* startNode(writing, real, String(seen + 1))
        yield* Effect.repeat(StateFile.read(real), { until: (now) => numberOf(now) > seen })
        yield* Effect.sleep(kill * 7)
        yield* child.kill("SIGKILL")
        const now = yield* StateFile.read(real)
        yield* locked(real, Effect.void)
        assert.strictEqual(readFileSync(real, "utf8"), now)
        const n = numberOf(now)
        assert.strictEqual(now, text(n))
        assert.isAbove(n, seen)
        seen = n
      }
    }).pipe(Effect.provide(layer)))
})

describe.skipIf(isWindows)("a text that could not be written in place", () => {
  it.scoped("is read from beside the file, and comes there with the next lock", () =>
    Effect.gen(function*() {
      const { base, other, real } = yield* named("old text")
      yield* put(`${real}.next`, journal("old text", "new and whole"))
      assert.strictEqual(yield* StateFile.read(real), "new and whole")
      yield* locked(real, Effect.void)
      assert.deepStrictEqual([yield* get(real), yield* get(other)], ["new and whole", "new and whole"])
      assert.notInclude(yield* names(`${base}/b`), "real.next")
    }).pipe(Effect.provide(layer)))

  it.scoped("counts no more when something else has come there", () =>
    Effect.gen(function*() {
      const { real } = yield* named("newer")
      yield* put(`${real}.next`, journal("old text", "new and whole"))
      yield* locked(real, Effect.void)
      assert.strictEqual(yield* get(real), "newer")
      assert.isFalse(existsSync(`${real}.next`))
    }).pipe(Effect.provide(layer)))
})

const numberOf = (text: string): number => Number(text.slice(0, text.indexOf(" ")))

const text = (n: number): string => `${n} ${String(n % 10).repeat(9000 + (n % 7) * 1000)}`

/** Another program that overwrites a file again and again, each time with the next text. */
const writing = `
  import * as NodeContext from "@effect/platform-node/NodeContext"
  import * as Effect from "effect/Effect"
  import * as StateFile from "./src/node/files/StateFile.ts"

  const text = ${text.toString()}
  const [path, first] = process.argv.slice(2)
  const write = (n) =>
    Effect.scoped(Effect.zipRight(StateFile.lock(path), StateFile.write(path, text(n)))).pipe(
      Effect.zipRight(Effect.suspend(() => write(n + 1)))
    )
  console.log("ready")
  await Effect.runPromise(Effect.provide(write(Number(first)), NodeContext.layer))
`

describe.skipIf(isWindows)("a file that is not whole yet", () => {
  it.scoped("is made with the folders that are missing", () =>
    Effect.gen(function*() {
      const path = `${yield* makeFolder}/x/y/state`
      yield* StateFile.write(path, "new")
      assert.strictEqual(yield* get(path), "new")
      assert.strictEqual(yield* mode(path.replace("/state", "")), 0o700)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("is waited for by readers as long as it is marked", () =>
    Effect.gen(function*() {
      const { real } = yield* named("\u0001")
      const reading = yield* Effect.fork(StateFile.read(real))
      yield* Effect.sleep("50 millis")
      // At no moment is it empty: that would be read as what it holds.
      yield* put(`${real}.whole`, "whole")
      yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.rename(`${real}.whole`, real))
      assert.strictEqual(yield* Fiber.join(reading), "whole")
    }).pipe(Effect.provide(layer)))
})
