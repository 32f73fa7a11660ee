import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as ProcessGroup from "../../../src/node/process/ProcessGroup.ts"
import { CommandRunner } from "../../../src/tools/command/CommandRunner.ts"
import * as Permission from "../../../src/tools/permission/Permission.ts"
import * as Policy from "../../../src/tools/permission/Policy.ts"
import * as SecretFiles from "../../../src/tools/permission/SecretFiles.ts"
import * as Workspace from "../../../src/tools/workspace/Workspace.ts"

const isInstalled = (program: string) =>
  (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, program)))

const home = (base: string): Readonly<Record<string, string>> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: join(base, "home"),
  GIT_CONFIG_NOSYSTEM: "1"
})

/** A workspace with a repository, in which a secret, a denied file and a plain one have been changed. */
const place = Effect.acquireRelease(
  Effect.sync(() => {
    const base = realpathSync(mkdtempSync(join(tmpdir(), "effixir-check-")))
    const root = join(base, "work")
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", ["-C", root, "-c", "user.name=A", "-c", "user.email=a@b.c", ...args], {
        env: home(base),
        stdio: "pipe",
        encoding: "utf8"
      }).trim()
    put("src/a.txt", "one\n")
    put("server.pem", "one\n")
    put("closed/b.txt", "one\n")
    mkdirSync(join(base, "home"))
    if (isInstalled("git")) {
      git("init", "-q", "-b", "main")
      git("add", ".")
      git("commit", "-qm", "All")
      put("src/a.txt", "two\n")
      git("commit", "-qam", "Plain")
    }
    return { base, root, put, git }
  }),
  // Some paths are too long for Node.
  ({ base }) => Effect.sync(() => execFileSync("rm", ["-rf", base]))
)

interface Place extends Effect.Effect.Success<typeof place> {}

const layerRunner = (environment: Readonly<Record<string, string>>) =>
  Layer.effect(
    CommandRunner,
    Effect.map(CommandRunner, (runner): typeof CommandRunner.Service => ({
      start: (command, folder, options) => runner.start(command, folder, { env: { ...options?.env, ...environment } }),
      environment: Effect.map(runner.environment, (all) => ({ ...all, ...environment }))
    }))
  ).pipe(Layer.provide(ProcessGroup.layer))

const rules = [{ decision: "deny", path: "closed/**" }]

/** What becomes of a line in `read-only`: nothing to tell if it runs. */
const refusals = (
  { base, root }: Pick<Place, "base" | "root">,
  lines: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
  runner: Layer.Layer<CommandRunner> = layerRunner({ ...home(base), ...environment })
) =>
  Effect.gen(function*() {
    const policy = yield* Effect.orDie(Policy.fromText(JSON.stringify({ rules }), "p.json"))
    const layer = Permission.layerPolicy(policy, "read-only").pipe(
      Layer.provide(Layer.succeed(
        SecretFiles.SecretFiles,
        SecretFiles.make({ isDenied: (path) => Policy.denies(policy, "grep", path.slice(root.length + 1)) })
      )),
      Layer.provide(Layer.merge(Workspace.layer({ root }), runner)),
      Layer.provide(NodeContext.layer)
    )
    return yield* Effect.forEach(lines, (command) =>
      Effect.flatMap(Permission.Permission, (permission) =>
        permission.decide({
          sessionId: "s1",
          tool: "bash",
          describe: "",
          access: { kind: "run", command, workdir: undefined }
        }))).pipe(
        Effect.map((decisions) =>
          decisions.map((decision) =>
            decision._tag === "Deny" ? decision.reason : decision._tag
          )
        ),
        Effect.provide(layer)
      )
  })

const untold = "what it would show could not be told beforehand; name the files to show"
const unknown = "it is not known to only look"
const notPlain = "it is more than plain commands and pipes"
const used = (program: string) => `${program}, used like this, is not known to only look`

