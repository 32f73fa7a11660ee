import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { appendFileSync, copyFileSync, cpSync, existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Script from "../../src/testing/Script.ts"
import { aimed, contents, ordinary, prepare } from "./aimed.ts"
import { lines, machine, platform } from "./support.ts"

const hasAll = ["git", "rg", "tree", "file"].every((name) =>
  (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, name)))
)

/** Each line is tried in `ask` too where somebody has time for it, and else one of so many. */
const isThorough = Number(process.env["EFFIXIR_TEST_BATCHES"] ?? 2) > 2
const sample = 24

/** What no line may show. A program that cannot read a file may name it. */
const hidden = /OUTSIDE (one|two|three)|(SECRET|DENIED) (one|two|three)/

const all = Object.values(aimed).flat()

/** As many calls as a response may have. */
const callsPerResponse = 60

const asking = (commands: ReadonlyArray<string>) => {
  const calls = commands.map((command) => Script.call("bash", { command }))
  const responses = Array.from(
    { length: Math.ceil(calls.length / callsPerResponse) },
    (_, at) => Script.answer(...calls.slice(at * callsPerResponse, (at + 1) * callsPerResponse))
  )
  return Script.fromTurns([...responses, Script.answer(Script.say("Done."))])
}

/** A folder to aim at, and the arguments of a run with a policy that denies a part of it. */
const place = Effect.fnUntraced(function*(script: Script.Script) {
  const { base, folder, run } = yield* machine(script)
  prepare(base)
  writeFileSync(join(base, "policy.json"), JSON.stringify({ rules: [{ decision: "deny", path: "closed/**" }] }))
  const before = contents(folder)
  return {
    base,
    folder,
    look: (mode: string, prompt: string, environment: Readonly<Record<string, string>> = {}) =>
      run(["--json", "--permission", mode, "--policy", join(base, "policy.json"), prompt], {
        env: {
          PATH: `${process.env["PATH"]}:${base}/bin`,
          HOME: join(base, "home-of-git"),
          CDPATH: base,
          GIT_CONFIG_NOSYSTEM: "1",
          ...environment
        }
      }),
    assertUntouched: () => {
      assert.isFalse(existsSync(join(base, "marked")), "a program ran")
      assert.deepStrictEqual(contents(folder), before)
    }
  }
})

/** What the model was told of each line. */
const outputsOf = (stdout: string): ReadonlyMap<string, string> =>
  new Map(
    lines(stdout).flatMap(({ item, type }) =>
      type === "item.completed" && item?.type === "tool_call"
        ? [[JSON.parse(String(item["arguments"])).command, String(item["output"])] as const]
        : []
    )
  )

const isRefused = (output: string | undefined) => /not permitted/.test(output ?? "")

/** Lines of which the words are in order. */
const looks = [
  "ls",
  "cat a.txt",
  "head -1 own.txt | wc -l",
  "rg one own.txt",
  "rg one src",
  "git status",
  "git diff -- own.txt",
  "git log -p -1 -- own.txt o.txt",
  "git show HEAD -- own.txt o.txt"
]

