import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as Scripts from "../../src/testing/Script.ts"
import { machine, platform, program } from "./support.ts"

const script: Scripts.Script = () => Scripts.answer(Scripts.say("Done."))

/** Each belongs to a file of the program, and nothing else was left there. */
const assertOfProgram = (names: ReadonlyArray<string>) => {
  assert.include(names, "main.js.compiled")
  const files = readdirSync(dirname(program))
  assert.deepStrictEqual(names.filter((name) => !files.includes(name.replace(/\.compiled$/, ""))), [])
}

describe("the program", () => {
  it("is text of one byte a character, which takes half the memory and is read faster", () => {
    const folder = dirname(program)
    const isWide = (name: string) => /[^\0-\xff]/.test(readFileSync(join(folder, name), "utf8"))
    assert.deepStrictEqual(readdirSync(folder).filter((name) => name.endsWith(".js")).filter(isWide), [])
  })
})

describe("the compiled program", () => {
  it.scopedLive(
    "is kept for its owner by the first start that ends well, once for each use, and then left alone",
    () =>
      Effect.gen(function*() {
        const { fs, home, path, run } = yield* machine(script, { signedIn: false, isCompiled: false, isStarted: true })
        const file = path.join(home, "cache", "main.js.compiled")
        const uses = Effect.map(fs.readFile(file), (content) => {
          const head = Buffer.from(content.subarray(0, content.indexOf(10))).toString()
          return head.split(", ").slice(2)
        })
        assert.strictEqual((yield* run(["--help"])).code, 0)
        assert.isFalse(yield* fs.exists(home), "asking for help makes no home")

        yield* fs.makeDirectory(home)
        assert.notStrictEqual((yield* run(["run", "Go"])).code, 0)
        assert.isFalse(yield* fs.exists(file), "a run that could not begin has compiled little")

        const env = { OPENAI_API_KEY: "sk-test" }
        assert.strictEqual((yield* run(["status"], { env })).code, 0)
        assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
        assert.strictEqual((yield* fs.stat(path.dirname(file))).mode & 0o777, 0o700)
        assert.deepStrictEqual(yield* uses, ["status"])
        assert.strictEqual((yield* run(["--help"], { env })).code, 0)
        assert.deepStrictEqual(yield* uses, ["status", "--help"])

        const before = yield* fs.stat(file)
        assert.strictEqual((yield* run(["status"], { env })).code, 0)
        assert.deepStrictEqual(yield* fs.stat(file), before)
        assertOfProgram(yield* fs.readDirectory(path.dirname(file)))
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("is compiled anew where what was kept is damaged or of another program", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(script, { isCompiled: false, isStarted: true })
      const file = path.join(home, "cache", "main.js.compiled")
      const first = yield* run(["run", "Go"])
      assert.deepStrictEqual([first.code, first.stdout], [0, "Done.\n"])
      const kept = yield* fs.readFile(file)
      const damages: ReadonlyArray<readonly [name: string, content: Uint8Array]> = [
        ["nothing", new Uint8Array()],
        ["half of it", kept.slice(0, kept.length / 2)],
        ["another byte", kept.map((byte, index) => index === kept.length - 1000 ? byte ^ 1 : byte)],
        ["another program", kept.map((byte, index) => index === 0 ? byte ^ 1 : byte)]
      ]
      for (const [name, content] of damages) {
        yield* fs.writeFile(file, content)
        const { code, stderr, stdout } = yield* run(["run", "Go"])
        assert.deepStrictEqual([code, stdout], [0, "Done.\n"], `${name}: ${stderr}`)
        const mended = yield* fs.readFile(file)
        assert.isAbove(mended.length, kept.length / 2, name)
        assert.notDeepEqual(Array.from(mended.subarray(0, 200)), Array.from(content.subarray(0, 200)), name)
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is not kept where that is switched off, or cannot be done", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(script, { isCompiled: false, isStarted: true })
      const env = { NODE_DISABLE_COMPILE_CACHE: "1" }
      assert.strictEqual((yield* run(["run", "Go"], { env })).code, 0)
      const file = path.join(home, "cache", "main.js.compiled")
      assert.isFalse(yield* fs.exists(file))

      yield* fs.makeDirectory(file)
      const { code, stderr, stdout } = yield* run(["run", "Go"])
      assert.deepStrictEqual([code, stdout], [0, "Done.\n"], stderr)
      const names = yield* fs.readDirectory(path.dirname(file))
      assertOfProgram(names.filter((name) => !name.endsWith(".json")))
    }).pipe(Effect.provide(platform)))
})
