import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProcessGroup from "../../../src/node/process/ProcessGroup.ts"
import type * as Grants from "../../../src/tools/permission/Grants.ts"
import * as Permission from "../../../src/tools/permission/Permission.ts"
import * as Policy from "../../../src/tools/permission/Policy.ts"
import * as SecretFiles from "../../../src/tools/permission/SecretFiles.ts"
import * as Tool from "../../../src/tools/Tool.ts"
import * as Workspace from "../../../src/tools/workspace/Workspace.ts"
import { at, layerWorkspace, plant } from "../support.ts"

const run = (command: string, workdir?: string): Tool.Access => ({ kind: "run", command, workdir })

const decide = (access: Tool.Access, tool: string = access.kind === "run" ? "bash" : access.kind) =>
  Effect.flatMap(
    Permission.Permission,
    (permission) => permission.decide({ sessionId: "s1", tool, access, describe: "do it" })
  )

/** effixir's own folder lies in the workspace. */
const secrets = Layer.effect(
  SecretFiles.SecretFiles,
  Effect.map(Workspace.Workspace, ({ root }) => SecretFiles.make({ home: `${root}/own` }))
)

const layer = (permission: Layer.Layer<Permission.Permission, never, Permission.Requirements>) =>
  permission.pipe(Layer.provide(secrets), Layer.provideMerge(layerWorkspace))

const layerOfRoot = Workspace.layer({ root: "/" }).pipe(
  Layer.provideMerge(Layer.merge(NodeContext.layer, ProcessGroup.layer))
)

const ruled = (rules: ReadonlyArray<Policy.Rule>, mode: Policy.Mode) =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.orDie(Policy.fromText(JSON.stringify({ rules }), "p.json")),
      (policy) => Permission.layerPolicy(policy, mode)
    )
  )

const accesses: ReadonlyArray<readonly [access: Tool.Access, auto: string, ask: string, readOnly: string]> = [
  [Tool.nothing, "Allow", "Allow", "Allow"],
  [Tool.reads("a.txt"), "Allow", "Allow", "Allow"],
  [Tool.reads("../outside/secret.txt"), "Allow", "Allow", "Allow"],
  [Tool.writes("a.txt"), "Allow", "Ask", "Deny"],
  [{ kind: "other" }, "Allow", "Ask", "Deny"],
  [run("git status"), "Allow", "Allow", "Allow"],
  [run("ls", "inside"), "Allow", "Allow", "Allow"],
  [run("git status", "inside"), "Allow", "Ask", "Deny"],
  [run("rm x"), "Allow", "Ask", "Deny"],
  [run("ls > x"), "Allow", "Ask", "Deny"],
  [run("cat .env"), "Allow", "Ask", "Deny"],
  [run("cat own/auth.json"), "Allow", "Ask", "Deny"],
  [run("cat auth.json", "own"), "Allow", "Ask", "Deny"],
  [Tool.reads(".env"), "Deny", "Deny", "Deny"],
  [Tool.reads("a.txt", "inside/.env.local"), "Deny", "Deny", "Deny"],
  [Tool.reads("./inside/../.env"), "Deny", "Deny", "Deny"],
  [Tool.writes("server.pem"), "Deny", "Deny", "Deny"],
  [Tool.reads(".env.example"), "Allow", "Allow", "Allow"],
  [Tool.reads("harmless.txt"), "Deny", "Deny", "Deny"],
  [Tool.reads("own"), "Deny", "Deny", "Deny"],
  [Tool.reads("own/auth.json"), "Deny", "Deny", "Deny"],
  [Tool.reads("own/sessions/s2/artifacts/c.txt"), "Deny", "Deny", "Deny"],
  [Tool.reads("own/sessions/s1/artifacts/c.txt"), "Allow", "Allow", "Allow"]
]

const prepared = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  yield* plant({ ".env": "KEY=1", "own/auth.json": "{}" })
  yield* fs.symlink(".env", yield* at("harmless.txt"))
})

