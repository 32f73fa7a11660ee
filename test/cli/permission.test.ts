import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { applyPatch, assertSentence, type Line, lines, machine, platform } from "./support.ts"

const done = Script.answer(Script.say("Done."))
const turns = (...turns: ReadonlyArray<Script.Turn>) => Script.fromTurns(turns)
const bash = (command: string) => Script.answer(Script.call("bash", { command }))
const write = (path: string) => Script.answer(Script.call("write", { path, content: "x" }))
const of = (all: ReadonlyArray<Line>, type: string) => all.filter((line) => line.type === type)
const output = (all: ReadonlyArray<Line>) =>
  of(all, "item.completed").flatMap(({ item }) => item?.type === "tool_call" ? [String(item["output"])] : [])

describe("--permission", () => {
  it.scopedLive(
    "auto, which is what runs have without it, lets all run and tells nothing of it",
    () =>
      Effect.gen(function*() {
        const { file, fs, run } = yield* machine(turns(bash("echo once >> once.txt"), done, done))
        const { code, stdout } = yield* run(["run", "--json", "Go on"])
        assert.deepStrictEqual([code, of(lines(stdout), "permission.decided").length], [0, 0])
        assert.strictEqual(yield* fs.readFileString(file("once.txt")), "once\n")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "ask ends the turn where nobody can be asked, and it goes on with that very call",
    () =>
      Effect.gen(function*() {
        const { file, fs, run } = yield* machine(turns(bash("ls"), bash("echo once >> once.txt"), done))
        const first = yield* run(["run", "--json", "--permission", "ask", "Go on"])
        const told = lines(first.stdout)
        assert.strictEqual(first.code, 3)
        assert.deepStrictEqual(
          of(told, "permission.decided").map((line) => [line["decision"], line["rule"], line["by"]]),
          [["allowed", "mode ask", "rule"]]
        )
        const [requested] = of(told, "permission.requested")
        assert.deepInclude(requested, { question: "run echo once >> once.txt", rule: "mode ask" })
        assert.deepInclude(requested?.item, { type: "tool_call", name: "bash" })
        assert.deepInclude(told.at(-1), { type: "turn.failed", exit_code: 3 })
        assert.deepInclude(told.at(-1)?.["error"], { kind: "PermissionNeeded", retryable: false })
        const session = String(told[0]?.["thread_id"])
        assertSentence(first.stderr, "echo once", `effixir resume ${session} --permission auto`)
        assert.isFalse(yield* fs.exists(file("once.txt")))

        // To go on is not to allow: that needs the flag, or somebody to ask.
        assert.strictEqual((yield* run(["resume", session])).code, 3)
        assert.isFalse(yield* fs.exists(file("once.txt")))

        const second = yield* run(["resume", session, "--permission", "auto"])
        assert.deepStrictEqual([second.code, second.stdout], [0, "Done.\n"])
        assert.strictEqual(yield* fs.readFileString(file("once.txt")), "once\n")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "read-only follows the links that a command names, and shows nothing that lies elsewhere, is secret or denied",
    () =>
      Effect.gen(function*() {
        const commands = [
          "cat notes.md",
          "tail -n 5 out/x.txt",
          "cat x.txt",
          "cat key.txt",
          "grep -h . key.txt",
          "cat *.md",
          "cat closed/a.txt",
          "find out/ -type f"
        ]
        const { auth, base, file, fs, path, run } = yield* machine(
          turns(...commands.map((command) => bash(command)), bash("cat a.txt"), done)
        )
        const outside = path.join(base, "elsewhere")
        yield* fs.makeDirectory(outside)
        yield* fs.writeFileString(path.join(outside, "x.txt"), "OUTSIDE")
        yield* fs.makeDirectory(file("closed"))
        for (const [name, text] of [["a.txt", "plain"], [".env", "SECRET"], ["closed/a.txt", "CLOSED"]] as const) {
          yield* fs.writeFileString(file(name), text)
        }
        const links = [[auth, "notes.md"], [outside, "out"], [path.join(outside, "x.txt"), "x.txt"], [
          file(".env"),
          "key.txt"
        ]] as const
        for (const [to, name] of links) yield* fs.symlink(to, file(name))
        const policy = path.join(base, "policy.json")
        yield* fs.writeFileString(policy, JSON.stringify({ rules: [{ decision: "deny", path: "closed/**" }] }))
        const { code, stdout } = yield* run(["--json", "--permission", "read-only", "--policy", policy, "Go on"])
        assert.strictEqual(code, 0)
        const outputs = of(lines(stdout), "item.completed").map(({ item }) => item)
          .filter((item) => item?.["type"] === "tool_call")
        assert.deepStrictEqual(outputs.map((item) => item?.["status"]), [...commands.map(() => "failed"), "completed"])
        assert.notMatch(stdout, /OUTSIDE|SECRET|CLOSED|access_token/)
        assert.include(String(outputs.at(-1)?.["output"]), "plain")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("read-only lets look and refuses the rest, wherever it is set", () =>
    Effect.gen(function*() {
      const script = turns(bash("ls -a"), bash("rm -f x"), write("x"), done)
      for (const way of ["flag", "environment", "config.json"]) {
        const { file, fs, home, path, run } = yield* machine(script)
        if (way === "config.json") {
          yield* fs.writeFileString(path.join(home, "config.json"), JSON.stringify({ permission: "read-only" }))
        }
        const { code, stdout } = yield* run(
          ["run", "--json", ...(way === "flag" ? ["--permission=read-only"] : []), "Look"],
          { env: way === "environment" ? { EFFIXIR_PERMISSION: "read-only" } : {} }
        )
        const [ls, rm, written] = output(lines(stdout))
        assert.strictEqual(code, 0, way)
        assert.match(ls ?? "", /^\.\n/)
        assert.match(rm ?? "", /^The call was not permitted: .* \(mode read-only\)/)
        assert.match(written ?? "", /^The call was not permitted: .* \(mode read-only\)/)
        assert.isFalse(yield* fs.exists(file("x")))
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("keeps secrets from the tools in every mode", () =>
    Effect.gen(function*() {
      const read = (path: string) => Script.answer(Script.call("read", { path }))
      const grep = Script.answer(Script.call("grep", { pattern: "KEY", glob: "**/.*" }))
      const { base, file, fs, run } = yield* machine(
        turns(read("work/.env"), read("work/link"), read("home/auth.json"), grep, done)
      )
      yield* fs.writeFileString(file(".env"), "KEY=hidden")
      yield* fs.symlink(".env", file("link"))
      // Effixir's own folder lies in this workspace.
      const { stdout } = yield* run(["run", "--json", "-C", base, "Look"])
      const [direct, linked, own, searched] = output(lines(stdout))
      assert.match(direct ?? "", /not permitted: work\/\.env is a file that holds secrets.*\(secret files\)/)
      assert.match(linked ?? "", /not permitted: work\/\.env is a file/)
      assert.match(own ?? "", /not permitted: home\/auth\.json is a file/)
      // A cache that is just being written counts too.
      assert.match(searched ?? "", /\d (?:file that may hold secrets was|files that may hold secrets were) left out/)
      assert.notInclude(stdout, "hidden")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "lets nothing write what the next run goes by, but AGENTS.md and what a rule names",
    () =>
      Effect.gen(function*() {
        const skill = ".agents/skills/deploy/SKILL.md"
        const move = Script.answer(
          applyPatch("c1", "*** Update File: a.txt", `*** Move to: ${skill}`, "@@", "-one", "+two")
        )
        const calls = [write(skill), move, write(".git/hooks/pre-commit"), write("AGENTS.md")]
        const { base, file, fs, path, run } = yield* machine(turns(...calls, done, write(skill), done))
        yield* fs.writeFileString(file("a.txt"), "one\n")
        const { code, stdout } = yield* run(["--json", "--trust", "Go on"])
        const [first, moved, hook, agents] = output(lines(stdout))
        assert.strictEqual(code, 0)
        assert.match(
          first ?? "",
          /not permitted: \.agents\/skills\/deploy\/SKILL\.md is part of .* \(protected files\)/
        )
        assert.match(moved ?? "", /not permitted: \.agents\/skills\/deploy\/SKILL\.md is part of/)
        assert.match(hook ?? "", /not permitted: \.git\/hooks\/pre-commit is part of/)
        assert.notInclude(agents ?? "", "not permitted")
        assert.deepStrictEqual([skill, ".git", "AGENTS.md", "a.txt"].map((name) => existsSync(file(name))), [
          false,
          false,
          true,
          true
        ])
        const policy = path.join(base, "policy.json")
        yield* fs.writeFileString(policy, JSON.stringify({ rules: [{ decision: "allow", path: ".agents/**" }] }))
        yield* run(["--policy", policy, "Go on"])
        assert.isTrue(yield* fs.exists(file(skill)))
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("cannot be what it is not", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(turns())
      const flag = yield* run(["run", "--permission", "yolo", "Go on"])
      const variable = yield* run(["run", "Go on"], { env: { EFFIXIR_PERMISSION: "yolo" } })
      assert.deepStrictEqual([flag.code, variable.code], [2, 2])
      assertSentence(variable.stderr, "EFFIXIR_PERMISSION", "auto, ask, read-only")
    }).pipe(Effect.provide(platform)))
})

describe("--policy", () => {
  it.scopedLive("lets rules decide, and names them", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(turns(bash("echo a > a.txt"), bash("touch b"), write("c.txt"), done))
      yield* fs.writeFileString(
        file("policy.json"),
        JSON.stringify({
          rules: [
            { decision: "allow", command: "touch", examples: { match: ["touch x"], no_match: ["rm x"] } },
            { decision: "deny", tool: "write", path: "*.txt" }
          ],
          otherwise: "read-only"
        })
      )
      const { code, stdout } = yield* run(["run", "--json", "--policy", "policy.json", "Go on"])
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(
        of(lines(stdout), "permission.decided").map((line) => [line["decision"], line["rule"]]),
        [["denied", "mode read-only"], ["allowed", "rule 1 of policy.json"], ["denied", "rule 2 of policy.json"]]
      )
      assert.deepStrictEqual([existsSync(file("b")), existsSync(file("c.txt"))], [true, false])
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "can be set once for all, and --permission has the last word on what no rule is about",
    () =>
      Effect.gen(function*() {
        const { file, fs, home, path, run } = yield* machine(
          turns(bash("touch a"), bash("touch b"), done, bash("touch c"), done)
        )
        const policy = { rules: [{ decision: "deny", command: "touch a" }], otherwise: "read-only" }
        yield* fs.writeFileString(path.join(home, "rules.json"), JSON.stringify(policy))
        yield* fs.writeFileString(path.join(home, "config.json"), JSON.stringify({ policy: "rules.json" }))
        yield* run(["run", "Go on"])
        yield* run(["run", "--permission", "auto", "Go on"])
        assert.deepStrictEqual(["a", "b", "c"].map((name) => existsSync(file(name))), [false, false, true])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("is what helps where no mode would, and is said to", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(turns(write(".agents/a"), done))
      const first = yield* run(["run", "--json", "--permission", "ask", "Go on"])
      const session = String(lines(first.stdout)[0]?.["thread_id"])
      assert.strictEqual(first.code, 3)
      assertSentence(first.stderr, ".agents/a", `effixir resume ${session} --policy FILE`)
      yield* fs.writeFileString(
        file("policy.json"),
        JSON.stringify({ rules: [{ decision: "allow", path: ".agents/**" }] })
      )
      const second = yield* run(["resume", session, "--policy", "policy.json"])
      assert.deepStrictEqual([second.code, second.stdout], [0, "Done.\n"])
      assert.isTrue(existsSync(file(".agents/a")))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is refused before anything runs if it is wrong", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(turns())
      yield* fs.writeFileString(
        file("policy.json"),
        `{"rules": [{"decision": "deny", "command": "rm", "examples": {"match": ["mv x"]}}]}`
      )
      const wrong = yield* run(["run", "--json", "--policy", "policy.json", "Go on"])
      const missing = yield* run(["run", "--policy", "nowhere.json", "Go on"])
      assert.deepStrictEqual([wrong.code, missing.code], [2, 2])
      assertSentence(wrong.stderr, "policy.json", "rule 1 does not match its example \"mv x\"")
      assertSentence(missing.stderr, "nowhere.json", "there is no such file")
      assert.deepInclude(lines(wrong.stdout).at(-1)?.["error"], { kind: "PolicyError" })
    }).pipe(Effect.provide(platform)))
})

describe("--trust", () => {
  it.scopedLive(
    "says once what of the project cannot be told, and of what only a part is",
    () =>
      Effect.gen(function*() {
        const { file, fs, run, simulator } = yield* machine(() => done)
        yield* fs.makeDirectory(file("AGENTS.md"))
        const left = yield* run(["run", "--trust", "Go on"])
        assert.strictEqual(left.code, 0)
        assert.strictEqual(left.stderr.split("AGENTS.md is left out: it is a folder").length, 2)
        const status = yield* run(["status", "--json"])
        assert.deepInclude(JSON.parse(status.stdout), {
          instruction_problems: [{ path: file("AGENTS.md"), problem: "is left out: it is a folder" }]
        })
        assert.match((yield* run(["status"])).stdout, /^AGENTS\.md +\S+AGENTS\.md is left out: it is a folder$/m)

        yield* fs.remove(file("AGENTS.md"), { recursive: true })
        yield* fs.writeFileString(file("AGENTS.md"), "x".repeat(40_000))
        const cut = yield* run(["run", "Go on"])
        assertSentence(cut.stderr, "AGENTS.md is cut: only its first 32768 bytes count", "make them shorter")
        assert.include(JSON.stringify((yield* simulator.requests).at(-1)?.body), "[The file goes on; read it")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("lets the project speak, from then on", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(() => done)
      yield* fs.writeFileString(file("AGENTS.md"), "Speak like a pirate.")
      const status = Effect.map(run(["status", "--json"]), ({ stdout }) => JSON.parse(stdout))
      const bodies = Effect.map(simulator.requests, (all) => all.map(({ body }) => JSON.stringify(body)).join())

      const without = yield* run(["run", "Go on"])
      assert.deepStrictEqual([without.code, without.stdout], [0, "Done.\n"])
      assert.match(without.stderr, /^effixir: .*AGENTS\.md left out: .*--trust$/m)
      assert.notInclude(yield* bodies, "pirate")
      assert.deepInclude(yield* status, { trusted: false, instructions: [file("AGENTS.md")] })

      assert.notInclude((yield* run(["run", "--trust", "Go on"])).stderr, "left out")
      assert.include(yield* bodies, "pirate")
      assert.deepInclude(yield* status, { trusted: true })
      yield* fs.makeDirectory(file("sub"))
      yield* fs.makeDirectory(file("sub/.git"))
      yield* fs.writeFileString(file("sub/AGENTS.md"), "Speak like a parrot.")
      assert.notInclude((yield* run(["run", "Go on"])).stderr, "left out")
      // Another repository within it is another project.
      assert.include((yield* run(["run", "-C", "sub", "Go on"])).stderr, "left out")
      assert.notInclude(yield* bodies, "parrot")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says what is wrong with its memory", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(() => done)
      yield* fs.writeFileString(path.join(home, "trusted.json"), "no")
      const { code, stderr } = yield* run(["run", "Go on"])
      assert.strictEqual(code, 2)
      assertSentence(stderr, "trusted.json", "trust folders anew")
    }).pipe(Effect.provide(platform)))
})
