import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Script from "../../src/testing/Script.ts"
import { canMount, canRun, fileLimit, type Through, where } from "./disks.ts"
import { assertSentence, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))
const rawText = /E[A-Z]{3,}:|FileSystem|BadResource|PermissionDenied|syscall/

/** A machine whose sign-in has run out, so that a run has to store a new one. */
const expired = Effect.gen(function*() {
  const all = yield* machine(always)
  const json: object = JSON.parse(yield* all.fs.readFileString(all.auth))
  yield* all.fs.writeFileString(all.auth, JSON.stringify({ ...json, expires_at: 1 }))
  return all
})

const noFiles = fileLimit(0)

/** A home on a disk that is really full, and that nobody but the process sees. What it holds is compared in the end. */
const fullDisk: Through = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `[ -e "$EFFIXIR_HOME/auth.json" ] || exec "$@"
   cp "$EFFIXIR_HOME/auth.json" before && mount -t tmpfs -o size=16k,mode=700 tmpfs "$EFFIXIR_HOME" || exit 90
   cp before "$EFFIXIR_HOME/auth.json" && chmod 600 "$EFFIXIR_HOME/auth.json" || exit 91
   dd if=/dev/zero of="$EFFIXIR_HOME/rest" bs=1k count=100 2> dd.txt && exit 92
   "$@"
   code=$?
   cmp before "$EFFIXIR_HOME/auth.json" && [ "$(ls -A "$EFFIXIR_HOME" | grep -c tmp)" = 0 ] || exit 93
   exit $code`,
  "sh"
]

const disks: ReadonlyArray<readonly [name: string, needs: string, can: boolean, through: Through, said: string]> = [
  ["where files may not grow", "a shell with ulimit", canRun(noFiles), noFiles, "larger than files may be"],
  ["that is full", "the right to mount one", canMount, fullDisk, "no space left on the disk"]
]

for (const [name, needs, can, through, said] of disks) {
  describe.runIf(can)(where(can, `a disk ${name}`, needs), () => {
    it.scopedLive("keeps the old sign-in when there is a new one, and says so", () =>
      Effect.gen(function*() {
        const { auth, fs, home, run } = yield* machine(always)
        const before = yield* fs.readFileString(auth)
        const { code, stderr } = yield* run(["login", "--with-api-key"], { stdin: "sk-new", through })
        assert.strictEqual(code, 4, stderr)
        assertSentence(stderr, auth, said)
        assert.notMatch(stderr, rawText)
        assert.strictEqual(yield* fs.readFileString(auth), before)
        assert.isEmpty(readdirSync(home).filter((name) => name.endsWith(".tmp")))
      }).pipe(Effect.provide(platform)))

    it.scopedLive("shows no code for a sign-in that it could not keep", () =>
      Effect.gen(function*() {
        for (const signedIn of [true, false]) {
          const { fs, home, run, simulator } = yield* machine(always, { signedIn, autoApprove: true })
          if (!signedIn) {
            if (through === fullDisk) return
            yield* fs.makeDirectory(home)
          }
          const { code, stderr } = yield* run(["login", "--device"], { through })
          assert.strictEqual(code, 4, stderr)
          assertSentence(stderr, said)
          assert.notInclude(stderr, "enter the code")
          assert.deepStrictEqual(yield* simulator.requests, [])
          assert.isEmpty(readdirSync(home).filter((name) => name.endsWith(".tmp")))
        }
      }).pipe(Effect.provide(platform)))

    it.scopedLive("spends no refresh token that it could not replace", () =>
      Effect.gen(function*() {
        const { auth, fs, run, simulator } = yield* expired
        const before = yield* fs.readFileString(auth)
        const { code, stderr } = yield* run(["Say hello"], { through })
        assert.strictEqual(code, 4)
        assert.include(stderr, said)
        assert.notMatch(stderr, rawText)
        assert.strictEqual(yield* fs.readFileString(auth), before)
        assert.deepStrictEqual(yield* simulator.requests, [])
        assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
      }).pipe(Effect.provide(platform)))
  })
}

/** The home as it is, on a disk that nothing can be written to. */
const readOnlyDisk: Through = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `cp "$EFFIXIR_HOME/auth.json" before && mount -t tmpfs -o mode=700 tmpfs "$EFFIXIR_HOME" || exit 90
   cp before "$EFFIXIR_HOME/auth.json" && chmod 600 "$EFFIXIR_HOME/auth.json" || exit 91
   mount -o remount,ro "$EFFIXIR_HOME" && exec "$@"`,
  "sh"
]

describe.runIf(canMount)(where(canMount, "a disk that is read-only", "the right to mount one"), () => {
  it.scopedLive("is what a turn fails of, before anything is asked", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(always)
      const { code, stderr } = yield* run(["Say hello"], { through: readOnlyDisk })
      assert.strictEqual(code, 1, stderr)
      assertSentence(stderr, "the disk can only be read", "EFFIXIR_HOME")
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))
})

const isRoot = process.getuid?.() === 0
const nobody = 65_534

/** Root may write everywhere: somebody else has to try. */
const asSomebody: Through = isRoot
  ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"]
  : ["env"]

