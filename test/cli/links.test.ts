import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import * as Script from "../../src/testing/Script.ts"
import { canMount, type Through, where } from "./disks.ts"
import { assertSentence, eventually, machine, platform } from "./support.ts"

const always: Script.Script = () => Script.answer(Script.say("Hello!"))
const isWindows = process.platform === "win32"

/** A machine whose sign-in has run out, and that is kept in another folder. */
const elsewhere = Effect.fnUntraced(function*(options?: Parameters<typeof machine>[1]) {
  const all = yield* machine(always, options)
  const folder = join(all.base, "dotfiles")
  mkdirSync(folder)
  const real = join(folder, "secrets.json")
  const json: object = JSON.parse(readFileSync(all.auth, "utf8"))
  writeFileSync(all.auth, JSON.stringify({ ...json, expires_at: 1 }), { mode: 0o600 })
  renameSync(all.auth, real)
  return { ...all, real }
})

const mounted = (real: string, auth: string): Through => [
  "unshare",
  "--mount",
  "sh",
  "-c",
  "touch \"$2\" && mount --bind \"$1\" \"$2\" || exit 90; shift 2; exec \"$@\"",
  "sh",
  real,
  auth
]

interface Way {
  readonly name: string
  readonly can: boolean
  readonly link: (real: string, auth: string) => Through
  /** What stays of the way when the sign-in has ended. */
  readonly stays: (real: string, auth: string) => boolean
}

const plainly = (link: (real: string, auth: string) => void) => (real: string, auth: string): Through => {
  link(real, auth)
  return []
}

const isLink = (_: string, auth: string): boolean => lstatSync(auth).isSymbolicLink()

const ways: ReadonlyArray<Way> = [
  { name: "a symbolic link", can: !isWindows, link: plainly(symlinkSync), stays: isLink },
  {
    name: "a relative symbolic link",
    can: !isWindows,
    link: plainly((_, auth) => symlinkSync("../dotfiles/secrets.json", auth)),
    stays: isLink
  },
  {
    name: "a second name",
    can: !isWindows,
    link: plainly(linkSync),
    stays: (real, auth) => statSync(real).ino === statSync(auth).ino
  },
  { name: "a mount of its own", can: canMount, link: mounted, stays: (real) => existsSync(real) }
]

for (const { can, link, name, stays } of ways) {
  describe.runIf(can)(where(can, `auth.json that is ${name}`, "the right to mount one"), () => {
    it.scopedLive(
      "stays so over a refresh, a sign-in and its end, and the real file is written",
      () =>
        Effect.gen(function*() {
          const { auth, real, run, secrets } = yield* elsewhere()
          const through = link(real, auth)
          const before = readFileSync(real, "utf8")
          const refreshed = yield* run(["Say hello"], { through })
          assert.deepStrictEqual([refreshed.code, refreshed.stdout], [0, "Hello!\n"], refreshed.stderr)
          assert.notStrictEqual(readFileSync(real, "utf8"), before)
          for (const secret of secrets.slice(0, 2)) assert.notInclude(readFileSync(real, "utf8"), secret)
          assert.isTrue(stays(real, auth))

          const login = yield* run(["login", "--with-api-key"], { stdin: "sk-a-new-key", through })
          assert.strictEqual(login.code, 0, login.stderr)
          assert.propertyVal(JSON.parse(readFileSync(real, "utf8")), "api_key", "sk-a-new-key")
          assert.isTrue(stays(real, auth))

          const logout = yield* run(["logout"], { through })
          assert.deepStrictEqual([logout.code, logout.stderr], [0, "Signed out.\n"])
          assert.isFalse(existsSync(real) && readFileSync(real, "utf8").includes("sk-a-new-key"))
          assert.isTrue(stays(real, auth))
          assert.strictEqual((yield* run(["Say hello"], { through })).code, 4)

          const again = yield* run(["login", "--with-api-key"], { stdin: "sk-another-key", through })
          assert.strictEqual(again.code, 0, again.stderr)
          assert.propertyVal(JSON.parse(readFileSync(real, "utf8")), "api_key", "sk-another-key")
          assert.strictEqual(statSync(real).mode & 0o777, 0o600)
          assert.isTrue(stays(real, auth))
        }).pipe(Effect.provide(platform))
    )
  })
}

