import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { existsSync } from "node:fs"
import * as Artifacts from "../../../src/tools/command/Artifacts.ts"
import * as BoundedOutput from "../../../src/tools/command/BoundedOutput.ts"
import * as ToolExecutor from "../../../src/tools/ToolExecutor.ts"
import { at, call, context, fail, get, isAlive, layer, layerWith, names, put, succeed } from "../support.ts"

const bash = (command: string, more: { readonly workdir?: string; readonly timeout_ms?: number } = {}) =>
  succeed("bash", { command, ...more })

/** The numbers that a command has told of its processes. */
const pids = (text: string) => Array.from(text.matchAll(/^pid (\d+)$/gm), ([, pid]) => Number(pid))

const locationIn = (output: string): string => / is in (.*): look into it/.exec(output)?.[1] ?? assert.fail(output)

const full = new PlatformError.SystemError({
  reason: "Unknown",
  module: "FileSystem",
  method: "mkdir",
  description: "ENOSPC: no space left on device"
})

describe("bash", () => {
  it.live("gives the output and the exit code", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* bash("echo hello"), "hello")
      assert.strictEqual(yield* bash("printf 'a\\n\\n'"), "a\n")
      assert.strictEqual(yield* bash("true"), "[No output, exit code 0.]")
      assert.strictEqual(yield* bash("echo no; exit 3"), "no\n[Exit code 3.]")
      assert.strictEqual(yield* bash("kill -KILL $$"), "[Killed by SIGKILL.]")
      assert.match(yield* bash("no-such-command-here"), /not found\n\[Exit code 127\.\]$/)
      assert.match(yield* bash("if"), /syntax error[^]*\n\[Exit code \d+\.\]$/)
    }).pipe(Effect.provide(layer)))

  it.live("keeps stdout and stderr in order", () =>
    Effect.gen(function*() {
      const output = yield* bash("for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done")
      assert.strictEqual(output, [1, 2, 3, 4, 5].map((n) => `out ${n}\nerr ${n}`).join("\n"))
    }).pipe(Effect.provide(layer)))

  it.live("takes quotes, lines and other letters as they are", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* bash("cat <<'END'\n$HOME \"naïve\" €👋 `x`\nEND"), "$HOME \"naïve\" €👋 `x`")
    }).pipe(Effect.provide(layer)))

  it.live("has nothing on its stdin", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* bash("cat; read line || echo end"), "end")
    }).pipe(Effect.provide(layer)))

  it.live("runs in the workspace, or in a folder of it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* bash("pwd -P"), yield* at("").pipe(Effect.map((path) => path.slice(0, -1))))
      assert.strictEqual(yield* bash("pwd -P", { workdir: "inside" }), yield* at("inside"))
      assert.strictEqual(yield* bash("pwd -P", { workdir: "link-in" }), yield* at("inside"))
    }).pipe(Effect.provide(layer)))

  it.live("starts nothing outside the workspace, or where there is no folder", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "")
      const refused = (workdir: string) => fail("bash", { command: "touch made", workdir })
      assert.match(yield* refused(".."), /^\.\. is outside the workspace/)
      assert.match(yield* refused("/"), /^\/ is outside the workspace/)
      assert.match(yield* refused("link-out"), /^link-out is outside the workspace/)
      assert.match(yield* refused("nowhere"), /^nowhere: no such file or folder$/)
      assert.match(yield* refused("a.txt"), /^a\.txt is no folder$/)
      assert.deepStrictEqual(yield* names("../outside"), ["secret.txt"])
    }).pipe(Effect.provide(layer)))

  describe("with a patch", () => {
    const patch = (path: string) =>
      `*** Begin Patch\n*** Update File: ${path}\n-it's $HOME\n+it was \`x\`\n*** End Patch`

    it.live("applies it, in any of the ways in which models call such a program", () =>
      Effect.gen(function*() {
        const commands = [
          `apply_patch <<'EOF'\n${patch("inside/a.txt")}\nEOF`,
          `applypatch << PATCH\n${patch("inside/a.txt")}\nPATCH\n`,
          `cd inside && apply_patch <<"EOF"\n${patch("a.txt")}\nEOF`,
          `cat <<'EOF' | apply_patch\n${patch("inside/a.txt")}\nEOF`,
          `apply_patch '${patch("inside/a.txt").replaceAll("'", "'\\''")}'`,
          `apply_patch "${patch("inside/a.txt").replaceAll(/[$`]/g, "\\$&")}"`
        ]
        for (const command of commands) {
          yield* put("inside/a.txt", "it's $HOME\n")
          yield* succeed("read", { path: "inside/a.txt" })
          assert.match(yield* bash(command), /^Done:\nM .*a\.txt$/, command)
          assert.strictEqual(yield* get("inside/a.txt"), "it was `x`\n")
        }
        yield* put("inside/a.txt", "it's $HOME\n")
        yield* succeed("read", { path: "inside/a.txt" })
        yield* bash(`apply_patch <<'EOF'\n${patch("a.txt")}\nEOF`, { workdir: "inside" })
        assert.strictEqual(yield* get("inside/a.txt"), "it was `x`\n")
      }).pipe(Effect.provide(layer)))

    it.live("is decided and shown as the change of files that it is", () =>
      Effect.gen(function*() {
        const executor = yield* ToolExecutor.ToolExecutor
        const toolCall = {
          type: "function_call" as const,
          call_id: "c",
          name: "bash",
          arguments: JSON.stringify({ command: `apply_patch <<'EOF'\n${patch("a.txt")}\nEOF` })
        }
        assert.deepStrictEqual(yield* executor.access(toolCall), { kind: "write", paths: ["a.txt"] })
        assert.strictEqual(yield* executor.nameOf(toolCall), "apply_patch")
        assert.strictEqual(yield* executor.concurrency(toolCall), "exclusive")
        assert.match(yield* executor.describe(toolCall), /^apply a patch: M a\.txt$/)
      }).pipe(Effect.provide(layer)))

    it.live("runs nothing where there is more to it", () =>
      Effect.gen(function*() {
        yield* put("a.txt", "it's $HOME\n")
        for (
          const command of [
            `apply_patch <<'EOF'\n${patch("a.txt")}\nEOF\ntouch made`,
            `touch made; apply_patch <<'EOF'\n${patch("a.txt")}\nEOF`
          ]
        ) {
          assert.match(yield* fail("bash", { command }), /^apply_patch is no program here\. Nothing was run/)
        }
        assert.notInclude(yield* names(), "made")
        assert.strictEqual(yield* get("a.txt"), "it's $HOME\n")
        assert.match(yield* bash("cat <<'EOF'\n*** Begin Patch\n*** End Patch\nEOF"), /^\*\*\* Begin Patch/)
        // What a text says is not called.
        const message = "Say what a patch is\n\napply_patch <<EOF\n*** Begin Patch\n*** End Patch\nEOF"
        for (const command of [`echo '${message}'`, `echo "${message}"`, `cat <<'END' && echo fine\n${message}\nEND`]) {
          assert.match(yield* bash(command), /^Say what a patch is/)
        }
      }).pipe(Effect.provide(layer)))
  })

  it.live("refuses what is no command", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* fail("bash", { command: " \n" }), "command is empty")
      assert.match(
        yield* fail("bash", { command: "echo a\0b" }),
        /^The command could not be started: there is a NUL character in it, .*write \\0/
      )
      assert.match(
        yield* fail("bash", { command: `: ${"x".repeat(150_000)}` }),
        /^The command could not be started: it is longer than the system takes \(128 KiB/
      )
      assert.match(yield* fail("bash", { command: "true", timeout_ms: 0 }), /timeout_ms must be /)
    }).pipe(Effect.provide(layer)))

  it.live("does not give our key away", () =>
    Effect.gen(function*() {
      vi.stubEnv("OPENAI_API_KEY", "sk-secret")
      vi.stubEnv("EFFIXIR_TEST", "inherited")
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllEnvs()))
      const output = yield* bash("env")
      assert.notInclude(output, "sk-secret")
      assert.include(output, "EFFIXIR_TEST=inherited")
      assert.include(output, `EFFIXIR_SESSION_ID=${context.sessionId}\n`)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("shows plain text, and of what was overwritten the last state", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* bash("printf '\\033[31mred\\033[0m a\\0b\\n10%%\\r100%%\\r\\nend'"),
        "red ab\n100%\nend"
      )
    }).pipe(Effect.provide(layer)))

  it.live("lets git commit, rebase and ask without a person", () =>
    Effect.gen(function*() {
      vi.stubEnv("EDITOR", "sleep 100 #")
      vi.stubEnv("GIT_ASKPASS", "sleep 100 #")
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllEnvs()))
      const git = "git -c user.name=n -c user.email=e@example.org -c core.editor='sleep 100 #'"
      const script = [
        "git init -q .",
        `for n in 1 2; do ${git} commit -q --allow-empty -m $n; done`,
        `${git} commit --amend --allow-empty`,
        `${git} commit --allow-empty; echo "commit $?"`,
        `${git} rebase -q -i --root && echo rebased`,
        "sh -c 'echo $EDITOR $VISUAL $GIT_ASKPASS $SSH_ASKPASS $MANPAGER'"
      ]
      const output = yield* bash(script.join("\n"))
      assert.match(output, /Aborting commit due to empty commit message\.\ncommit 1\n/)
      assert.match(output, /\nrebased\n(?:.*\n)*true true false false cat$/)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live.runIf(existsSync("/usr/bin/script") && existsSync("/proc/self/syscall"))(
    "stops a command that waits for somebody to type",
    () =>
      Effect.gen(function*() {
        const output = yield* fail("bash", { command: "echo asking; sleep 100 | script -qec 'read -r line' /dev/null" })
        assert.match(output, /^asking\n\[Stopped: \d+ \(.*\) waits for somebody to type at a terminal/)
      }).pipe(Effect.provide(layer))
  )

  it.live("stops the whole group when the time is up", () =>
    Effect.gen(function*() {
      const command = "echo pid $$; sleep 100 & echo pid $!; (sleep 100 & echo pid $!; wait) & echo pid $!; wait"
      const output = yield* fail("bash", { command, timeout_ms: 300 })
      assert.match(output, /\n\[Timed out after 300ms: the command was stopped, with all that could be found of .+\]$/)
      assert.lengthOf(pids(output), 4)
      assert.isFalse(pids(output).some(isAlive))
    }).pipe(Effect.provide(layer)))

  it.live("stops the whole group when it is interrupted, deaf or not", () =>
    Effect.gen(function*() {
      const command = "trap '' TERM; { echo pid $$; sleep 100 & echo pid $!; } > pids; mv pids told; wait"
      const fiber = yield* Effect.fork(bash(command))
      const told = yield* Effect.retry(get("told"), { schedule: Schedule.spaced("10 millis"), times: 6000 })
      assert.lengthOf(pids(told), 2)
      assert.isTrue(pids(told).every(isAlive))
      yield* Fiber.interrupt(fiber)
      assert.isFalse(pids(told).some(isAlive))
    }).pipe(Effect.provide(layer)))

  it.live("does not wait for what stays in the background, and stops it", () =>
    Effect.gen(function*() {
      const quiet = yield* bash("sleep 100 & echo pid $!")
      assert.lengthOf(pids(quiet), 1)
      assert.isFalse(pids(quiet).some(isAlive))
      const noisy = yield* bash("echo pid $$; yes > /dev/stderr & exit 2")
      assert.match(noisy, /^\[Exit code 2\.\]$/m)
    }).pipe(Effect.provide(layer)))

  it.live.runIf(existsSync("/usr/bin/setsid"))(
    "does not wait for the dead, whoever forgot to bury them",
    () =>
      Effect.gen(function*() {
        // The subshell dies in our group; its parent goes on in another one, and never asks for it.
        const output = yield* bash("bash -c 'true & exec setsid sleep 20' > /dev/null & echo $!; sleep 0.1")
        const [parent] = output.split("\n")
        assert.strictEqual(
          output,
          `${parent}\n[Still running in the background: ${parent} (sleep 20). Stop with kill what is not needed.]`
        )
        process.kill(Number(parent))
      }).pipe(Effect.provide(layer))
  )

  it.live.runIf(existsSync("/usr/bin/setsid"))(
    "tells what runs on, and not more of it than is bearable",
    () =>
      Effect.gen(function*() {
        const output = yield* bash("for n in $(seq 12); do setsid sleep 2.$n & done; sleep 0.2; exit 3")
        const [code, note = ""] = output.split("\n")
        assert.strictEqual(code, "[Exit code 3.]")
        assert.match(
          note,
          /^\[Still running in the background: (\d+ \(sleep 2\.\d+\), ){9}\d+ \(.*\) and 2 more\. Stop/
        )
      }).pipe(Effect.provide(layer))
  )

  it.live("shows the end of an endless output, in bounded memory", () =>
    Effect.gen(function*() {
      const before = process.memoryUsage().rss
      const output = yield* bash("head -c 1000000000 /dev/zero; yes | head -c 100000000; echo the end")
      assert.isBelow(process.memoryUsage().rss - before, 150 * 1024 * 1024)
      assert.match(output, /\nthe end\n\[Output cut: the last \d+ of 50000001 lines are shown\. .*\]$/)
      assert.isAtMost(Buffer.byteLength(output), BoundedOutput.maxBytes + 1024)
      const { size } = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(locationIn(output)))
      assert.strictEqual(Number(size), Artifacts.maxBytes)
    }).pipe(Effect.provide(layer)))

  it.live("keeps the whole output where the model can look into it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const first = locationIn(yield* bash("seq 5000"))
      assert.match(first, /\/sessions\/session-1\/artifacts\/call_1\.txt$/)
      assert.strictEqual(yield* fs.readFileString(first), Array.from({ length: 5000 }, (_, n) => `${n + 1}\n`).join(""))
      assert.strictEqual((yield* fs.stat(first)).mode & 0o777, 0o600)
      assert.strictEqual(yield* bash(`sed -n 17p ${first}`), "17")
      // The same call id once more is another call.
      const second = locationIn(yield* bash("head -c 40000 /dev/zero | tr '\\0' '\\377'"))
      assert.match(second, /\/call_1-2\.txt$/)
      assert.strictEqual(Number((yield* fs.stat(second)).size), 40_000)
    }).pipe(Effect.provide(layer)))

  it.live("says which older outputs have made room for one more", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const first = locationIn(yield* bash("seq 5000"))
      yield* fs.truncate(first, Artifacts.maxSessionBytes)
      const output = yield* bash("seq 5000")
      assert.include(output, `To make room, older outputs were deleted: ${first}.]`)
      assert.notStrictEqual(locationIn(output), first)
      assert.deepStrictEqual([yield* fs.exists(locationIn(output)), yield* fs.exists(first)], [true, false])
    }).pipe(Effect.provide(layer)))

  it.live("does without an artifact when the disk is full", () =>
    Effect.gen(function*() {
      const output = yield* bash("seq 5000")
      assert.match(output, /\n5000\n\[Output cut: .* The rest could not be kept\. .*> output\.txt.*\]$/)
    }).pipe(Effect.provide(layerWith({ open: () => Effect.fail(full) }))))

  it.live("tells whoever watches how the command ended", () =>
    Effect.gen(function*() {
      const details = (command: string, timeout_ms = 60_000) =>
        Effect.map(call("bash", { command, timeout_ms }), ({ details }) => details)
      assert.deepStrictEqual(yield* details("true"), { exit_code: 0 })
      assert.deepStrictEqual(yield* details("exit 3"), { exit_code: 3 })
      assert.deepStrictEqual(yield* details("kill -KILL $$"), { signal: "SIGKILL" })
      assert.deepStrictEqual(yield* details("sleep 100", 100), { timed_out: true })
      const cut = yield* details("seq 5000; exit 4")
      assert.strictEqual(cut?.["exit_code"], 4)
      assert.match(String(cut?.["artifact"]), /call_1\.txt$/)
    }).pipe(Effect.provide(layer)))

  it.live("shows its latest output while it runs", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const { execute } = yield* ToolExecutor.ToolExecutor
      const progress = (text: string) => Effect.sync(() => void told.push(text))
      yield* execute({
        type: "function_call",
        call_id: "c",
        name: "bash",
        arguments: JSON.stringify({ command: "echo one; sleep 0.3; printf '%02000d' 7" })
      }, { ...context, progress })
      assert.strictEqual(told[0], "one\n")
      assert.match(told.at(-1) ?? "", /^0{1,999}7$/)
    }).pipe(Effect.provide(layer)))

  it.live("keeps the exit code of a long output", () =>
    Effect.gen(function*() {
      const lines = (yield* bash("seq 5000; exit 7")).split("\n")
      assert.deepStrictEqual(lines.slice(0, 2), ["3001", "3002"])
      assert.deepStrictEqual(lines.slice(1999, 2001), ["5000", "[Exit code 7.]"])
      assert.match(lines.slice(2001).join("\n"), /^\[Output cut: the last 2000 of 5000 lines are shown/)
    }).pipe(Effect.provide(layer)))

  it.live("survives output that is no text", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* bash("printf 'a\\0b\\377c'"), "ab\uFFFDc")
      const output = yield* bash("head -c 300000 /dev/urandom; exit 5")
      assert.include(output, "\n[Exit code 5.]\n[Output cut: ")
      assert.isAtMost(Buffer.byteLength(output), BoundedOutput.maxBytes + 1024)
    }).pipe(Effect.provide(layer)))

  it.live("runs commands side by side", () =>
    Effect.gen(function*() {
      // Each waits for the other one's file: one after the other they would never end.
      const meet = (mine: string, other: string) => bash(`touch ${mine}; until [ -e ${other} ]; do sleep 0.01; done`)
      yield* Effect.all([meet("a", "b"), meet("b", "a")], { concurrency: 2 })
      const fs = yield* FileSystem.FileSystem
      assert.isTrue(yield* fs.exists(yield* at("a")))
    }).pipe(Effect.provide(layer)))
})