describe("Permission", () => {
  const modes = [["auto", Permission.layerAuto, 1], ["ask", Permission.layerAsk, 2], [
    "read-only",
    Permission.layerReadOnly,
    3
  ]] as const
  for (const [mode, permission, column] of modes) {
    it.scoped(`decides in mode ${mode}`, () =>
      Effect.gen(function*() {
        yield* prepared
        for (const row of accesses) {
          const { _tag, rule } = yield* decide(row[0])
          assert.strictEqual(_tag, row[column], JSON.stringify(row[0]))
          assert.match(rule, _tag === "Allow" || _tag === "Ask" ? new RegExp(`^mode ${mode}$`) : /^mode|^secret files$/)
        }
      }).pipe(Effect.provide(layer(permission))))
  }

  it.scoped("need not be told of what mode auto lets run", () =>
    Effect.gen(function*() {
      assert.deepInclude(yield* decide(run("rm x")), { isRoutine: true })
    }).pipe(Effect.provide(layer(Permission.layerAuto))))

  it.scoped("lets rules come before the mode, and names them", () =>
    Effect.gen(function*() {
      const expected: ReadonlyArray<readonly [Tool.Access, tag: string, rule: string]> = [
        [run("npm test"), "Allow", "rule 1 of p.json"],
        [run("npm test | tail -5"), "Allow", "mode read-only"],
        [run("npm test && rm x"), "Deny", "mode read-only"],
        [run("git push"), "Ask", "rule 2 of p.json"],
        [run("ls"), "Allow", "mode read-only"],
        [Tool.writes("inside/a"), "Allow", "rule 3 of p.json"],
        [Tool.writes("link-in/a"), "Deny", "mode read-only"],
        [Tool.reads("inside/private/a"), "Deny", "rule 4 of p.json"],
        [Tool.reads("link-in/private/a"), "Deny", "rule 4 of p.json"],
        [Tool.writes("b"), "Deny", "mode read-only"]
      ]
      for (const [access, tag, rule] of expected) {
        const decision = yield* decide(access)
        assert.deepStrictEqual([decision._tag, decision.rule], [tag, rule], JSON.stringify(access))
      }
    }).pipe(Effect.provide(layer(ruled([
      { decision: "allow", command: "npm test" },
      { decision: "ask", command: "git push" },
      { decision: "allow", path: "inside/**" },
      { decision: "deny", path: "inside/private/**" }
    ], "read-only")))))

  it.scoped("opens a secret file only to a rule that names its path", () =>
    Effect.gen(function*() {
      yield* prepared
      assert.strictEqual((yield* decide(Tool.reads(".env")))._tag, "Allow")
      assert.strictEqual((yield* decide(Tool.reads("inside/.env")))._tag, "Deny")
      // The link is another path, and the secret behind it is not named by it.
      assert.strictEqual((yield* decide(Tool.reads("harmless.txt")))._tag, "Deny")
    }).pipe(Effect.provide(layer(ruled([
      { decision: "allow", tool: "read" },
      { decision: "allow", path: ".env" }
    ], "auto")))))

  const steering = [
    ".agents/skills/deploy/SKILL.md",
    ".mcp.json",
    "inside/.MCP.json",
    "inside/.agents/x",
    ".git/config",
    ".git",
    "link-agents/new/a",
    ".GIT/x"
  ]

  for (
    const [mode, permission, tag] of modes.map((row) => [row[0], row[1], row[0] === "ask" ? "Ask" : "Deny"] as const)
  ) {
    it.scoped(`lets no tool write what later runs and git go by in mode ${mode}`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* plant({ ".agents/skills/a/SKILL.md": "x", ".git/HEAD": "x" })
        yield* fs.symlink(".agents", yield* at("link-agents"))
        for (const path of steering) {
          const { _tag, rule } = yield* decide(Tool.writes("a.txt", path))
          assert.deepStrictEqual([_tag, rule], [tag, tag === "Ask" ? "mode ask" : "protected files"], path)
          assert.strictEqual((yield* decide(Tool.reads(path)))._tag, "Allow", path)
        }
        for (const path of ["AGENTS.md", ".github/a", ".gitignore", "agents/a", "a.git/b"]) {
          assert.strictEqual((yield* decide(Tool.writes(path)))._tag, mode === "auto" ? "Allow" : tag, path)
          assert.notStrictEqual((yield* decide(Tool.writes(path))).rule, "protected files", path)
        }
      }).pipe(Effect.provide(layer(permission))))
  }

  it.scoped("opens what later runs go by to a rule that names its path, and to nobody who meant other files", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* decide(Tool.writes(".agents/skills/a/SKILL.md")))._tag, "Allow")
      assert.strictEqual((yield* decide(Tool.writes(".agents/other")))._tag, "Deny")
      assert.strictEqual((yield* decide(Tool.writes(".git/config")))._tag, "Deny")
    }).pipe(Effect.provide(layer(ruled([
      { decision: "allow", tool: "write" },
      { decision: "allow", path: ".agents/skills/**" }
    ], "auto")))))

  it.scoped("goes by the rules also where the workspace is the root of all", () =>
    Effect.gen(function*() {
      const tags = yield* Effect.forEach(
        [
          Tool.writes("etc/hosts"),
          Tool.writes("/etc/hosts"),
          Tool.writes("tmp/../etc/hosts"),
          Tool.reads("own/auth.json"),
          Tool.reads("/own/auth.json"),
          Tool.writes("tmp/a.txt")
        ],
        (access) => Effect.map(decide(access), ({ _tag }) => _tag)
      )
      assert.deepStrictEqual(tags, ["Deny", "Deny", "Deny", "Deny", "Deny", "Allow"])
    }).pipe(Effect.provide(
      ruled([{ decision: "deny", path: "etc/**" }], "auto").pipe(
        Layer.provide(Layer.succeed(SecretFiles.SecretFiles, SecretFiles.make({ home: "/own" }))),
        Layer.provideMerge(layerOfRoot)
      )
    )))

  it.scoped("asks again for what later runs go by, where writing is always allowed", () =>
    Effect.gen(function*() {
      const permission = yield* Permission.Permission
      const grant = (path: string) =>
        Effect.flatMap(
          decide(Tool.writes(path)),
          (decision) => permission.remember("s1", decision._tag === "Ask" ? decision.scopes.at(-1)?.grants ?? [] : [])
        )
      yield* grant("a.txt")
      assert.strictEqual((yield* decide(Tool.writes("b.txt")))._tag, "Allow")
      const asked = yield* decide(Tool.writes(".agents/a"))
      assert.deepStrictEqual(asked._tag === "Ask" ? asked.scopes.map(({ allows, kind }) => [kind, ...allows]) : [], [
        ["files", "calls of write that change .agents/a"]
      ])
      yield* grant(".agents/a")
      assert.strictEqual((yield* decide(Tool.writes(".agents/a")))._tag, "Allow")
      assert.strictEqual((yield* decide(Tool.writes(".agents/b")))._tag, "Ask")
    }).pipe(Effect.provide(layer(Permission.layerAsk))))

  it.scoped("asks about a secret that a rule for commands did not think of", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* decide(run("cat a.txt")))._tag, "Allow")
      assert.strictEqual((yield* decide(run("cat .env")))._tag, "Ask")
    }).pipe(Effect.provide(layer(ruled([{ decision: "allow", command: "cat" }], "ask")))))

  it.scoped("remembers what is always allowed, for the session and for nothing else", () =>
    Effect.gen(function*() {
      const permission = yield* Permission.Permission
      const always = (access: Tool.Access) =>
        Effect.flatMap(decide(access), (decision) =>
          decision._tag === "Ask"
            ? Effect.as(
              permission.remember("s1", decision.scopes.at(-1)?.grants ?? []),
              decision.scopes.at(-1)?.allows.join(", ")
            )
            : Effect.dieMessage("was not asked"))
      const expected: ReadonlyArray<
        readonly [Tool.Access, always: string, then: ReadonlyArray<readonly [Tool.Access, string]>]
      > = [
        [run("git push origin"), "commands that begin with git push", [
          [run("git push --force"), "Allow"],
          [run("git push && rm x"), "Ask"],
          [run("git push > x"), "Ask"],
          [run("git pull"), "Ask"],
          [run("git push", "inside"), "Ask"]
        ]],
        [run("npm run build"), "commands that begin with npm run build", [
          [run("npm run build -- --watch"), "Allow"],
          [run("npm run evil"), "Ask"]
        ]],
        [run("rm a"), "the command rm a", [[run("rm  a"), "Allow"], [run("rm a /"), "Ask"], [run("rm b"), "Ask"]]],
        [run("rm 'b c'"), "the command rm 'b c'", [[run("rm b c"), "Ask"]]],
        // The shell makes other words of these.
        [run("rm 'd*'"), "the command rm 'd*'", [[run("rm d*"), "Ask"], [run("rm \"d*\""), "Allow"]]],
        [run("rm '~'"), "the command rm '~'", [[run("rm ~"), "Ask"]]],
        [run("touch e*"), "", [[run("touch e*"), "Allow"], [run("touch 'e*'"), "Ask"], [run("touch e* d"), "Ask"]]],
        [run("git add src/e*"), "commands that begin with git add", [[run("git add b"), "Allow"]]],
        // The command itself stands in the question.
        [run("rm $X"), "", [[run("rm $X"), "Allow"], [run("rm $Y"), "Ask"]]],
        [run("touch $X", "inside"), "", [[run("touch $X in inside"), "Ask"], [run("touch $X", "inside"), "Allow"]]],
        [run("git show HEAD:.env"), "", [[run("git show HEAD:.npmrc"), "Ask"]]],
        [Tool.writes("a"), "every call of write", [[Tool.writes("b"), "Allow"], [Tool.writes(".env"), "Deny"]]]
      ]
      for (const [access, words, then] of expected) {
        assert.strictEqual(yield* always(access), words)
        for (const [next, tag] of then) assert.strictEqual((yield* decide(next))._tag, tag, JSON.stringify(next))
      }
      assert.strictEqual((yield* decide(Tool.writes("b"), "edit"))._tag, "Ask")
      const elsewhere = yield* permission.decide({
        sessionId: "s2",
        tool: "write",
        access: Tool.writes("b"),
        describe: ""
      })
      assert.strictEqual(elsewhere._tag, "Ask")
    }).pipe(Effect.provide(layer(Permission.layerAsk))))

  it.scoped("asks about a command as a whole, however long it is", () =>
    Effect.gen(function*() {
      const question = (access: Tool.Access) =>
        Effect.map(decide(access), (decision) => decision._tag === "Ask" ? decision.question : "")
      const long = `echo ${"x".repeat(100_000)} && rm -rf y`
      assert.strictEqual(yield* question(run(long, "inside")), `run ${long} in inside`)
      assert.strictEqual(yield* question(Tool.writes("a")), "do it")
    }).pipe(Effect.provide(layer(Permission.layerAsk))))

  it.scoped("lets no command with control characters run by a question, and says which it is", () =>
    Effect.gen(function*() {
      const commands = [
        "echo \u001B[2J; touch x",
        "touch x\r",
        "ls \u0000",
        "touch \u007F",
        "touch \u009B0m",
        "ls\u0008"
      ]
      for (const command of commands) {
        const decision = yield* decide(run(command))
        assert.deepInclude(decision, { _tag: "Deny", rule: "mode ask" }, JSON.stringify(command))
        assert.match(decision._tag === "Deny" ? decision.reason : "", /has a control character in it \(\\x/)
      }
      assert.strictEqual((yield* decide(run("touch x", "a\u001B")))._tag, "Deny")
      for (const command of ["touch a\n\ttouch b", "touch \u202E", "touch \u200B"]) {
        assert.strictEqual((yield* decide(run(command)))._tag, "Ask", JSON.stringify(command))
      }
    }).pipe(Effect.provide(layer(Permission.layerAsk))))

  it.scoped("lets control characters pass where nobody is asked, and not where a rule asks", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* decide(run("echo \u001B")))._tag, "Allow")
      assert.strictEqual((yield* decide(run("git push \u001B")))._tag, "Deny")
    }).pipe(Effect.provide(layer(ruled([{ decision: "ask", command: "git push" }], "auto")))))

  describe("always, for files", () => {
    /** What a call may do once somebody has allowed another as far as this. */
    const after = (
      kind: Grants.ScopeKind,
      asked: Tool.Access,
      ...then: ReadonlyArray<readonly [Tool.Access, string?]>
    ) =>
      Effect.gen(function*() {
        const permission = yield* Permission.Permission
        const decision = yield* decide(asked, "edit")
        const scope = decision._tag === "Ask" ? decision.scopes.find((scope) => scope.kind === kind) : undefined
        yield* permission.remember("s1", scope?.grants ?? [])
        const tags = yield* Effect.forEach(then, ([access, tool]) =>
          Effect.map(decide(access, tool ?? "edit"), ({ _tag }) => _tag))
        return [scope?.allows, ...tags]
      })

    it.scoped("is for these files, whichever tool changes them", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(
          yield* after(
            "files",
            Tool.writes("inside/a", "b"),
            [Tool.writes("b"), "write"],
            [Tool.writes("link-in/a")],
            [Tool.writes("b", "c")],
            [Tool.writes("inside/c")]
          ),
          [["changes of inside/a", "changes of b"], "Allow", "Allow", "Ask", "Ask"]
        )
      }).pipe(Effect.provide(layer(Permission.layerAsk))))

    it.scoped("is for this folder and what is below, but for what needs a question of its own", () =>
      Effect.gen(function*() {
        yield* prepared
        assert.deepStrictEqual(
          yield* after(
            "folder",
            Tool.writes("inside/a", "inside/x/b"),
            [Tool.writes("inside/c"), "write"],
            [Tool.writes("inside/x/y/d")],
            [Tool.writes("link-in/a")],
            [Tool.writes("insider/a")],
            [Tool.writes("inside/../a")],
            [Tool.writes("link-out/secret.txt")],
            [Tool.writes("inside/.git/config")],
            [Tool.writes("inside/.agents/a")],
            [Tool.writes("inside/.env")]
          ),
          [["changes of all files in inside/"], "Allow", "Allow", "Allow", "Ask", "Ask", "Ask", "Ask", "Ask", "Deny"]
        )
      }).pipe(Effect.provide(layer(Permission.layerAsk))))

    it.scoped("is for the whole workspace, where a file lies at its top", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(
          yield* after(
            "folder",
            Tool.writes("a", "inside/x/b"),
            [Tool.writes("inside/c")],
            [Tool.writes(".git/config")],
            [Tool.writes("../outside/a")]
          ),
          [["changes of all files in the workspace"], "Allow", "Ask", "Ask"]
        )
      }).pipe(Effect.provide(layer(Permission.layerAsk))))

    it.scoped("is for this tool", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(
          yield* after("tool", Tool.writes("a"), [Tool.writes("inside/c")], [Tool.writes("a"), "write"]),
          [["every call of edit"], "Allow", "Ask"]
        )
      }).pipe(Effect.provide(layer(Permission.layerAsk))))
  })

  it.effect("can let everything run, or nothing", () =>
    Effect.gen(function*() {
      const all = yield* Effect.provide(decide(run("rm x")), Permission.layerAllowAll)
      const none = yield* Effect.provide(decide(Tool.nothing), Permission.layerDenyAll)
      assert.deepStrictEqual([all._tag, none._tag], ["Allow", "Deny"])
    }))
})
