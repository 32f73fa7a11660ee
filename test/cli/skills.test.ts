import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isItem, type Item, text } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { applyPatch, assertSentence, type Line, lines, machine, platform } from "./support.ts"

const done = Script.answer(Script.say("Done."))
/** A machine with the skill `deploy` of its person and `review` of the project; what the model does is said later. */
const prepare = Effect.gen(function*() {
  const steps: Array<Script.Turn> = []
  const all = yield* machine((_, n) => steps[n] ?? done)
  const { fs, home, path } = all
  const write = (folder: string, content: string) =>
    Effect.zipRight(
      fs.makeDirectory(folder, { recursive: true }),
      fs.writeFileString(path.join(folder, "SKILL.md"), content)
    )
  const own = path.join(home, "skills", "deploy")
  const theirs = path.join(all.folder, ".agents", "skills", "review")
  yield* write(own, "---\nname: deploy\ndescription: Puts it on a server\n---\nRun scripts/go.sh first.\n")
  yield* write(theirs, "---\nname: review\ndescription: Looks at a change\n---\nBe kind.\n")
  yield* fs.makeDirectory(path.join(own, "scripts"))
  yield* fs.writeFileString(path.join(own, "scripts", "go.sh"), "echo gone live\n")
  return { ...all, steps, write, own, theirs }
})

/** What stands behind the system prompt, and the message about where the agent works. */
const inputOf = (request: { readonly body: unknown } | undefined): ReadonlyArray<Item> => {
  const input = Predicate.hasProperty(request?.body, "input") ? request.body.input : []
  return Array.isArray(input) ? input.filter(isItem).slice(2) : []
}
const said = (request: { readonly body: unknown } | undefined) =>
  inputOf(request).filter(({ type }) => type === "message").map((item) => [item["role"], text(item)] as const)

/** The calls that have ended, in the order in which they were made. */
const ended = (all: ReadonlyArray<Line>) =>
  all.flatMap(({ item, type }) => type === "item.completed" && item?.type === "tool_call" ? [item] : [])
    .toSorted((a, b) => a.id.localeCompare(b.id, undefined, { numeric: true }))