describe("A glob", () => {
  it.scopedLive("is looked up among the names that are there", () =>
    Effect.gen(function*() {
      const all = yield* place
      all.put("src/(b)+.txt", "")
      symlinkSync("../server.pem", join(all.root, "src/link.txt"))
      const secret = "it names a file that holds secrets"
      assert.deepStrictEqual(
        yield* refusals(all, [
          "ls src/a*.t?t",
          "ls src/?b?*",
          "ls src/*.md",
          "ls src/L*k.txt",
          "ls s*r.pem",
          "cat src/a*"
        ]),
        ["Allow", "Allow", "Allow", secret, secret, used("cat")]
      )
    }))

  it.scopedLive(
    "that may turn into an option is refused with the one that may not, whatever is there now",
    () =>
      Effect.gen(function*() {
        const all = yield* place
        const reason =
          "a name that begins with a dash would be an option in the place of its glob; with ./ in front (./*) " +
          "it would not"
        assert.deepStrictEqual(
          yield* refusals(all, [
            "ls *.md",
            "du -s *.md | sort -n",
            "ls ?",
            "ls ./*.md",
            "du -s ./*.md",
            "ls *.md > made",
            "ls $(x) *.md"
          ]),
          [reason, reason, reason, "Allow", "Allow", notPlain, notPlain]
        )
      })
  )

  it.scopedLive("with many stars is no more work than one with few", () =>
    Effect.gen(function*() {
      const all = yield* place
      all.put(`src/${"a".repeat(200)}`, "")
      assert.deepStrictEqual(yield* refusals(all, [`ls src/${"a*".repeat(60)}b`]), ["Allow"])
    }))
})

describe.runIf(isInstalled("rg"))("A search", () => {
  it.scopedLive("shows what is plain, and is told what to leave out of the rest", () =>
    Effect.gen(function*() {
      const all = yield* place
      const lines = [
        "rg one",
        "rg one src missing",
        "rg one missing",
        "rg -g '!server.pem' -g '!closed' -n one",
        "rg -l -t txt one",
        "cat src/a.txt | rg one",
        "rg --files",
        "rg one server.pem",
        "rg one closed/b.txt",
        "cd src && rg one",
        "rg one | head"
      ]
      assert.deepStrictEqual(yield* refusals(all, lines), [
        "it would show closed/b.txt, which a rule denies, and 1 more such file; leave them out with " +
        "-g '!closed/b.txt' -g '!server.pem'",
        "Allow",
        "Allow",
        "Allow",
        "it would show closed/b.txt, which a rule denies; leave it out with -g '!closed/b.txt'",
        "Allow",
        "Allow",
        "it names a file that holds secrets",
        "a rule denies what it names",
        "Allow",
        "it would show closed/b.txt, which a rule denies, and 1 more such file; leave them out with " +
        "-g '!closed/b.txt' -g '!server.pem'"
      ])
    }))

  it.scopedLive(
    "is seen as it will be, with what ignore files, a configuration and links bring in",
    () =>
      Effect.gen(function*() {
        const all = yield* place
        const { base, put, root } = all
        const lines = ["rg -g '!server.pem' -g '!closed' one", "rg one src", "rg one in", "rg one shut"]
        put("src/.env", "one\n")
        symlinkSync("src", join(root, "in"))
        symlinkSync("closed", join(root, "shut"))
        assert.deepStrictEqual(yield* refusals(all, lines), ["Allow", "Allow", "Allow", "a rule denies what it names"])
        writeFileSync(join(base, "home/rg"), "--hidden\n")
        const found = yield* refusals(all, lines, { RIPGREP_CONFIG_PATH: join(base, "home/rg") })
        assert.match(
          found.join("\n"),
          /^it would show src\/\.env.*\nit would show src\/\.env.*\nit would show (in|src)\/\.env/
        )
        put("rg", "--hidden\n")
        for (const file of ["rg", join(root, "rg")]) {
          assert.deepStrictEqual(yield* refusals(all, ["rg one src"], { RIPGREP_CONFIG_PATH: file }), [unknown])
        }
        put(".ignore", "!.env\n")
        assert.include((yield* refusals(all, ["rg one src"]))[0], "src/.env")

        rmSync(join(root, "src/.env"))
        symlinkSync("../closed", join(root, "src/shut"))
        symlinkSync("../../home/rg", join(root, "src/deep.txt"))
        assert.deepStrictEqual(yield* refusals(all, ["rg one src"]), ["Allow"])
        writeFileSync(join(base, "home/rg"), "--follow\n")
        assert.deepStrictEqual(
          yield* refusals(all, ["rg one src"], { RIPGREP_CONFIG_PATH: join(base, "home/rg") }),
          [
            `it would show ${base}/home/rg, which is outside the workspace, and 1 more such file; name the files to show`
          ]
        )
      })
  )
})

