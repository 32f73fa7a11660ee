import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { lines, machine, platform } from "./support.ts"

/**
 * Kills the program (`kill -9`) the n-th time that it is about to change a file: when half of what it writes is written,
 * and when a folder is being deleted.
 */
const killed = (n: number): string =>
  `--import data:text/javascript,${
    encodeURIComponent(`
      import fs from "node:fs"
      let left = ${n}
      const die = () => process.kill(process.pid, "SIGKILL")
      for (const name of ["mkdir", "open", "rename", "rm", "write", "ftruncate", "fsync"]) {
        const own = fs[name]
        fs[name] = (...args) => {
          if (left-- !== 0) return own(...args)
          if (name === "write") fs.writeSync(args[0], args[1], 0, args[1].length >> 1)
          if (name !== "rm") return die()
          setImmediate(die)
          own(...args)
        }
      }
    `)
  }`

/** A session with an artifact, and what is asked of it again and again until nothing was killed. */
const setup = Effect.gen(function*() {
  const here = yield* machine(Script.fromTurns([
    Script.answer(Script.call("bash", { command: "seq 1 200000" })),
    Script.answer(Script.say("Counted."))
  ]))
  const { base, fs, home, path, run } = here
  const id = String(lines((yield* run(["--json", "Count"])).stdout)[0]?.["thread_id"])
  const folder = path.join(home, "sessions", id)
  const backup = path.join(base, "backup")
  yield* fs.copy(folder, backup)
  const contents = (folder: string) =>
    Effect.gen(function*() {
      const names = (yield* fs.readDirectory(folder, { recursive: true })).toSorted()
      assert.isTrue(names.some((name) => name.startsWith("artifacts/")), names.join())
      return [names, yield* fs.readFileString(path.join(folder, "log.ndjson"))] as const
    })
  const untilDone = Effect.fnUntraced(function*<E, R>(
    args: ReadonlyArray<string>,
    look: (listed: ReadonlyArray<{ readonly id: string; readonly title: string }>) => Effect.Effect<unknown, E, R>
  ) {
    for (let n = 0; n < 100; n++) {
      const { code, stderr } = yield* run(args, { env: { NODE_OPTIONS: killed(n) } })
      yield* look(JSON.parse((yield* run(["sessions", "list", "--json"])).stdout).sessions)
      if (code !== null) return { code, kills: n, stderr }
    }
    return assert.fail("it is killed again and again")
  })
  return { ...here, id, folder, backup, contents, untilDone }
})

describe("kill -9", () => {
  it.scopedLive("while a session is deleted leaves all of it or nothing", () =>
    Effect.gen(function*() {
      const { backup, contents, folder, fs, home, id, path, untilDone } = yield* setup
      const whole = yield* contents(backup)
      const left = new Set<number>()
      const { code, kills, stderr } = yield* untilDone(["sessions", "delete", id, "--yes"], (listed) =>
        Effect.gen(function*() {
          left.add(listed.length)
          if (listed.length > 0) {
            return assert.deepStrictEqual(yield* contents(folder), whole)
          }
          assert.deepStrictEqual(yield* fs.readDirectory(path.join(home, "sessions")), [])
          yield* fs.copy(backup, folder)
        }))
      assert.strictEqual(code, 0, stderr)
      assert.isAtLeast(kills, 3)
      assert.deepStrictEqual([...left].toSorted(), [0, 1])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("while a session is renamed leaves the old title or the new one, and no damage", () =>
    Effect.gen(function*() {
      const { backup, folder, fs, id, path, run, untilDone } = yield* setup
      const titles = new Set<string>()
      const { code, kills, stderr } = yield* untilDone(
        ["sessions", "rename", id, "New"],
        (listed) =>
          Effect.gen(function*() {
            titles.add(listed[0]?.title ?? "none")
            const again = yield* run(["sessions", "rename", id, "Again"])
            assert.strictEqual(again.code, 0, again.stderr)
            const shown = yield* run(["sessions", "show", id])
            assert.match(shown.stdout, /^Again\n/)
            assert.strictEqual(shown.stderr, "")
            yield* fs.copyFile(path.join(backup, "log.ndjson"), path.join(folder, "log.ndjson"))
          })
      )
      assert.strictEqual(code, 0, stderr)
      assert.isAtLeast(kills, 3)
      assert.sameMembers([...titles], ["Count", "New"])
    }).pipe(Effect.provide(platform)))
})