describe("Skills", () => {
  it.scopedLive("are told of before all else, and can be read where they lie", () =>
    Effect.gen(function*() {
      const { folder, own, run, simulator, steps } = yield* prepare
      steps.push(
        Script.answer(
          Script.call("read", { path: `${own}/SKILL.md` }),
          Script.call("ls", { path: own }),
          Script.call("find", { path: own, pattern: "*.sh" }),
          Script.call("grep", { path: own, pattern: "live" }),
          Script.call("bash", { command: `sh ${own}/scripts/go.sh` })
        ),
        done,
        done
      )
      const { code, stderr, stdout } = yield* run(["run", "--json", "--trust", "Put it on the server"])
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.deepStrictEqual(ended(lines(stdout)).map(({ output, status }) => [status, output]), [
        ["completed", "---\nname: deploy\ndescription: Puts it on a server\n---\nRun scripts/go.sh first.\n"],
        ["completed", "SKILL.md\nscripts/"],
        ["completed", `${own}/scripts/go.sh`],
        ["completed", `${own}/scripts/go.sh:1:echo gone live`],
        ["completed", "gone live"]
      ])
      const [first, second] = yield* simulator.requests
      const [[role, list] = [], ...rest] = said(first)
      assert.strictEqual(role, "developer")
      assert.include(list, `- deploy: Puts it on a server (${own}/SKILL.md)\n`)
      assert.include(list, `- review: Looks at a change (${folder}/.agents/skills/review/SKILL.md)`)
      assert.notInclude(list, "Run scripts/go.sh")
      assert.deepStrictEqual(rest, [["user", "Put it on the server"]])
      // What comes first stays as it is, whatever becomes of the skills.
      assert.deepStrictEqual(inputOf(second).slice(0, 2), inputOf(first))
      assert.strictEqual((yield* run(["resume", "--last", "Again"])).code, 0)
      assert.deepStrictEqual(inputOf((yield* simulator.requests)[2]).slice(0, 2), inputOf(first))
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "of a project count once it is trusted, and until then nothing of them is read or told",
    () =>
      Effect.gen(function*() {
        const { folder, fs, run, simulator, steps, theirs, write } = yield* prepare
        yield* fs.makeDirectory(`${folder}/.git`)
        yield* fs.makeDirectory(`${folder}/sub`)
        yield* write(`${folder}/.agents/skills/bad`, "bad")
        const look = Script.answer(Script.call("read", { path: `${theirs}/SKILL.md` }))
        steps.push(look, done, look, done)

        const before = yield* run(["run", "--json", "-C", "sub", "$review this"])
        assert.match(
          before.stderr,
          /^effixir: \S*\/skills\/bad\/SKILL\.md and 1 more left out: this project is not trusted\. .*--trust\n$/
        )
        assert.match(String(ended(lines(before.stdout))[0]?.["output"]), /is outside the workspace/)
        const untrusted = said((yield* simulator.requests)[0])
        assert.notInclude(JSON.stringify(untrusted), "Looks at a change")
        assert.deepStrictEqual(untrusted.at(-1), ["user", "$review this"])

        const after = yield* run(["run", "--json", "--trust", "-C", "sub", "$review this"])
        assert.match(after.stderr, /skills\/bad\/SKILL\.md is left out: .*front matter/)
        assert.include(String(ended(lines(after.stdout))[0]?.["output"]), "Be kind.")
        const trusted = said((yield* simulator.requests)[2])
        assert.include(trusted[0]?.[1], "review: Looks at a change")
        assert.include(trusted.at(-1)?.[1], "Be kind.")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "that the prompt names are told as a whole; a name that no skill has is a word",
    () =>
      Effect.gen(function*() {
        const { own, run, simulator } = yield* prepare
        const first = yield* run(["run", "$deploy it to $staging, for $5"])
        assert.deepStrictEqual([first.code, first.stdout], [0, "Done.\n"])
        assert.include(first.stderr, `effixir: the skill ${own}/SKILL.md is used\n`)
        const [request] = yield* simulator.requests
        const messages = said(request).slice(1)
        assert.deepStrictEqual(messages.map(([role]) => role), ["user", "user"])
        assert.strictEqual(messages[0]?.[1], "$deploy it to $staging, for $5")
        assert.include(messages[1]?.[1], own)
        assert.include(messages[1]?.[1], "Run scripts/go.sh first.")

        const second = yield* run(["resume", "--last", "And $deploy once more"])
        assert.strictEqual(second.code, 0)
        assert.include(said((yield* simulator.requests)[1]).at(-1)?.[1], "Run scripts/go.sh first.")
        const third = yield* run(["resume", "--last", "Deploy once more"])
        assert.notInclude(third.stderr, "is used")
        assert.deepStrictEqual(said((yield* simulator.requests)[2]).at(-1), ["user", "Deploy once more"])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("are changed by nobody, and lead to nothing else of effixir's", () =>
    Effect.gen(function*() {
      const { auth, base, fs, home, own, run, secrets, steps } = yield* prepare
      yield* fs.writeFileString(`${base}/notes.txt`, "my notes")
      yield* fs.symlink("../../auth.json", `${own}/auth.json`)
      yield* fs.symlink(`${base}/notes.txt`, `${own}/notes.txt`)
      yield* fs.symlink(home, `${own}/home`)
      yield* fs.writeFileString(`${own}/.env`, "KEY=hidden")
      const file = `${own}/SKILL.md`
      const escapes = Script.answer(
        Script.call("read", { path: auth }),
        Script.call("read", { path: `${home}/skills/../auth.json` }),
        Script.call("read", { path: `${own}/../../auth.json` }),
        Script.call("read", { path: `${own}/auth.json` }),
        Script.call("read", { path: `${own}/home/auth.json` }),
        Script.call("read", { path: `${own}/notes.txt` }),
        Script.call("read", { path: `${own}/.env` }),
        Script.call("grep", { path: `${home}/skills`, pattern: "." }),
        Script.call("ls", { path: home }),
        Script.call("find", { path: `${own}/home`, pattern: "*" }),
        Script.call("write", { path: file, content: "mine" }),
        Script.call("write", { path: `${own}/new.md`, content: "mine" }),
        Script.call("write", { path: `${home}/skills/new/SKILL.md`, content: "mine" }),
        applyPatch("c_add", `*** Add File: ${own}/new.md`, "+mine"),
        applyPatch("c_update", `*** Update File: ${file}`, "-Run scripts/go.sh first.", "+mine"),
        applyPatch("c_delete", `*** Delete File: ${file}`)
      )
      // Whether effixir's folder lies beside the workspace or in it makes no difference.
      const edit = Script.answer(Script.call("edit", { path: file, old_string: "first", new_string: "mine" }))
      steps.push(escapes, done, escapes, done, edit, done, edit, done)
      const config = { models: { "gpt-6.2-sol": { apply_patch: false } } }
      for (const [count, args] of [[16, []], [16, ["-C", base]], [1, []], [1, ["-C", base]]] as const) {
        if (count === 1) yield* fs.writeFileString(`${home}/config.json`, JSON.stringify(config))
        const { code, stdout } = yield* run(["run", "--json", ...args, "Try"])
        assert.strictEqual(code, 0)
        const items = ended(lines(stdout))
        assert.strictEqual(items.length, count)
        for (const { arguments: given, output, status } of items) {
          // In this workspace the notes are one of its files.
          const isOpen = args.length > 0 && String(given).includes("notes.txt")
          assert.strictEqual(status, isOpen ? "completed" : "failed", `${given}: ${output}`)
          if (!isOpen) assert.match(String(output), /is outside the workspace|secret files/, String(given))
          if (String(given).includes("mine") && String(given).includes(own)) {
            assert.match(String(output), /is outside the workspace|is part of a skill, which can only be read/)
          }
        }
        for (const secret of [...secrets, "hidden"]) assert.notInclude(stdout, secret)
      }
      assert.deepStrictEqual((yield* fs.readDirectory(own)).toSorted(), [
        ".env",
        "SKILL.md",
        "auth.json",
        "home",
        "notes.txt",
        "scripts"
      ])
      assert.include(yield* fs.readFileString(file), "Run scripts/go.sh first.")
      assert.isFalse(yield* fs.exists(`${home}/skills/new`))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("may be looked at by commands where commands may only look", () =>
    Effect.gen(function*() {
      const { home, own, run, steps } = yield* prepare
      const bash = (command: string) => Script.call("bash", { command })
      steps.push(Script.answer(
        bash(`cat ${own}/SKILL.md`),
        bash(`sh ${own}/scripts/go.sh`),
        bash(`cat ${own}/../../auth.json`),
        bash(`ls ${home}`),
        Script.call("read", { path: `${own}/SKILL.md` })
      ))
      const { stdout } = yield* run(["run", "--json", "--permission", "read-only", "Look"])
      assert.deepStrictEqual(ended(lines(stdout)).map(({ status }) => status), [
        "completed",
        "failed",
        "failed",
        "failed",
        "completed"
      ])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("may be linked from where a person keeps them", () =>
    Effect.gen(function*() {
      const { base, fs, home, run, simulator, steps, write } = yield* prepare
      const folder = `${base}/dotfiles/write`
      yield* write(folder, "---\ndescription: Writes\n---\nWell.")
      yield* fs.symlink(folder, `${home}/skills/write`)
      yield* fs.symlink(base, `${folder}/base`)
      steps.push(Script.answer(
        Script.call("read", { path: `${folder}/SKILL.md` }),
        Script.call("read", { path: `${home}/skills/write/SKILL.md` }),
        Script.call("grep", { path: `${home}/skills/write`, pattern: "Well" }),
        Script.call("read", { path: `${folder}/base/home/auth.json` }),
        Script.call("read", { path: `${home}/skills/write/base/home/auth.json` }),
        Script.call("read", { path: `${home}/skills/write/../../auth.json` }),
        Script.call("write", { path: `${folder}/SKILL.md`, content: "mine" }),
        Script.call("write", { path: `${home}/skills/write/SKILL.md`, content: "mine" })
      ))
      const { stdout } = yield* run(["run", "--json", "Look"])
      assert.deepStrictEqual(ended(lines(stdout)).map(({ status }) => status), [
        "completed",
        "completed",
        "completed",
        "failed",
        "failed",
        "failed",
        "failed",
        "failed"
      ])
      assert.include(said((yield* simulator.requests)[0])[0]?.[1], `- write: Writes (${folder}/SKILL.md)`)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "that cannot be used are left out with a sentence each, and the turn goes on",
    () =>
      Effect.gen(function*() {
        const { home, run, simulator, write } = yield* prepare
        yield* write(`${home}/skills/a`, "# No front matter")
        yield* write(`${home}/skills/b`, "---\nname: b\n---\n")
        yield* write(`${home}/skills/c`, "---\ndescription: [\n---\n")
        yield* write(`${home}/skills/d`, "---\nname: \"deploy\\e[2J\"\ndescription: x\n---\n")
        yield* write(`${home}/skills/e`, "---\nname: \"deploy\\e[2J\"\ndescription: x\n---\n")
        const { code, stderr, stdout } = yield* run(["run", "Go on"])
        assert.deepStrictEqual([code, stdout], [0, "Done.\n"])
        const told = stderr.split("\n").filter((line) => line.startsWith("effixir: the skill "))
        assert.strictEqual(told.length, 4)
        for (const [index, name] of ["a", "b", "c", "d"].entries()) {
          assert.include(told[index], `${home}/skills/${name}/SKILL.md is left out: `)
        }
        assertSentence(stderr, "no description", "is no YAML", "has the same name, deploy")
        assert.notInclude(stderr, "\u001B")
        assert.include(said((yield* simulator.requests)[0])[0]?.[1], "skills/e/SKILL.md")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("are shown by status, with those that do not count and why", () =>
    Effect.gen(function*() {
      const { folder, home, own, run, theirs, write } = yield* prepare
      yield* write(`${home}/skills/bad`, "bad")
      const status = Effect.map(run(["status", "--json"]), ({ stdout }) => JSON.parse(stdout))
      const deploy = { name: "deploy", description: "Puts it on a server", path: `${own}/SKILL.md` }
      const bad = { path: `${home}/skills/bad/SKILL.md`, problem: /front matter/ }

      const before = yield* status
      assert.deepStrictEqual(before.skills, [deploy])
      assert.strictEqual(before.skill_problems.length, 2)
      assert.strictEqual(before.skill_problems[0].path, bad.path)
      assert.match(before.skill_problems[0].problem, bad.problem)
      assert.deepStrictEqual(before.skill_problems[1], {
        path: `${folder}/.agents/skills/review/SKILL.md`,
        problem: "this project is not trusted; see --trust"
      })
      const shown = yield* run(["status"])
      assert.match(shown.stdout, /^skills +deploy \(\/.*\/deploy\/SKILL\.md\)$/m)
      assert.match(
        shown.stdout,
        /^left out +\/.*\/bad\/SKILL\.md: it does not .*\n +\/.*review\/SKILL\.md: this project/m
      )

      yield* run(["run", "--trust", "Go on"])
      const after = yield* status
      assert.deepStrictEqual(after.skills, [
        deploy,
        { name: "review", description: "Looks at a change", path: `${theirs}/SKILL.md` }
      ])
      assert.deepStrictEqual(after.skill_problems.map(({ path }: { path: string }) => path), [bad.path])
    }).pipe(Effect.provide(platform)))
})
