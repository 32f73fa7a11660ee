/**
 * Compiles the program once for all tests that start it: their homes are new, and compiling it would be most of the work of
 * each first start, and of each that fails.
 */
import * as Effect from "effect/Effect"
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { crc32 } from "node:zlib"
import * as Script from "../src/testing/Script.ts"
import { machine, platform, program } from "./cli/machine.ts"

const warm = Effect.fnUntraced(
  function*(folder: string) {
    const { home, path, run } = yield* machine(() => Script.answer(Script.say("Hello!")), { isStarted: true })
    const uses = [["run", "Say hello"], ["resume", "--last", "More"], ["status"], ["models"], ["--help"], ["logout"]]
    for (const args of uses) {
      const { code, stderr } = yield* run(args)
      if (code !== 0) return yield* Effect.dieMessage(`${args.join(" ")}: ${stderr}`)
    }
    cpSync(path.join(home, "cache"), folder, { recursive: true, filter: (name) => !name.endsWith(".json") })
  },
  Effect.scoped,
  Effect.provide(platform)
)

export const setup = async () => {
  const source = join(dirname(program), "main.js")
  if (!existsSync(source)) return
  const cache = join(dirname(program), "../../node_modules/.cache/effixir-compiled")
  const folder = join(cache, String(crc32(readFileSync(source))))
  if (!existsSync(folder)) {
    // What was compiled of earlier versions is of no more use.
    rmSync(cache, { recursive: true, force: true })
    await Effect.runPromise(warm(folder))
  }
  process.env["EFFIXIR_TEST_COMPILED"] = folder
}