/** What may lie in a folder or in the environment, and has a say in what those do; the variables that are set then. */
const surroundings: Readonly<Record<string, (base: string, folder: string) => Readonly<Record<string, string>>>> = {
  "a PATH that begins in the folder": (base, folder) => {
    for (const name of ["cat", "git", "rg", "wc"]) copyFileSync(join(folder, "ls"), join(folder, name))
    return { PATH: `${folder}:${process.env["PATH"]}:${base}/bin` }
  },
  "a PATH that begins where it is": (_, folder) => {
    for (const name of ["cat", "git", "rg", "wc"]) copyFileSync(join(folder, "ls"), join(folder, name))
    return { PATH: `.:${process.env["PATH"]}` }
  },
  "a file that bash reads first": (_, folder) => ({ BASH_ENV: join(folder, "tool.sh") }),
  "a configuration of rg": (_, folder) => ({ RIPGREP_CONFIG_PATH: join(folder, "tool.rg") }),
  "a configuration of rg that follows links": (base) => {
    writeFileSync(join(base, "rgrc"), "--follow\n")
    symlinkSync("../../outside", join(base, "work/src/up"))
    return { RIPGREP_CONFIG_PATH: join(base, "rgrc") }
  },
  "settings of the repository": (base, folder) => {
    const text = `[core]\nfsmonitor = ${base}/bin/mark\n[diff "own"]\ntextconv = ${base}/bin/mark\n`
    appendFileSync(join(folder, ".git/config"), text)
    return {}
  },
  "settings in a home that is the folder": (base, folder) => {
    writeFileSync(join(folder, ".gitconfig"), `[core]\nfsmonitor = ${base}/bin/mark\n`)
    return { HOME: folder }
  },
  "settings in a second half of the repository": (base, folder) => {
    cpSync(join(folder, ".git"), join(folder, "rest"), { recursive: true })
    appendFileSync(join(folder, "rest/config"), `[core]\nfsmonitor = ${base}/bin/mark\n`)
    writeFileSync(join(folder, ".git/commondir"), "../rest\n")
    return {}
  },
  "a repository that is another one's": (base, folder) => {
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", ["-C", join(base, "outside"), "-c", "user.name=A", "-c", "user.email=a@b.c", ...args])
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "All")
    rmSync(join(folder, ".git"), { recursive: true })
    symlinkSync("../outside/.git", join(folder, ".git"))
    return {}
  }
}

describe.runIf(hasAll)("Commands that only look", () => {
  it.scopedLive(
    "run unasked in read-only, and none that is more than that",
    () =>
      Effect.gen(function*() {
        const { assertUntouched, look } = yield* place(asking([...all, ...ordinary]))
        const { code, stdout } = yield* look("read-only", "Look")
        assert.strictEqual(code, 0, stdout.slice(-500))
        const outputs = outputsOf(stdout)
        assert.strictEqual(outputs.size, all.length + ordinary.length)
        assert.deepStrictEqual(all.filter((line) => !isRefused(outputs.get(line))), [])
        assert.deepStrictEqual(ordinary.filter((line) => isRefused(outputs.get(line))), [])
        assert.notMatch(stdout, hidden)
        assertUntouched()
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "are all that runs in ask where nobody can be asked",
    () =>
      Effect.gen(function*() {
        const some = isThorough ? all : all.filter((_, at) => at % sample === 0)
        const usual = isThorough ? ordinary : ordinary.filter((_, at) => at % sample === 0)
        const { assertUntouched, look } = yield* place(({ input }) => {
          const last = input.at(-1)
          return last?.type === "message"
            ? Script.answer(
              Script.call("bash", { command: commands[Number(/LINE (\d+)/.exec(JSON.stringify(last))?.[1])] })
            )
            : Script.answer(Script.say("Done."))
        })
        const commands = [...some, ...usual]
        const results = yield* Effect.forEach(
          commands,
          (command, at) => Effect.map(look("ask", `LINE ${at}`), ({ code, stdout }) => ({ code, command, stdout })),
          { concurrency: 2 }
        )
        assert.deepStrictEqual(
          results.slice(0, some.length).filter(({ code, stdout }) => code !== 3 && !isRefused(stdout)),
          []
        )
        assert.deepStrictEqual(
          results.slice(some.length).filter(({ code, stdout }) => code !== 0 || isRefused(stdout)),
          []
        )
        for (const { command, stdout } of results) assert.notMatch(stdout, hidden, command)
        assertUntouched()
      }).pipe(Effect.provide(platform)),
    isThorough ? 3_000_000 : 300_000
  )

  for (const [name, prepare] of Object.entries(surroundings)) {
    it.scopedLive(
      `run nothing and show nothing of elsewhere, with ${name}`,
      () =>
        Effect.gen(function*() {
          const { base, folder, look } = yield* place(asking(looks))
          const environment = prepare(base, folder)
          const { code, stdout } = yield* look("read-only", "Look", environment)
          assert.strictEqual(code, 0, stdout.slice(-500))
          const outputs = outputsOf(stdout)
          assert.strictEqual(outputs.size, looks.length)
          assert.isTrue(looks.some((line) => isRefused(outputs.get(line))))
          assert.notMatch(stdout, hidden)
          assert.isFalse(existsSync(join(base, "marked")))
        }).pipe(Effect.provide(platform))
    )
  }
})
