/**
 * Compiles the program once for all tests that start it: their homes are new, and compiling it would be most of the work of
 * each first start, and of each that fails.
 */
import * as Effect from "effect/Effect"
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { crc32 } from "node:zlib"
import * as Script from "../src/testing/Script.ts"
import { machine, platform, program } from "./cli/machine.ts"

const warm = Effect.gen(function*() {
  const { home, path, run } = yield* machine(() => Script.answer(Script.say("Hello!")))
  const uses = [["run", "Say hello"], ["resume", "--last", "More"], ["status"], ["models"], ["--help"], ["logout"]]
  for (const args of uses) {
    const { code, stderr } = yield* run(args)
    if (code !== 0) return yield* Effect.dieMessage(`${args.join(" ")}: ${stderr}`)
  }
  const beside = mkdtempSync(join(tmpdir(), "effixir-test-compiled-"))
  cpSync(path.join(home, "cache"), beside, { recursive: true, filter: (name) => !name.endsWith(".json") })
  return beside
}).pipe(Effect.scoped, Effect.provide(platform))

export const setup = async () => {
  const source = join(dirname(program), "main.js")
  if (!existsSync(source)) return
  const folder = join(tmpdir(), `effixir-test-compiled-${crc32(readFileSync(source))}`)
  if (!existsSync(folder)) {
    const made = await Effect.runPromise(warm)
    try {
      renameSync(made, folder)
    } catch {
      // Another run of the tests was first.
      rmSync(made, { recursive: true })
    }
  }
  process.env["EFFIXIR_TEST_COMPILED"] = folder
}