describe.runIf(isInstalled("git"))("git", () => {
  it.scopedLive(
    "shows changes of what is plain, and is told what to leave out of the rest",
    () =>
      Effect.gen(function*() {
        const all = yield* place
        all.put("src/a.txt", "three\n")
        const blob = all.git("rev-parse", "HEAD:server.pem")
        const tree = all.git("rev-parse", "HEAD^{tree}")
        const tag = all.git("hash-object", "-w", "server.pem")
        all.git("tag", "secret", tag)
        // What is a revision to git has the name of a file.
        for (const name of ["secret", tag, blob]) all.put(name, "one\n")
        const without = "-- . ':(top,exclude)closed/b.txt' ':(top,exclude)server.pem'"
        const both = "it would show closed/b.txt, which a rule denies, and 1 more such file; " +
          `leave them out with ${without}`
        const expected: ReadonlyArray<readonly [line: string, refusal: string]> = [
          ["git diff", "Allow"],
          ["git diff HEAD~1", "Allow"],
          ["git diff HEAD -- src", "Allow"],
          ["git show", "Allow"],
          ["git show --stat HEAD~1", "Allow"],
          ["git show HEAD~1", both],
          [`git show HEAD~1 ${without}`, "Allow"],
          ["git show HEAD~1:src/a.txt", "Allow"],
          ["git show HEAD~1:server.pem", "it names a file that holds secrets"],
          ["git show :server.pem", "it names a file that holds secrets"],
          ["git show :0:closed/b.txt", "a rule denies what it names"],
          [`git show ${blob}`, untold],
          [`git show --stat ${blob}`, untold],
          ["git show secret", untold],
          [`git diff ${blob} HEAD~1`, untold],
          [`git diff ${tree}`, untold],
          ["git show --tags", used("git show")],
          ["git show -s --all", used("git show")],
          ["git show secret -- .", untold],
          [`git diff ${blob} ${tag} -- src`, untold],
          ["git log", "Allow"],
          ["git log --stat", "Allow"],
          ["git log -1 -p", "Allow"],
          ["git log -p", both],
          ["git log -u", both],
          ["git log -U0 HEAD~1..HEAD", "Allow"],
          ["git log --oneline -p -- src", "Allow"],
          // Which commits it finds tells what is in the file.
          ["git log --oneline -S one", both],
          ["git log -1 -S three", both],
          ["git log -1 -G zzz --oneline", both],
          ["git log -S one -- src", "Allow"],
          ["git log -p --follow -- src/a.txt", untold],
          ["git log --oneline --follow -- src/a.txt", "Allow"],
          ["git blame src/a.txt", "Allow"],
          ["git blame server.pem", "it names a file that holds secrets"],
          ["cd src && git diff", unknown]
        ]
        const found = yield* refusals(all, expected.map(([line]) => line))
        assert.deepStrictEqual(expected.map(([line], index) => [line, found[index]]), expected.map((row) => [...row]))

        all.put("server.pem", "two\n")
        assert.match(
          (yield* refusals(all, ["git diff"]))[0] ?? "",
          /it would show server\.pem, which holds secrets; leave it/
        )
        all.git("add", "server.pem")
        assert.match((yield* refusals(all, ["git diff --cached"]))[0] ?? "", /it would show server\.pem/)
        all.git("commit", "-qm", "x", "server.pem")
        all.git("mv", "server.pem", "plain.txt")
        assert.match((yield* refusals(all, ["git diff -M --cached"]))[0] ?? "", /it would show server\.pem/)
      })
  )

  it.scopedLive("shows nothing that lies outside of the workspace, or in no repository", () =>
    Effect.gen(function*() {
      const all = yield* place
      const { base, put, root } = all
      const within = { base, root: join(root, "src") }
      put("top.txt", "one\n")
      all.git("add", "top.txt")
      assert.deepStrictEqual(
        yield* refusals(within, [
          "git log -p -1",
          "git diff --cached",
          "git show HEAD:top.txt",
          "git show HEAD:./a.txt"
        ]),
        [
          "Allow",
          `it would show ${root}/top.txt, which is outside the workspace; leave out what is not below this folder with -- .`,
          unknown,
          "Allow"
        ]
      )
      rmSync(join(root, ".git"), { recursive: true })
      put("other/a.txt", "two\n")
      assert.deepStrictEqual(
        yield* refusals(all, ["git diff src other", "git diff src/a.txt top.txt", "git status"]),
        [
          untold,
          untold,
          "Allow"
        ]
      )
    }))

  it.scopedLive("is asked for where another place than the folder says what it looks at", () =>
    Effect.gen(function*() {
      const all = yield* place
      for (const [name, value] of [["GIT_DIR", "/x"], ["GIT_INDEX_FILE", "/x"], ["GIT_CONFIG_GLOBAL", "x"]] as const) {
        assert.deepStrictEqual(yield* refusals(all, ["git status"], { [name]: value }), [unknown], name)
      }
      // A home that the workspace has brought along, or one that is the workspace.
      const inside = [{ HOME: all.root }, { XDG_CONFIG_HOME: join(all.root, ".config") }, { HOME: "." }]
      const expected = (status: string) => [["Allow"], ["Allow"], [status]]
      const found = () => Effect.forEach(inside, (environment) => refusals(all, ["git status"], environment))
      assert.deepStrictEqual(yield* found(), expected(unknown))
      all.put(".gitconfig", "[core]\n")
      symlinkSync("../home", join(all.root, ".config"))
      mkdirSync(join(all.base, "home/git"))
      writeFileSync(join(all.base, "home/git/config"), "[core]\n")
      assert.deepStrictEqual(yield* found(), [[unknown], ["Allow"], [unknown]])
      rmSync(join(all.root, ".config"))
      all.put(".config/git/config", "[core]\n")
      assert.deepStrictEqual(yield* found(), [[unknown], [unknown], [unknown]])
    }))
})

