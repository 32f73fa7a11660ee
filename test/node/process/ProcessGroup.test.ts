import { assert, describe, it, vi } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import * as ProcessGroup from "../../../src/node/process/ProcessGroup.ts"
import { CommandRunner, type Options } from "../../../src/tools/command/CommandRunner.ts"
import { isAlive } from "../../tools/support.ts"
import { get, layer as platform, makeFolder } from "../support.ts"

const layer = Layer.merge(ProcessGroup.layer, platform)

const start = (command: string, options?: Options) =>
  Effect.gen(function*() {
    const runner = yield* CommandRunner
    return yield* runner.start(command, yield* makeFolder, options)
  })

const textOf = (command: string, options?: Options) =>
  Effect.scoped(
    Effect.flatMap(start(command, options), ({ output }) => output.pipe(Stream.decodeText(), Stream.mkString))
  )

const hasSetsid = existsSync("/usr/bin/setsid")

describe("ProcessGroup", () => {
  it.scopedLive("gives the output as it comes, and then the end", () =>
    Effect.gen(function*() {
      const running = yield* start("echo one; echo two >&2; exit 4")
      assert.strictEqual(yield* running.output.pipe(Stream.decodeText(), Stream.mkString), "one\ntwo\n")
      assert.deepStrictEqual(yield* running.ending, { _tag: "Exited", code: 4, background: [] })
      assert.deepStrictEqual(yield* running.ending, { _tag: "Exited", code: 4, background: [] })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("tells of a signal", () =>
    Effect.gen(function*() {
      const running = yield* start("kill -TERM $$")
      assert.deepStrictEqual(yield* running.ending, { _tag: "Killed", signal: "SIGTERM", background: [] })
    }).pipe(Effect.provide(layer)))

  it.scopedLive(
    "ends the whole group with the scope, even one that is deaf and whose output nobody reads",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const running = yield* Scope.extend(start("trap '' TERM; yes >&2 & echo $$; echo $!; wait"), scope)
        const lines = running.output.pipe(Stream.decodeText(), Stream.splitLines, Stream.filter((line) => line !== "y"))
        const pids = Array.from(yield* lines.pipe(Stream.take(2), Stream.runCollect), Number)
        assert.isTrue(pids.every(isAlive))
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(pids.some(isAlive))
      }).pipe(Effect.provide(layer))
  )

  it.scopedLive("says why a command cannot be started", () =>
    Effect.gen(function*() {
      const runner = yield* CommandRunner
      const error = yield* Effect.flip(runner.start("true", `${yield* makeFolder}/nowhere`))
      assert.strictEqual(error._tag, "CommandNotStarted")
      assert.match(error.message, /^The command could not be started: .+/)
    }).pipe(Effect.provide(layer)))

  it.live("runs it in the folder by its real path, which it also tells", () =>
    Effect.gen(function*() {
      const runner = yield* CommandRunner
      const folder = yield* makeFolder
      const { output } = yield* runner.start("pwd; pwd -P; echo $PWD; env | grep ^PWD=; sh -c pwd", folder)
      const lines = (yield* output.pipe(Stream.decodeText(), Stream.mkString)).split("\n")
      assert.deepStrictEqual(lines, [folder, folder, folder, `PWD=${folder}`, folder, ""])
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("keeps secrets of ours from a command, and tells it who runs it", () =>
    Effect.gen(function*() {
      const secrets = [
        "OPENAI_API_KEY",
        "OPENAI_ADMIN_KEY",
        "CODEX_API_KEY",
        "CODEX_ACCESS_TOKEN",
        "CODEX_AUTH",
        "AZURE_OPENAI_API_KEY",
        "EFFIXIR_REFRESH_TOKEN",
        "effixir_client_secret"
      ]
      for (const name of secrets) vi.stubEnv(name, "not-for-you")
      vi.stubEnv("MY_COPY_OF_IT", "not-for-you")
      vi.stubEnv("GITHUB_TOKEN", "for-commands")
      vi.stubEnv("OPENAI_BASE_URL", "http://127.0.0.1:1")
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllEnvs()))
      const env = (yield* textOf("env", { env: { EFFIXIR_SESSION_ID: "session-1" } })).split("\n")
      assert.deepStrictEqual(env.filter((line) => line.includes("not-for-you")), [])
      assert.includeMembers(env, [
        "GITHUB_TOKEN=for-commands",
        "OPENAI_BASE_URL=http://127.0.0.1:1",
        "EFFIXIR_SESSION_ID=session-1",
        "AI_AGENT=effixir"
      ])
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("takes a gigabyte in bounded memory", () =>
    Effect.gen(function*() {
      const before = process.memoryUsage().rss
      const running = yield* start("head -c 1000000000 /dev/zero")
      const bytes = yield* Stream.runFold(running.output, 0, (sum, chunk) => sum + chunk.length)
      assert.strictEqual(bytes, 1_000_000_000)
      assert.isBelow(process.memoryUsage().rss - before, 150 * 1024 * 1024)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  describe.runIf(process.platform === "linux" && hasSetsid)("with daemons", () => {
    it.scopedLive("reports those that a command leaves behind, and lets them run", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const running = yield* Scope.extend(start("setsid sleep 100 & sleep 0.1; sleep 200 & echo done"), scope)
        assert.strictEqual(yield* running.output.pipe(Stream.decodeText(), Stream.mkString), "done\n")
        const { background } = yield* running.ending
        assert.deepStrictEqual(background.map(({ command }) => command), ["sleep 100"])
        yield* Scope.close(scope, Exit.void)
        const pids = background.map(({ pid }) => pid)
        assert.isTrue(pids.every(isAlive))
        pids.forEach((pid) => process.kill(pid))
      }).pipe(Effect.provide(layer)))

    it.scopedLive("finds one that leaves just when the command ends", () =>
      Effect.gen(function*() {
        const running = yield* start("setsid sleep 100 &")
        const { background } = yield* running.ending
        assert.deepStrictEqual(background.map(({ command }) => command), ["sleep 100"])
        background.forEach(({ pid }) => process.kill(pid))
      }).pipe(Effect.provide(layer)))

    it.scopedLive("reports who has become a daemon, and not who was one on the way there", () =>
      Effect.gen(function*() {
        const command = "setsid sh -c 'setsid sh -c \"sleep 100 & sleep 0.05\" & sleep 0.08' & sleep 0.02"
        const running = yield* start(command)
        const { background } = yield* running.ending
        assert.deepStrictEqual(background.map(({ command }) => command), ["sleep 100"])
        assert.isTrue(background.every(({ pid }) => isAlive(pid)))
        background.forEach(({ pid }) => process.kill(pid))
      }).pipe(Effect.provide(layer)))

    it.scopedLive("reports nobody who has ended while the output was waited for", () =>
      Effect.gen(function*() {
        // Alone for long enough to be taken for settled, and with a friend who keeps the output going for longer.
        const command =
          "setsid sleep 0.4 & setsid sh -c 'for n in $(seq 40); do echo tick; sleep 0.02; done; sleep 100' &"
        const running = yield* start(command)
        yield* Stream.runDrain(running.output)
        const { background } = yield* running.ending
        const alive = background.filter(({ pid }) => isAlive(pid))
        background.forEach(({ pid }) => isAlive(pid) && process.kill(pid))
        assert.deepStrictEqual(background, alive)
        assert.notInclude(background.map(({ command }) => command), "sleep 0.4")
      }).pipe(Effect.provide(layer)))

    it.scopedLive("stops what has a group, but no session of its own", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const running = yield* Scope.extend(start("set -m; sleep 100 & echo $!"), scope)
        const pid = Number(yield* running.output.pipe(Stream.decodeText(), Stream.mkString))
        assert.deepStrictEqual((yield* running.ending).background, [])
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(isAlive(pid))
      }).pipe(Effect.provide(layer)))

    it.scopedLive("finds those that have dropped their environment: reports a daemon, and stops the others", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const command = "env -i setsid sleep 100 & (setsid env -i sh -c 'sleep 101 &' &); " +
          "set -m; env -i sleep 102 & echo $!; sleep 0.2"
        const running = yield* Scope.extend(start(command), scope)
        const stopped = Number(yield* running.output.pipe(Stream.decodeText(), Stream.mkString))
        const { background } = yield* running.ending
        assert.sameMembers(background.map(({ command }) => command), ["sleep 100", "sleep 101"])
        assert.isTrue(isAlive(stopped))
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(isAlive(stopped))
        const pids = background.map(({ pid }) => pid)
        assert.isTrue(pids.every(isAlive))
        pids.forEach((pid) => process.kill(pid))
      }).pipe(Effect.provide(layer)))

    /** What a command starts that clings to life, each in a way of its own. Its number goes to a file. */
    const clinging = {
      "in a session of its own": "setsid sh -c 'echo $$ > a; exec sleep 100' &",
      "deaf": "(setsid sh -c \"trap '' TERM; echo \\$\\$ > b; while :; do sleep 1; done\" &)",
      "of one that is in a session of its own": "(setsid sh -c \"(setsid sh -c 'echo \\$\\$ > c; sleep 100; :' &)\" &)",
      "without an environment": "env -i setsid sh -c 'echo $$ > d; exec sleep 100' &",
      "without an environment, a parent and a session that anybody knows":
        "(setsid env -i sh -c \"(setsid sh -c 'echo \\$\\$ > e; sleep 100; :' &)\" &)",
      "without an environment, and with limits of its own":
        "setsid env -i bash -c 'ulimit -S -x unlimited; echo $$ > f; exec sleep 100' &"
    }
    const files = ["a", "b", "c", "d", "e", "f"]

    for (const exit of [Exit.void, Exit.interrupt(FiberId.none)]) {
      it.scopedLive(`stops them with a command that has not ended (${exit._tag})`, () =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const folder = yield* makeFolder
          const runner = yield* CommandRunner
          const command = [...Object.values(clinging), "wait; sleep 100"].join("\n")
          yield* Scope.extend(runner.start(command, folder), scope)
          const pids = yield* Effect.forEach(files, (name) =>
            get(`${folder}/${name}`).pipe(
              Effect.filterOrFail((text) => text.endsWith("\n")),
              Effect.retry({ schedule: Schedule.spaced("10 millis"), times: 6000 }),
              Effect.map(Number)
            ))
          assert.isTrue(pids.every(isAlive))
          yield* Scope.close(scope, exit)
          const left = pids.filter(isAlive)
          left.forEach((pid) => process.kill(pid, "SIGKILL"))
          assert.deepStrictEqual(left.map((pid) => Object.keys(clinging)[pids.indexOf(pid)]), [])
        }).pipe(Effect.provide(layer)))
    }

    it.scopedLive("does not wait for one that goes on writing", () =>
      Effect.gen(function*() {
        const running = yield* start("setsid sh -c 'while echo tick; do sleep 0.02; done' & sleep 0.1")
        const [duration] = yield* Effect.timed(Stream.runDrain(running.output))
        assert.isBelow(Duration.toSeconds(duration), 60)
        const { background } = yield* running.ending
        const writer = background.find(({ command }) => command.startsWith("sh -c while"))
        process.kill(writer?.pid ?? assert.fail("not found"))
      }).pipe(Effect.provide(layer)))
  })
})
