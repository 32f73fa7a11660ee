import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layerPlatform } from "../../../src/node/NodePlatform.ts"
import * as Undo from "../../../src/node/session/Undo.ts"
import * as NodeFiles from "../../../src/node/workspace/NodeFiles.ts"
import { Files } from "../../../src/tools/workspace/Files.ts"

const begin = Effect.gen(function*() {
  const base = realpathSync(mkdtempSync(join(tmpdir(), "effixir-test-")))
  mkdirSync(join(base, "sessions", "s"), { recursive: true })
  mkdirSync(join(base, "work"))
  const plain = yield* Files
  const undo = yield* Undo.make(join(base, "sessions"))
  const at = (name: string) => join(base, "work", name)
  return { base, plain, undo, files: undo.around(plain), at, text: (name: string) => readFileSync(at(name), "utf8") }
})

const test = (name: string, body: () => Effect.Effect<void, unknown, Files | Layers>) =>
  it.effect(name, () => body().pipe(Effect.provide(NodeFiles.layer), Effect.provide(layerPlatform)))

type Layers = Effect.Effect.Context<ReturnType<typeof Undo.make>>

describe("taking back", () => {
  test("gives every file its first content of the turn, its mode too", () =>
    Effect.gen(function*() {
      const { at, files, plain, text, undo } = yield* begin
      writeFileSync(at("a"), "first")
      chmodSync(at("a"), 0o750)
      writeFileSync(at("gone"), Buffer.from([0, 255, 1]))
      yield* undo.begin("s", "change")
      yield* files.replace(at("a"), "second", 0o644)
      yield* files.replace(at("a"), "third", 0o644)
      yield* files.remove(at("gone"))
      yield* files.replace(at("new/deep"), "new", 0o644)
      yield* undo.ran
      const report = Option.getOrThrow(yield* undo.takeBack("s", plain))
      assert.deepStrictEqual(report, {
        prompt: "change",
        restored: [at("a"), at("gone")],
        removed: [at("new/deep")],
        kept: [],
        commands: 1
      })
      assert.strictEqual(text("a"), "first")
      assert.strictEqual(statSync(at("a")).mode & 0o777, 0o750)
      assert.deepStrictEqual([...readFileSync(at("gone"))], [0, 255, 1])
      assert.isFalse(existsSync(at("new/deep")))
      assert.isTrue(Option.isNone(yield* undo.takeBack("s", plain)))
    }))

  test("brings back a link that was deleted, or that a file has replaced", () =>
    Effect.gen(function*() {
      const { at, files, plain, undo } = yield* begin
      symlinkSync("nowhere", at("gone"))
      symlinkSync("a", at("replaced"))
      yield* undo.begin("s", "change")
      yield* files.remove(at("gone"))
      yield* files.replace(at("replaced"), "own", undefined)
      const report = Option.getOrThrow(yield* undo.takeBack("s", plain))
      assert.deepStrictEqual(report.restored, [at("gone"), at("replaced")])
      assert.deepStrictEqual([readlinkSync(at("gone")), readlinkSync(at("replaced"))], ["nowhere", "a"])
    }))

  test("goes turn by turn, in another process as well, and passes over turns without a change", () =>
    Effect.gen(function*() {
      const { at, base, files, plain, text, undo } = yield* begin
      for (const content of ["one", "two"]) {
        yield* undo.begin("s", content)
        yield* files.replace(at("a"), content, 0o644)
      }
      yield* undo.begin("s", "nothing")
      const other = yield* Undo.make(join(base, "sessions"))
      assert.strictEqual(Option.getOrThrow(yield* other.takeBack("s", plain)).prompt, "two")
      assert.strictEqual(text("a"), "one")
      assert.strictEqual(Option.getOrThrow(yield* other.takeBack("s", plain)).prompt, "one")
      assert.isFalse(existsSync(at("a")))
    }))

  test("leaves alone what was changed since, and what could not be kept", () =>
    Effect.gen(function*() {
      const { at, files, plain, text, undo } = yield* begin
      writeFileSync(at("a"), "first")
      writeFileSync(at("large"), Buffer.alloc(17 * 1024 * 1024))
      yield* undo.begin("s", "change")
      yield* files.replace(at("a"), "second", 0o644)
      yield* files.replace(at("large"), "small", 0o644)
      yield* files.replace(at("back"), "there and gone", 0o644)
      yield* plain.remove(at("back"))
      writeFileSync(at("a"), "by hand")
      const { kept, removed, restored } = Option.getOrThrow(yield* undo.takeBack("s", plain))
      assert.deepStrictEqual([restored, removed], [[], []])
      assert.deepStrictEqual(kept.map(({ path }) => path), [at("a"), at("large")])
      assert.deepStrictEqual([text("a"), text("large")], ["by hand", "small"])
    }))

  test("knows the last turns only, in files of the owner alone", () =>
    Effect.gen(function*() {
      const { at, base, files, undo } = yield* begin
      for (let n = 0; n < 55; n++) {
        yield* undo.begin("s", String(n))
        yield* files.replace(at("a"), String(n), 0o644)
      }
      const kept = readdirSync(join(base, "sessions", "s", "undo"))
      assert.lengthOf(kept, 50)
      const [some = ""] = kept
      const mode = (...path: ReadonlyArray<string>) =>
        statSync(join(base, "sessions", "s", "undo", some, ...path)).mode & 0o777
      assert.deepStrictEqual([mode(), mode("changes.jsonl"), mode("1")], [0o700, 0o600, 0o600])
    }))

  test("does not bring a session back that was deleted, and lets the change be made all the same", () =>
    Effect.gen(function*() {
      const { at, base, files, text, undo } = yield* begin
      yield* undo.begin("deleted", "change")
      yield* files.replace(at("a"), "made", 0o644)
      assert.strictEqual(text("a"), "made")
      assert.isFalse(existsSync(join(base, "sessions", "deleted")))
    }))
})