describe("A program", () => {
  it.scopedLive("that the workspace brings along is not known, whatever it is called", () =>
    Effect.gen(function*() {
      const all = yield* place
      const { base, put, root } = all
      put("bin/ls", "#!/bin/sh\n")
      chmodSync(join(root, "bin/ls"), 0o755)
      mkdirSync(join(base, "bin"))
      symlinkSync(join(root, "bin/ls"), join(base, "bin/cat"))
      symlinkSync(join(root, "bin"), join(base, "way"))
      const path = process.env["PATH"] ?? ""
      const own = (name: string) => `what ${name} is here depends on the workspace`
      const lines = ["ls", "cat src/a.txt", "pwd"]
      const expected: ReadonlyArray<readonly [path: string, refusals: ReadonlyArray<string>]> = [
        [path, ["Allow", "Allow", "Allow"]],
        [`${path}:.`, ["Allow", "Allow", "Allow"]],
        [`.:${path}`, [own("ls"), own("cat"), "Allow"]],
        [`:${path}`, [own("ls"), own("cat"), "Allow"]],
        [`node_modules/.bin:${path}`, [own("ls"), own("cat"), "Allow"]],
        [`${root}/bin:${path}`, [own("ls"), "Allow", "Allow"]],
        [`${base}/way:${path}`, [own("ls"), "Allow", "Allow"]],
        [`${base}/bin:${path}`, ["Allow", own("cat"), "Allow"]],
        ["", [own("ls"), own("cat"), "Allow"]]
      ]
      for (const [PATH, refused] of expected) {
        assert.deepStrictEqual(yield* refusals(all, lines, { PATH }), refused, PATH)
      }
      assert.deepStrictEqual(yield* refusals(all, ["ls"], { BASH_ENV: "x.sh" }), [unknown])
    }))

  it.scopedLive(
    "reaches by its paths only what lies inside, wherever cd and the shell lead",
    () =>
      Effect.gen(function*() {
        const all = yield* place
        const { base, put, root } = all
        mkdirSync(join(base, "outside"))
        writeFileSync(join(base, "outside/o.txt"), "outside")
        put("sub/a.txt", "one\n")
        symlinkSync("../../outside/o.txt", join(root, "sub/o.txt"))
        symlinkSync("../../outside", join(root, "sub/out"))
        symlinkSync("../server.pem", join(root, "sub/key.txt"))
        symlinkSync("../outside", join(root, "a="))
        const refused = [
          ["cd sub && cat o.txt", unknown],
          ["cd sub && cat a.txt | head -1 out/o.txt", unknown],
          ["cd sub/out && ls", unknown],
          ["cd missing && ls || cat sub/o.txt", unknown],
          ["cd sub && cat key.txt", "it names a file that holds secrets"],
          ["cd closed && cat b.txt", "a rule denies what it names"],
          ["cd closed && ls || cat closed/b.txt", "a rule denies what it names"],
          ["cat a=~/o.txt", used("cat")],
          ["ls sub/*", "it names a file that holds secrets"],
          ["ls sub/o*", unknown],
          ["diff src sub", unknown],
          ["diff src/a.txt sub", unknown],
          ["cmp src sub", unknown],
          ["echo a*", unknown]
        ] as const
        const found = yield* refusals(all, refused.map(([line]) => line))
        assert.deepStrictEqual(refused.map(([line], index) => [line, found[index]]), refused.map((row) => [...row]))
        const allowed = [
          "cd sub && cat a.txt",
          "cd sub && ls && cat a.txt || cat src/a.txt",
          "ls sub/a*",
          "diff src/a.txt sub/a.txt"
        ]
        assert.deepStrictEqual(yield* refusals(all, allowed), allowed.map(() => "Allow"))
      })
  )

  it.scopedLive(
    "reaches nothing by a path that no system call would take, as git and cd make shorter ones of it",
    () =>
      Effect.gen(function*() {
        const all = yield* place
        const { base, root } = all
        const long = "./".repeat(2600)
        writeFileSync(join(base, "home/o.txt"), "outside")
        const way = "abcdefghij".split("").map((letter) => letter.repeat(230)).join("/")
        execFileSync("/bin/bash", [
          "-c",
          `mkdir -p ${way} && cd ${way} && mkdir -p ${way} && cd ${way} && ln -s ${base}/home/o.txt . && : > own.txt`
        ], { cwd: root })
        assert.deepStrictEqual(
          yield* refusals(all, [
            `git blame ${long}closed/b.txt`,
            `git show HEAD:${long}closed/b.txt`,
            `cd ${way} && cd ${way} && cat o.txt`,
            `cd ${way} && head ${way}/o.txt`,
            `cd ${way} && ls ${way}/o*`,
            `cd ${way} && ls`
          ]),
          [used("git blame"), used("git show"), unknown, unknown, unknown, "Allow"]
        )
      })
  )

  it.scopedLive("is not shown the folder above by a glob", () =>
    Effect.gen(function*() {
      const all = yield* place
      all.put(".a", "")
      assert.deepStrictEqual(
        yield* refusals(all, ["ls -d .a*", "ls -d .?*", "du src/.*", "find .? -type d", "ls src/*", "stat .?a"]),
        ["Allow", unknown, "Allow", unknown, "Allow", "Allow"]
      )
    }))

  it.scoped("that does not say in time what it would show is not known to only look", () =>
    Effect.gen(function*() {
      const all = yield* place
      const answering = (output: Stream.Stream<Uint8Array>, code = 0) =>
        Layer.succeed(CommandRunner, {
          start: () =>
            Effect.succeed({
              output,
              ending: Effect.succeed({ _tag: "Exited" as const, code, background: [] }),
              waiting: Effect.never
            }),
          environment: Effect.succeed({ PATH: "/nowhere" })
        })
      const ask = (runner: Layer.Layer<CommandRunner>) => refusals(all, ["rg one src"], {}, runner)
      const bytes = (text: string) => new TextEncoder().encode(text)
      const late = yield* Effect.fork(ask(answering(Stream.never)))
      yield* Effect.repeat(TestClock.adjust("1 second"), {
        until: () => Effect.map(Fiber.poll(late), ({ _tag }) => _tag === "Some")
      })
      assert.deepStrictEqual(yield* Fiber.join(late), [untold])
      assert.deepStrictEqual(yield* ask(answering(Stream.repeatValue(bytes("src/a.txt\0".repeat(10_000))))), [untold])
      assert.deepStrictEqual(yield* ask(answering(Stream.empty, 2)), [untold])
      assert.deepStrictEqual(yield* ask(answering(Stream.empty, 1)), ["Allow"])
      assert.deepStrictEqual(yield* ask(answering(Stream.make(bytes("src/a.txt\0"), bytes("src/x")))), ["Allow"])
      assert.include((yield* ask(answering(Stream.make(bytes("src/a.txt\0"), bytes("src/x.pem\0")))))[0], "src/x.pem")
    }))
})