const handOver = (folder: string): void => {
  if (!isRoot) return
  chownSync(folder, nobody, nobody)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) handOver(path)
    else chownSync(path, nobody, nobody)
  }
}

const canBeSomebody = canRun(asSomebody)

describe.runIf(canBeSomebody)(where(canBeSomebody, "a home that is read-only", "setpriv, as root"), () => {
  for (const hasLock of [false, true]) {
    it.scopedLive(
      `keeps what it has${hasLock ? ", also with the lock of an earlier run" : ""}`,
      () =>
        Effect.gen(function*() {
          const { auth, base, fs, home, run, simulator } = yield* expired
          const before = yield* fs.readFileString(auth)
          if (hasLock) writeFileSync(`${auth}.lock`, "", { mode: 0o600 })
          handOver(base)
          chmodSync(home, 0o500)
          const files = readdirSync(home)
          const commands: ReadonlyArray<ReadonlyArray<string>> = [
            ["login", "--with-api-key"],
            ["login", "--device"],
            ["login", "--browser"],
            ["status", "--refresh"]
          ]
          for (const args of commands) {
            const { code, stderr, stdout } = yield* run(args, { stdin: "sk-new", through: asSomebody })
            assert.strictEqual(code, 4, stderr)
            assertSentence(stderr + stdout, auth, "may not do that", "EFFIXIR_HOME")
            assert.notMatch(stderr + stdout, rawText)
          }
          const turn = yield* run(["Say hello"], { through: asSomebody })
          assert.isAbove(turn.code ?? 0, 0)
          assertSentence(turn.stderr, home, "may not do that")
          assert.notMatch(turn.stderr, rawText)
          assert.strictEqual(yield* fs.readFileString(auth), before)
          assert.deepStrictEqual([readdirSync(home), statSync(home).mode & 0o777], [files, 0o500])
          assert.deepStrictEqual(yield* simulator.requests, [])
        }).pipe(Effect.provide(platform))
    )
  }
})

describe("a home of the wrong kind", () => {
  it.scopedLive("is named, with what is wrong and what helps", () =>
    Effect.gen(function*() {
      const { auth, base, home, run } = yield* machine(always)
      const file = join(base, "file")
      writeFileSync(file, "mine")
      for (const args of [["status"], ["login", "--with-api-key"], ["logout"], ["Say hello"]]) {
        const { code, stderr } = yield* run(args, { stdin: "sk-new", env: { EFFIXIR_HOME: file } })
        assert.strictEqual(code, 2)
        assertSentence(stderr, file, "is a file where a folder is needed")
        assert.notMatch(stderr, rawText)
      }
      rmSync(auth)
      mkdirSync(auth)
      for (const args of [["status"], ["login", "--with-api-key"], ["logout"], ["Say hello"]]) {
        const { code, stderr, stdout } = yield* run(args, { stdin: "sk-new" })
        assert.strictEqual(code, 4)
        assertSentence(stderr + stdout, auth, "is a folder where a file is needed")
        assert.notMatch(stderr + stdout, rawText)
      }
      writeFileSync(join(home, "sessions"), "")
      const { code, stderr } = yield* run(["Say hello"], { env: { OPENAI_API_KEY: "sk-1" } })
      assert.isAbove(code ?? 0, 0)
      assert.notMatch(stderr, rawText)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "may have an auth.json that others can read, which is closed and told once",
    () =>
      Effect.gen(function*() {
        const { auth, run } = yield* machine(always)
        chmodSync(auth, 0o644)
        const { code, stderr, stdout } = yield* run(["Say hello"])
        assert.deepStrictEqual([code, stdout], [0, "Hello!\n"])
        assert.lengthOf(stderr.match(/0644/g) ?? [], 1)
        assertSentence(stderr, auth, "effixir: warn", "0600")
        assert.strictEqual(statSync(auth).mode & 0o777, 0o600)
        assert.notInclude((yield* run(["Say hello"])).stderr, "warn")
      }).pipe(Effect.provide(platform))
  )
})

const hasFullDevice = existsSync("/dev/full")

describe.runIf(hasFullDevice)(
  where(hasFullDevice, "an output that cannot be written", "/dev/full"),
  () => {
    it.scopedLive("is a failure, told on stderr", () =>
      Effect.gen(function*() {
        const { run } = yield* machine(always)
        const through = ["sh", "-c", "exec \"$@\" > /dev/full", "sh"]
        const commands = [
          ["Say hello"],
          ["run", "--json", "Say hello"],
          ["run", "--json", "--deltas", "Say hello"],
          ["status"],
          ["status", "--json"],
          ["--help"],
          ["--version"],
          ["login", "--with-api-key", "--json"]
        ]
        for (const args of commands) {
          const { code, stderr } = yield* run(args, { through, stdin: "sk-new" })
          assert.strictEqual(code, 1, args.join(" "))
          assertSentence(stderr, "effixir: The output could not be written")
          assert.notInclude(stderr, "inside effixir")
        }
      }).pipe(Effect.provide(platform)))
  }
)
