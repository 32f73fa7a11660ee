import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { execFileSync } from "node:child_process"
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { sandboxFor } from "../../src/cli/sandbox.ts"
import * as NodeSandbox from "../../src/node/sandbox/NodeSandbox.ts"
import * as Script from "../../src/testing/Script.ts"
import { makeOutside, outside as folderOutside } from "../outside.ts"
import { isThere as isTerminalThere } from "./pseudoTerminal.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"
import { sit } from "./terminal.ts"

const there = await Effect.runPromise(NodeSandbox.find)
const isThere = Either.isRight(there)
if (Either.isLeft(there)) process.stderr.write(`The sandbox is not tried: ${there.left.reason}\n`)

/** Without the setting by which other tests have no sandbox. */
const usual = { EFFIXIR_SANDBOX: "" }

/** Runs commands one after the other, and gives what the model is told of each. */
const outputs = (commands: ReadonlyArray<string>, args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const all = yield* machine(Script.fromTurns([
      ...commands.map((command) => Script.answer(Script.call("bash", { command }))),
      Script.answer(Script.say("Done."))
    ]))
    const { file, fs, path, run } = all
    yield* fs.makeDirectory(file(".git/hooks"), { recursive: true })
    yield* fs.makeDirectory(file(".agents"))
    yield* fs.makeDirectory(file(".effixir"))
    yield* fs.writeFileString(file(".mcp.json"), "{}")
    yield* fs.writeFileString(file(".git/config"), "[core]\n")
    yield* fs.writeFileString(file(".env"), "SECRET=1\n")
    const { code, stdout } = yield* run(["run", "--json", ...args, "Go on"], { env: usual })
    assert.strictEqual(code, 0, stdout)
    const told = lines(stdout).flatMap(({ item, type }) =>
      type === "item.completed" && item?.type === "tool_call" ? [String(item["output"])] : []
    )
    return { ...all, told, beside: path.dirname(file("x")) }
  })