describe.skipIf(isWindows)("auth.json that is reached in two ways", () => {
  it.scopedLive("is refreshed once by programs that start together", () =>
    Effect.gen(function*() {
      const { auth, base, home, real, run, simulator } = yield* elsewhere({ tokenDelay: "1500 millis" })
      linkSync(real, auth)
      const other = join(base, "other")
      mkdirSync(other, { mode: 0o700 })
      symlinkSync(real, join(other, "auth.json"))
      const homes = [home, other, home, other]
      const results = yield* Effect.forEach(homes, (home) => run(["Say hello"], { env: { EFFIXIR_HOME: home } }), {
        concurrency: 4
      })
      assert.deepStrictEqual(results.map(({ stdout }) => stdout), Array(4).fill("Hello!\n"))
      assert.lengthOf((yield* simulator.requests).filter(({ path }) => path === "/oauth/token"), 1)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is told of where its link leads nowhere", () =>
    Effect.gen(function*() {
      const { auth, run } = yield* elsewhere()
      for (const [to, said] of [["../nowhere/auth.json", "folder that is not there"], ["auth.json", "in a circle"]]) {
        symlinkSync(to ?? "", auth)
        const { code, stderr } = yield* run(["login", "--with-api-key"], { stdin: "sk-a-new-key" })
        assert.strictEqual(code, 4, stderr)
        assertSentence(stderr, auth, said ?? "")
        renameSync(auth, `${auth}.before`)
      }
    }).pipe(Effect.provide(platform)))
})

const stale = (real: string, auth: string): Through => {
  const through = mounted(real, auth)
  const replace = "cp \"$1\" \"$1.new\" && mv \"$1.new\" \"$1\"; "
  return through.map((word) => word.startsWith("touch") ? word.replace("shift 2; ", `${replace}shift 2; `) : word)
}

describe.runIf(canMount)(
  where(canMount, "auth.json that is mounted and was replaced outside", "the right to mount"),
  () => {
    it.scopedLive("is not refreshed, and it is told why", () =>
      Effect.gen(function*() {
        const { auth, real, run, simulator } = yield* elsewhere()
        const { code, stderr } = yield* run(["Say hello"], { through: stale(real, auth) })
        assert.strictEqual(code, 4, stderr)
        assertSentence(stderr, auth, "was replaced where it comes from", "mount its folder instead")
        assert.deepStrictEqual(yield* simulator.requests, [])
      }).pipe(Effect.provide(platform)))
  }
)

/** A disk that somebody else fills while the server is asked; what is kept in the end is copied out. */
const filling = (base: string, link: string): Through => [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `cp "$EFFIXIR_HOME/auth.json" "$0/before" && mount -t tmpfs -o size=256k,mode=700 tmpfs "$EFFIXIR_HOME" || exit 90
   cp "$0/before" "$EFFIXIR_HOME/auth.json" && chmod 600 "$EFFIXIR_HOME/auth.json" || exit 91
   cd "$EFFIXIR_HOME" && ${link} || exit 92
   ( until [ -e "$0/asked" ]; do sleep 0.02; done
     dd if=/dev/zero of="$EFFIXIR_HOME/rest" bs=1k count=1000 2> "$0/dd" || : > "$0/full" ) &
   "$@"
   code=$?
   wait
   cp "$EFFIXIR_HOME/auth.json" "$0/after"; ls -A "$EFFIXIR_HOME" > "$0/names"
   exit $code`,
  base
]

describe.runIf(canMount)(
  where(canMount, "a disk that fills while the server is asked", "the right to mount one"),
  () => {
    it.scopedLive.each([["a plain file", ":"], ["a file with two names", "ln auth.json second"]] as const)(
      "has room for the new sign-in all the same: %s",
      ([, link]) =>
        Effect.gen(function*() {
          const { auth, base, fs, run, simulator, start } = yield* machine(always, { tokenDelay: "3 seconds" })
          const json: object = JSON.parse(readFileSync(auth, "utf8"))
          writeFileSync(auth, JSON.stringify({ ...json, expires_at: 1 }), { mode: 0o600 })
          const { result } = yield* start(["status", "--refresh"], { through: filling(base, link) })
          const isAsked = Effect.map(simulator.requests, (all) => all.some(({ path }) => path === "/oauth/token"))
          yield* eventually("the server is asked", () => Effect.runPromise(isAsked))
          writeFileSync(join(base, "asked"), "")
          const { code, stderr } = yield* result
          assert.isTrue(existsSync(join(base, "full")))
          assert.strictEqual(code, 0, stderr)
          assert.notInclude(stderr, "could not be written")
          const after = readFileSync(join(base, "after"), "utf8")
          assert.notStrictEqual(JSON.parse(after).refresh_token, JSON.parse(readFileSync(auth, "utf8")).refresh_token)
          assert.notMatch(readFileSync(join(base, "names"), "utf8"), /tmp|next/)
          yield* fs.writeFileString(auth, after)
          assert.strictEqual((yield* run(["Say hello"])).stdout, "Hello!\n")
        }).pipe(Effect.provide(platform))
    )
  }
)

describe("logout while another program refreshes", () => {
  it.scopedLive("ends what is there in the end", () =>
    Effect.gen(function*() {
      const { auth, run, simulator, start } = yield* machine(always, { tokenDelay: "3 seconds" })
      const json: { readonly refresh_token: string } = JSON.parse(readFileSync(auth, "utf8"))
      writeFileSync(auth, JSON.stringify({ ...json, expires_at: 1 }), { mode: 0o600 })
      const { result } = yield* start(["Say hello"])
      const asked = (path: string) => Effect.map(simulator.requests, (all) => all.filter((one) => one.path === path))
      yield* eventually("the server is asked", () =>
        Effect.runPromise(Effect.map(asked("/oauth/token"), ({ length }) => length === 1)))
      const { code, stderr } = yield* run(["logout"])
      assert.deepStrictEqual([code, stderr], [0, "Signed out.\n"])
      yield* result
      assert.isFalse(existsSync(auth))
      const tokens = (yield* asked("/oauth/revoke")).map(({ body }) =>
        (body as { readonly token: string }).token
      )
      assert.lengthOf(tokens, 1)
      assert.notStrictEqual(tokens[0], json.refresh_token)
    }).pipe(Effect.provide(platform)))
})

describe.skipIf(isWindows)("a lock that is a pipe", () => {
  it.scopedLive("is told of at once, with the code 4", () =>
    Effect.gen(function*() {
      const { auth, run } = yield* elsewhere()
      renameSync(join(auth, "..", "..", "dotfiles", "secrets.json"), auth)
      assert.strictEqual(spawnSync("sh", ["-c", "mkfifo \"$0\"", `${auth}.lock`]).status, 0)
      for (const args of [["Say hello"], ["login", "--with-api-key"], ["login", "--device"], ["logout"]]) {
        const { code, stderr } = yield* run(args, { stdin: "sk-a-new-key" })
        assert.strictEqual(code, 4, stderr)
        assertSentence(stderr, `${auth}.lock`, "a pipe or a device")
      }
    }).pipe(Effect.provide(platform)))
})
