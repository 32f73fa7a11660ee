import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, eventually, lines, machine, platform } from "./support.ts"

/** A command that waits for a file beside the workspace, and a change of the workspace after it; then an answer. */
const script: Script.Script = ({ input }) =>
  input.some(isFunctionCallOutput)
    ? Script.answer(Script.say("All done."))
    : Script.answer(
      Script.call("bash", { command: "touch ~/begun; until [ -e ~/go ]; do sleep 0.05; done; echo went" }, "c1"),
      Script.call("write", { path: "deep/a.txt", content: "made anew" }, "c2")
    )

interface Places {
  readonly home: string
  readonly folder: string
}

/** Runs a turn in the middle of which something is done to its folders. */
const runInto = Effect.fnUntraced(function*(
  vanish: (places: Places) => void,
  { args = [], signal }: { readonly args?: ReadonlyArray<string>; readonly signal?: NodeJS.Signals } = {}
) {
  const places = yield* machine(script)
  const { base, start } = places
  const { child, result } = yield* start(["run", ...args, "Do something"])
  yield* eventually("the command runs", () => existsSync(join(base, "begun")))
  vanish(places)
  if (signal === undefined) writeFileSync(join(base, "go"), "")
  else child.kill(signal)
  return { ...places, ...(yield* result) }
})

const sessionOf = (home: string): string => join(home, "sessions", readdirSync(join(home, "sessions"))[0] ?? "none")
const isEnd = ({ type }: { readonly type: string }) => /^turn\.(?!started)/.test(type)
const count = (text: string, part: string): number => text.split(part).length - 1

/** A file that the program makes meanwhile would stay, and with it the folder. */
const removeAtOnce = (folder: string) => {
  renameSync(folder, `${folder}-gone`)
  rmSync(`${folder}-gone`, { recursive: true, maxRetries: 20 })
}

/** What becomes of the log: each leaves nothing behind where it was. */
const losses: ReadonlyArray<readonly [name: string, vanish: (places: Places) => void]> = [
  ["the log", ({ home }) => rmSync(join(sessionOf(home), "log.ndjson"))],
  ["the session's folder", ({ home }) => rmSync(sessionOf(home), { recursive: true })],
  ["the folder of all sessions, which is moved", ({ home }) => renameSync(join(home, "sessions"), `${home}-old`)],
  ["the home", ({ home }) => removeAtOnce(home)],
  ["the log, in whose place is another file", ({ home }) => {
    rmSync(join(sessionOf(home), "log.ndjson"))
    writeFileSync(join(sessionOf(home), "log.ndjson"), "")
  }]
]

describe("a session that vanishes in the middle of a turn", () => {
  for (const [name, vanish] of losses) {
    it.scopedLive(`is told, and does not come back in parts: ${name}`, () =>
      Effect.gen(function*() {
        const { code, file, home, run, simulator, stderr, stdout } = yield* runInto(vanish, { args: ["--json"] })
        assert.strictEqual(code, 1, stderr)
        assert.deepStrictEqual(lines(stdout).filter(isEnd).map(({ type }) => type), ["turn.failed"])
        assert.deepNestedInclude(lines(stdout).at(-1), { "error.kind": "SessionIo", exit_code: 1 })
        assertSentence(stderr, "was deleted or moved away", "is not kept")
        assert.strictEqual(count(stderr, "effixir: "), 1)
        // Nothing more is done of which nobody would know.
        assert.isFalse(existsSync(file("deep")))
        assert.lengthOf((yield* simulator.requests).filter(({ path }) => path.endsWith("/responses")), 1)
        const left = existsSync(join(home, "sessions")) ? readdirSync(join(home, "sessions"), { recursive: true }) : []
        assert.isEmpty(left.filter((path) => !/^[\w-]+$/.test(String(path)) && !String(path).endsWith("log.ndjson")))
        const [started] = lines(stdout)
        assert.strictEqual((yield* run(["resume", String(started?.["thread_id"])])).code, 2)
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive("ends with one line also when it is stopped then", () =>
    Effect.gen(function*() {
      const vanish = ({ home }: Places) => removeAtOnce(home)
      const { code, stderr, stdout } = yield* runInto(vanish, { args: ["--json"], signal: "SIGINT" })
      assert.strictEqual(code, 130, stderr)
      assert.deepStrictEqual(lines(stdout).filter(isEnd).map(({ type }) => type), ["turn.interrupted"])
    }).pipe(Effect.provide(platform)))
})

describe("a workspace that vanishes in the middle of a turn", () => {
  for (
    const [name, vanish] of [
      ["deleted", ({ folder }: Places) => rmSync(folder, { recursive: true })],
      ["moved", ({ folder }: Places) => renameSync(folder, `${folder}-old`)],
      ["replaced by a file", ({ folder }: Places) => {
        rmSync(folder, { recursive: true })
        writeFileSync(folder, "mine")
      }]
    ] as const
  ) {
    it.scopedLive(
      `is told, and not made again; when it is back the turn goes on: ${name}`,
      () =>
        Effect.gen(function*() {
          const { base, code, folder, run, simulator, stderr, stdout } = yield* runInto(vanish, { args: ["--json"] })
          assert.strictEqual(code, 1, stderr)
          assert.deepStrictEqual(lines(stdout).filter(isEnd).map(({ type }) => type), ["turn.failed"])
          assert.deepNestedInclude(lines(stdout).at(-1), { "error.kind": "WorkspaceGone", exit_code: 1 })
          assertSentence(stderr, folder, "was deleted, moved away or unmounted")
          assert.strictEqual(count(stderr, "effixir: "), 1)
          assert.isFalse(existsSync(join(folder, "deep")))
          assert.include(stdout, "went")
          assert.lengthOf((yield* simulator.requests).filter(({ path }) => path.endsWith("/responses")), 1)

          rmSync(folder, { force: true })
          mkdirSync(folder)
          const id = String(lines(stdout)[0]?.["thread_id"])
          const resumed = yield* run(["resume", id, "-C", base])
          assert.deepStrictEqual([resumed.code, resumed.stdout], [0, "All done.\n"], resumed.stderr)
        }).pipe(Effect.provide(platform))
    )
  }

  it.scopedLive(
    "is told where it is gone before the start, and holds up nothing that does not need it",
    () =>
      Effect.gen(function*() {
        const { run } = yield* machine(script)
        const through = ["sh", "-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"", "sh"]
        const { code, stderr, stdout } = yield* run(["Do something"], { through })
        assert.deepStrictEqual([code, stdout], [2, ""])
        assertSentence(stderr, "effixir: The folder that this was started in is gone")
        assert.strictEqual((yield* run(["sessions", "list", "--all"], { through })).code, 0)
        const status = yield* run(["status"], { through })
        assert.match(status.stdout, /^folder +is gone: it was deleted or moved away; go to another one/m)
        assert.notInclude(status.stdout, "AGENTS")
        const json = JSON.parse((yield* run(["status", "--json"], { through })).stdout)
        assert.deepStrictEqual(json.instruction_problems.map(({ path }: { readonly path: string }) => path), ["."])
      }).pipe(Effect.provide(platform))
  )
})
