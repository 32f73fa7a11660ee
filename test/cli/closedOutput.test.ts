import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { eventually, isAlive, lines, machine, platform, program } from "./support.ts"

/** The second call runs for long, and is begun with a line that nobody reads any more. */
const script: Script.Script = ({ input }) =>
  input.some(isFunctionCallOutput)
    ? Script.answer(Script.call("bash", { command: "echo $$ > pid; sleep 300" }, "c2"))
    : Script.answer(Script.call("bash", { command: "until [ -e left ]; do sleep 0.05; done" }, "c1"))

/** A shell with the program and what it is asked in `"$@"`. */
const shell = (text: string) => ["/bin/bash", "-c", text, "sh"]

const lastEvent = (home: string) => {
  const [id = ""] = readdirSync(`${home}/sessions`)
  return lines(readFileSync(`${home}/sessions/${id}/log.ndjson`, "utf8")).at(-1)?.["event"]
}

describe("an output that nobody reads any more", () => {
  for (
    const [name, through, args] of [
      ["JSON lines", shell(`{ "$@" --json; echo $? > code; } | { head -1; touch left; }`), ["Say hello"]],
      ["a terminal's text through a pipe", shell(`{ "$@" 2>&1; echo $? > code; } | { head -1; touch left; }`), [
        "Say hello"
      ]]
    ] as const
  ) {
    it.scopedLive(`stops the turn and its tools: ${name}`, () =>
      Effect.gen(function*() {
        const { file, fs, home, run } = yield* machine(script)
        const { stderr, stdout } = yield* run(args, { through })
        assert.lengthOf(stdout.trim().split("\n"), 1)
        assert.strictEqual(stderr, "")
        assert.strictEqual(yield* fs.readFileString(file("code")), "141\n")
        assert.deepInclude(lastEvent(home), { _tag: "TurnInterrupted", reason: "output closed" })
        if (yield* fs.exists(file("pid"))) {
          const pid = Number(yield* fs.readFileString(file("pid")))
          yield* eventually("the tool is gone", () => !isAlive(pid))
        }
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive("is told by the code of a turn that has completed, and changes nothing else about it", () =>
    Effect.gen(function*() {
      const { file, fs, home, run } = yield* machine(() => Script.answer(Script.say("Hello!")))
      for (const form of [[], ["--output", "json"]]) {
        const { stderr } = yield* run(["Say hello", ...form], {
          through: shell(`{ "$@"; echo $? > code; } | true`)
        })
        assert.strictEqual(yield* fs.readFileString(file("code")), "141\n")
        assert.notInclude(stderr, "effixir: ")
        assert.deepInclude(lastEvent(home), { _tag: "TurnCompleted" })
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is told by the code of other commands", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(() => Script.answer(Script.say("Hello!")))
      for (const args of [["--help"], ["sessions", "list", "--json"]]) {
        yield* run(args, { through: shell(`{ "$@"; echo $? > code; } | true`) })
        assert.strictEqual(yield* fs.readFileString(file("code")), "141\n")
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("may have been closed from the beginning, one or the other or all", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(() => Script.answer(Script.say("Hello!")))
      for (const closed of [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"]) {
        for (const args of [["Say hello"], ["--json", "Say hello"]]) {
          const { code, stderr, stdout } = yield* run(args, { through: shell(`exec "$@" ${closed}`) })
          assert.strictEqual(code, 0, `${closed} ${stderr}`)
          assert.strictEqual(stdout !== "", closed === "2>&-", closed)
        }
      }
    }).pipe(Effect.provide(platform)))
})

/** Sends a signal when the line that ends the turn is written. */
const hook = (program: string) => `
if (process.argv[1] === ${JSON.stringify(program)}) {
  const { write } = process.stdout
  process.stdout.write = function (text, ...rest) {
    const isEnd = String(text).includes('"type":"turn.completed"')
    if (isEnd) process.kill(process.pid, process.env.SIGNAL)
    const written = write.call(this, text, ...rest)
    return written
  }
}
`

describe("a signal after the end was told", () => {
  it.scopedLive("does not change the code", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(() => Script.answer(Script.say("Hello!")))
      yield* fs.writeFileString(file("hook.cjs"), hook(program))
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
        const { code, stdout } = yield* run(["--json", "Say hello"], {
          env: { NODE_OPTIONS: `--require ${file("hook.cjs")}`, SIGNAL: signal }
        })
        const ends = lines(stdout).filter(({ type }) => /^turn\.(?!started)/.test(type))
        assert.deepStrictEqual([code, ...ends.map(({ type }) => type)], [0, "turn.completed"], signal)
      }
    }).pipe(Effect.provide(platform)))
})