describe.runIf(isThere)("MCP servers", () => {
  it.scopedLive("are kept in like commands, unless a person's own settings let them out", () =>
    Effect.gen(function*() {
      const outside = yield* folderOutside
      const server = fileURLToPath(new URL("mcpServer.mjs", import.meta.url))
      const writing = (more: object = {}) => ({ command: process.execPath, args: [server, "writing"], ...more })
      const names = ["usual", "out", "more", "theirs"]
      const all = yield* machine(Script.fromTurns([
        ...names.map((name) =>
          Script.answer(Script.call(`mcp__${name}__echo`, {
            paths: [`own-${name}.txt`, `${outside}/${name}.txt`, ".git/config", `.git/${name}`]
          }))
        ),
        Script.answer(Script.say("Done."))
      ]))
      const { file, fs, home, path, run } = all
      yield* fs.makeDirectory(file(".git"))
      yield* fs.writeFileString(file(".git/HEAD"), "ref: refs/heads/main\n")
      yield* fs.writeFileString(file(".git/config"), "[core]\n")
      yield* fs.writeFileString(
        path.join(home, "config.json"),
        JSON.stringify({
          mcp_servers: {
            usual: writing(),
            out: writing({ sandbox: false }),
            more: writing({ sandbox_writable: [outside] })
          }
        })
      )
      // A project cannot let its servers out.
      yield* fs.writeFileString(
        file(".mcp.json"),
        JSON.stringify({ mcpServers: { theirs: writing({ sandbox: false, sandbox_writable: [outside] }) } })
      )
      const { code, stderr, stdout } = yield* run(["run", "--json", "--trust", "Go on"], { env: usual })
      assert.strictEqual(code, 0, stdout + stderr)
      const told = lines(stdout).flatMap(({ item, type }) =>
        type === "item.completed" && item?.type === "tool_call" ? [String(item["output"])] : []
      )
      assert.deepStrictEqual(told.map((text) => JSON.parse(text)), [
        ["written", "EROFS", "EROFS", "EROFS"],
        ["written", "written", "written", "written"],
        ["written", "written", "EROFS", "EROFS"],
        ["written", "EROFS", "EROFS", "EROFS"]
      ])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("that are not there are told as such in the sandbox too", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(Script.fromTurns([Script.answer(Script.say("Done."))]))
      yield* fs.writeFileString(
        path.join(home, "config.json"),
        JSON.stringify({ mcp_servers: { none: { command: "effixir-no-such-program" } } })
      )
      const { stderr } = yield* run(["run", "--json", "Go on"], { env: usual })
      assertSentence(stderr, "the program effixir-no-such-program is not there")
    }).pipe(Effect.provide(platform)))
})

describe.runIf(isThere && isTerminalThere)("a write that the sandbox refuses", () => {
  it.scopedLive("is asked about on a terminal, in auto as well, and remembered when the session goes on", () =>
    Effect.gen(function*() {
      const outside = yield* folderOutside
      const writing = (name: string) => Script.answer(Script.call("bash", { command: `echo in > ${outside}/${name}` }))
      const person = yield* sit([writing("a"), writing("b"), Script.answer(Script.say("Once.")), writing("c")], {
        permission: "auto",
        columns: 150,
        env: usual
      })
      assert.include(
        yield* person.see("n no"),
        `? bash: run this command again, from its start\n│ echo in > ${outside}/a\n` +
          `  and let it write here as well, and in what lies in it\n│ ${outside}\n` +
          `  asked because the sandbox has refused it to write ${outside}`
      )
      yield* person.press("a")
      assert.strictEqual((yield* person.end).code, 0)
      assert.include(yield* person.heard, "in this session from now on")
      const more = yield* person.run(["resume", "--last", "More"], { env: usual })
      assert.strictEqual(more.code, 0, more.stderr)
      assert.deepStrictEqual(readdirSync(outside).toSorted(), ["a", "b", "c"])
    }).pipe(Effect.provide(platform)))
})

describe.runIf(isThere)("--sandbox", () => {
  it.scopedLive("removes what would have git take its settings from elsewhere", () =>
    Effect.gen(function*() {
      const { file, told } = yield* outputs([
        "mkdir -p .git/worktrees/w && echo ../.. > .git/worktrees/w/commondir; echo ref: refs/heads/main > .git/HEAD",
        "mkdir evil && echo ../evil > .git/commondir && cat .git/commondir",
        "ln -s ../evil .git/commondir; sleep 60 & sleep 0.2; ls -d .git/commondir",
        "ls .git/commondir || echo gone"
      ], [])
      assert.include(told[1], "../evil")
      assert.match(told[3] ?? "", /gone/)
      assert.isFalse(existsSync(file(".git/commondir")))
      assert.isTrue(existsSync(file(".git/worktrees/w/commondir")))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("workspace-write, as usual, lets commands write in the workspace and the temporary folder, and nowhere else", () =>
    Effect.gen(function*() {
      const { file, fs, told } = yield* outputs([
        `echo in > in.txt && echo tmp > "${tmpdir()}/effixir-sandbox-$$" && rm "${tmpdir()}/effixir-sandbox-$$" && echo fine`,
        "touch /usr/effixir-sandbox",
        "echo x >> .git/config; touch .git/hooks/pre-commit; touch .agents/x .effixir/x; mv .agents other; true",
        "mv .mcp.json other; rm .mcp.json; echo x >> .mcp.json; true",
        "touch .git/index && echo fine",
        "mv .git put-aside || rm -r .git; mkdir -p .git/hooks; touch .git/hooks/pre-commit"
      ], [])
      assert.strictEqual(told[0], "fine")
      assert.strictEqual(yield* fs.readFileString(file("in.txt")), "in\n")
      assert.match(told[1] ?? "", /\[Exit code 1\.\]\n\[The command ran in a sandbox, .* only in /)
      assert.isFalse(existsSync("/usr/effixir-sandbox"))
      assert.strictEqual(yield* fs.readFileString(file(".git/config")), "[core]\n")
      assert.deepStrictEqual(yield* fs.readDirectory(file(".git/hooks")), [])
      assert.deepStrictEqual(yield* fs.readDirectory(file(".agents")), [])
      assert.deepStrictEqual(yield* fs.readDirectory(file(".effixir")), [])
      assert.strictEqual(yield* fs.readFileString(file(".mcp.json")), "{}")
      assert.strictEqual(told[4], "fine")
      assert.isFalse(yield* fs.exists(file("put-aside")))
      assert.match(told[5] ?? "", /busy/)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("shows no secret file, nor effixir's own, whoever asks for them", () =>
    Effect.gen(function*() {
      const { home, told } = yield* outputs([
        "cat .env; cat .e*; head -c 100 < .env; cp .env x",
        "cat \"$EFFIXIR_HOME/auth.json\"; ls -A \"$EFFIXIR_HOME\"; true",
        "for n in /proc/[0-9]*; do cat $n/root$PWD/.env $n/environ; done 2>/dev/null | grep -ac SECRET; rm -f .env; cat .env"
      ], ["--sandbox", "workspace-write"])
      assert.notMatch(told.join("\n"), /SECRET=/)
      assert.match(told[0] ?? "", /\.env: Permission denied/)
      assert.match(told[1] ?? "", /No such file/)
      assert.match(told[2] ?? "", /^0\n/)
      assert.isTrue(existsSync(`${home}/auth.json`))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("read-only, and --permission read-only with any sandbox, let commands write nowhere", () =>
    Effect.gen(function*() {
      const commands = ["cat <<'END'\nhere\nEND", "touch x /tmp/effixir-sandbox-x"]
      const { file, fs, told } = yield* outputs(commands, ["--sandbox", "read-only"])
      assert.strictEqual(told[0], "here")
      assert.match(told[1] ?? "", /x'?: Read-only file system[^]*can write nowhere/)
      assert.isFalse(yield* fs.exists(file("x")))
      const by = yield* sandboxFor({ folder: "/", permission: "read-only" })
      assert.deepInclude(by, { mode: "read-only", isRequired: false })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("stays with a session that goes on, whatever is set by then, until a flag says something else", () =>
    Effect.gen(function*() {
      const touch = (name: string) => [
        Script.answer(Script.call("bash", { command: `touch ${name}` })),
        Script.answer(Script.say("Done."))
      ]
      const { file, fs, run } = yield* machine(Script.fromTurns(["a", "b", "c"].flatMap(touch)))
      const there = Effect.filter(["a", "b", "c"], (name) => fs.exists(file(name)))
      assert.strictEqual((yield* run(["run", "--sandbox", "read-only", "Go on"])).code, 0)
      const kept = yield* run(["resume", "--last", "More"])
      assertSentence(kept.stderr, "goes on with --sandbox read-only, as before")
      assert.deepStrictEqual([kept.code, yield* there], [0, []])
      const changed = yield* run(["resume", "--last", "--sandbox", "workspace-write", "More"])
      assertSentence(changed.stderr, "otherwise than before: sandbox workspace-write instead of read-only")
      assert.deepStrictEqual([changed.code, yield* there], [0, ["c"]])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("keeps the network away where it is told to, and lets folders be written that are listed", () =>
    Effect.gen(function*() {
      const { base } = yield* machine(Script.fromTurns([]))
      const { told } = yield* outputs([
        "exec 3<>/dev/tcp/127.0.0.1/1",
        `touch ${base}/listed && echo fine`
      ], ["--sandbox", "workspace-write", "--set", "sandbox_network=false", "--set", `sandbox_writable=["${base}"]`])
      assert.match(told[0] ?? "", /reaches no network/)
      assert.strictEqual(told[1], "fine")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("ends with the command all that it has started, and gives its exit code", () =>
    Effect.gen(function*() {
      const { told } = yield* outputs(
        ["sleep 4321 & setsid sleep 4321 & exit 7", "kill -TERM $$", "git --version > /dev/null && echo $?"],
        ["--sandbox", "workspace-write"]
      )
      assert.deepStrictEqual(told, ["[Exit code 7.]", "[Exit code 143.]", "0"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("lets git work: with a tracked secret, and in a folder of a larger repository", () =>
    Effect.gen(function*() {
      const { file, folder, fs, path, run, simulator } = yield* machine(Script.fromTurns([
        Script.answer(Script.call("bash", {
          command:
            "git status --short; cat .env; echo 2 > a.txt; git add -A && git commit -qm second && git show --stat"
        })),
        Script.answer(
          Script.call("bash", { command: "touch ../.git/hooks/pre-commit; echo x >> ../.git/config" })
        ),
        Script.answer(Script.say("Done."))
      ]))
      const part = file("part")
      yield* fs.makeDirectory(part)
      yield* fs.writeFileString(path.join(part, ".env"), "SECRET=1\n")
      yield* fs.writeFileString(path.join(part, "a.txt"), "1\n")
      const old = new Date(2020, 1, 1)
      yield* fs.utimes(path.join(part, ".env"), old, old)
      const git = (...args: ReadonlyArray<string>) => execFileSync("git", args, { cwd: folder, encoding: "utf8" })
      git("init", "-q")
      git("config", "user.name", "Ada")
      git("config", "user.email", "ada@example.com")
      git("add", "-A")
      git("commit", "-qm", "first")
      const missing = ["--set", `sandbox_writable=["${file("gone")}"]`]
      const { code, stderr, stdout } = yield* run(["run", "-C", part, "--json", ...missing, "Go on"], { env: usual })
      assert.strictEqual(code, 0, stdout)
      assertSentence(stderr, `sandbox_writable names ${file("gone")}, which is not there`)
      assert.lengthOf(stderr.trim().split("\n"), 1)
      const [first = "", second = ""] = lines(stdout).flatMap(({ item, type }) =>
        type === "item.completed" && item?.type === "tool_call" ? [String(item["output"])] : []
      )
      assert.match(first, /^cat: \.env: Permission denied\ncommit /)
      assert.match(first, / part\/a\.txt \| 2 [^]*1 file changed/)
      assert.strictEqual(git("show", "HEAD:part/.env"), "SECRET=1\n")
      assert.strictEqual(git("status", "--short"), "")
      assert.match(second, /config: Read-only file system/)
      assert.isFalse(existsSync(file(".git/hooks/pre-commit")))
      const [request] = yield* simulator.requests
      assert.include(JSON.stringify(request?.body), "Commands run in a sandbox: they can write only in the workspace")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("lets no link in the place of .git, nor of another folder it may write in, lead out of the workspace", () =>
    Effect.gen(function*() {
      const base = makeOutside()
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(base, { recursive: true })))
      const [repository, work, late] = [join(base, "other/.git"), join(base, "work"), join(base, "work/late")]
      mkdirSync(repository, { recursive: true })
      mkdirSync(work)
      writeFileSync(join(repository, "HEAD"), "ref: refs/heads/main\n")
      const { run } = yield* machine(Script.fromTurns([
        Script.answer(Script.call("bash", { command: "ln -s ../other/.git .git; ln -s ../other late" })),
        Script.answer(Script.call("bash", { command: "touch .git/marker late/marker; true" })),
        Script.answer(Script.say("Done."))
      ]))
      const listed = ["--set", `sandbox_writable=["${late}"]`]
      assert.strictEqual((yield* run(["run", "-C", work, ...listed, "Go on"], { env: usual })).code, 0)
      assert.deepStrictEqual(readdirSync(repository), ["HEAD"])
      assert.deepStrictEqual(readdirSync(join(base, "other")), [".git"])
      assert.isTrue(lstatSync(late).isSymbolicLink() && lstatSync(join(work, ".git")).isSymbolicLink())
    }).pipe(Effect.provide(platform)))

  it.scopedLive("protects hooks where there are none yet, also from a worktree that gives its repository by relative paths", () =>
    Effect.gen(function*() {
      const base = makeOutside()
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(base, { recursive: true })))
      const [repository, tree] = [join(base, "main/.git"), join(base, "tree")]
      const entry = join(repository, "worktrees/tree")
      mkdirSync(entry, { recursive: true })
      mkdirSync(tree)
      writeFileSync(join(repository, "HEAD"), "ref: refs/heads/main\n")
      writeFileSync(join(entry, "config.worktree"), "")
      writeFileSync(join(entry, "commondir"), "../..\n")
      writeFileSync(join(entry, "gitdir"), "../../../../tree/.git\n")
      writeFileSync(join(tree, ".git"), "gitdir: ../main/.git/worktrees/tree\n")
      const go = (folder: string, command: string) =>
        Effect.gen(function*() {
          const { run } = yield* machine(
            Script.fromTurns([Script.answer(Script.call("bash", { command })), Script.answer(Script.say("Done."))])
          )
          assert.strictEqual((yield* run(["run", "-C", folder, "Go on"], { env: usual })).code, 0)
        })
      const git = "../main/.git"
      yield* go(
        tree,
        `mkdir ${git}/hooks; touch ${git}/hooks/pre-commit; echo x > ${git}/worktrees/tree/config.worktree; touch ${git}/fine`
      )
      assert.deepStrictEqual(readdirSync(repository).toSorted(), ["HEAD", "fine", "hooks", "worktrees"])
      assert.deepStrictEqual(readdirSync(join(repository, "hooks")), [])
      assert.strictEqual(lstatSync(join(entry, "config.worktree")).size, 0)
      // Seen through a link in a folder of the name of the worktree, the same entry points to that folder.
      const named = join(base, "elsewhere/tree")
      mkdirSync(named, { recursive: true })
      yield* go(named, "ln -s ../../main/.git linked; echo 'gitdir: linked/worktrees/tree' > .git")
      yield* go(named, "touch linked/marker; true")
      assert.isFalse(existsSync(join(repository, "marker")))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is told of by status and doctor", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(Script.fromTurns([]))
      const env = { EFFIXIR_SANDBOX: "read-only" }
      const status = JSON.parse((yield* run(["status", "--json"], { env })).stdout)
      assert.deepStrictEqual(status.sandbox, { mode: "read-only", available: true, reason: null })
      const doctor = JSON.parse((yield* run(["doctor", "--json", "--offline"], { env })).stdout)
      const check = doctor.checks.find(({ id }: { id: string }) => id === "sandbox.available")
      assert.deepInclude(check, { status: "ok", summary: "Commands run in a sandbox" })
    }).pipe(Effect.provide(platform)))
})

describe("a sandbox that cannot be had", () => {
  it.scopedLive("is refused before anything runs", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(Script.fromTurns([]))
      const hosts = yield* run(["run", "--sandbox", "workspace-write", "--set", "sandbox_network=[\"a.com\"]", "Go"])
      assert.strictEqual(hosts.code, 2)
      assertSentence(hosts.stderr, "sandbox_network names hosts", "true or false")
      const none = yield* run(["run", "--sandbox", "everything", "Go"])
      assert.strictEqual(none.code, 2)
      assert.strictEqual((yield* simulator.requests).length, 0)
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(isThere && process.platform === "linux")(
    "ends a run that asked for it with the reason; others run without, and status says so",
    () =>
      Effect.gen(function*() {
        // Inside a sandbox without the program, and without user namespaces, there is none.
        const through = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", "/dev/null", "/usr/bin/bwrap"]
        const { file, fs, run } = yield* machine(
          Script.fromTurns([
            Script.answer(Script.call("bash", { command: "echo ran > ran.txt" })),
            Script.answer(Script.say("Done."))
          ]),
          { isStarted: true }
        )
        const asked = yield* run(["run", "--sandbox", "workspace-write", "Go"], { through })
        assert.strictEqual(asked.code, 2, asked.stderr)
        assertSentence(
          asked.stderr,
          "The sandbox \"workspace-write\" cannot be had",
          "bubblewrap",
          "install",
          "--sandbox off"
        )
        assert.isFalse(yield* fs.exists(file("ran.txt")))
        const status = yield* run(["status", "--json"], { through, env: usual })
        assert.deepInclude(JSON.parse(status.stdout).sandbox, { available: false })
        assert.strictEqual((yield* run(["run", "Go"], { through, env: usual })).code, 0)
        assert.strictEqual(yield* fs.readFileString(file("ran.txt")), "ran\n")
      }).pipe(Effect.provide(platform))
  )
})
