/**
 * Compiles the program once for all tests that start it: their homes are new, and compiling it would be most of the work of
 * each first start, and of each that fails.
 */
import * as Effect from "effect/Effect"
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { crc32 } from "node:zlib"
import * as Script from "../src/testing/Script.ts"
import { type How, machine, platform, program } from "./cli/machine.ts"
import { isThere, terminal } from "./cli/pseudoTerminal.ts"

const onTerminal: How = { through: terminal(80, 24), env: { TERM: "xterm" } }

/** Each use of the program calls functions of its own, and is told apart by its first word. */
const uses: ReadonlyArray<readonly [args: ReadonlyArray<string>, how?: How]> = [
  [["run", "Say hello"]],
  [["resume", "--last", "More"]],
  [["status"]],
  [["models"]],
  [["sessions", "list"]],
  [["config", "list"]],
  [["doctor"]],
  [["--help"]],
  ...isThere ? [[["run", "Hello?"], onTerminal]] as const : [],
  [["login", "--with-api-key"], { stdin: "sk-test" }],
  [["logout"]]
]

const warm = Effect.fnUntraced(
  function*(folder: string) {
    const { home, path, run, start } = yield* machine(() => Script.answer(Script.say("Hello!")), { isStarted: true })
    for (const [args, how] of uses) {
      const { code, stderr, stdout } = yield* run(args, how)
      if (code !== 0) return yield* Effect.dieMessage(`${args.join(" ")}: ${code} ${stdout} ${stderr}`)
    }
    if (isThere) {
      const { output, result, type } = yield* start(["chat"], { ...onTerminal, stdin: null })
      // What is typed before the program takes the keys may be lost.
      yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => output().stdout.includes("/help shows") })
      yield* type("\u0004")
      yield* result
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
