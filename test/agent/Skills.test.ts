import * as Command from "@effect/platform/Command"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Skills from "../../src/agent/Skills.ts"
import { text } from "../../src/responses/Item.ts"
import { layer, layerWith, makeFolder } from "../node/support.ts"

/** A home, and a project with the folder `project/src` in which agents work. */
const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const base = yield* makeFolder
  const home = path.join(base, "home")
  const at = (...parts: ReadonlyArray<string>) => path.join(base, ...parts)
  const own = (...parts: ReadonlyArray<string>) => path.join(home, "skills", ...parts)
  const theirs = (...parts: ReadonlyArray<string>) => path.join(base, "project", ".agents", "skills", ...parts)
  for (const folder of [own(), theirs(), at("project", ".git"), at("project", "src")]) {
    yield* fs.makeDirectory(folder, { recursive: true })
  }
  const write = (folder: string, content: string) =>
    Effect.zipRight(
      fs.makeDirectory(folder, { recursive: true }),
      fs.writeFileString(path.join(folder, "SKILL.md"), content)
    )
  const load = (isTrusted = true) => Skills.load({ home, folder: isTrusted ? at("project", "src") : undefined })
  return { fs, base, home, at, own, theirs, write, load }
})

const skill = (fields: string, body = "# How\n") => `---\n${fields}\n---\n${body}`

/** What the system says of a file that somebody else keeps to himself. */
const forbidden = new PlatformError.SystemError({
  reason: "PermissionDenied",
  module: "FileSystem",
  method: "open",
  description: "EACCES: permission denied"
})

const names = ({ skills }: Skills.Loaded) => skills.map(({ name }) => name)

describe("Skills", () => {
  it.scoped("are those of the person, and of the project down to the folder, in the order of their names", () =>
    Effect.gen(function*() {
      const { at, load, own, theirs, write } = yield* place
      yield* write(own("write"), skill("name: write\ndescription: Writes"))
      yield* write(
        theirs("deploy"),
        skill("name: deploy\ndescription: >\n  Deploys\n  it\nlicense: MIT\nmetadata: {a: [1]}")
      )
      yield* write(at("project", "src", ".agents", "skills", "api"), skill("description: Calls it"))
      yield* write(at(".agents", "skills", "above"), skill("description: Is above the project"))
      assert.deepStrictEqual(yield* load(), {
        skills: [
          {
            name: "api",
            description: "Calls it",
            path: at("project", "src", ".agents", "skills", "api", "SKILL.md"),
            folder: at("project", "src", ".agents", "skills", "api"),
            isListed: true
          },
          {
            name: "deploy",
            description: "Deploys it",
            path: theirs("deploy", "SKILL.md"),
            folder: theirs("deploy"),
            isListed: true
          },
          { name: "write", description: "Writes", path: own("write", "SKILL.md"), folder: own("write"), isListed: true }
        ],
        problems: [],
        remarks: []
      })
    }).pipe(Effect.provide(layer)))

  it.scoped("are the person's alone where the project is not trusted", () =>
    Effect.gen(function*() {
      const { at, load, own, theirs, write } = yield* place
      yield* write(own("write"), skill("description: Writes"))
      yield* write(theirs("deploy"), "not even a skill")
      const loaded = yield* load(false)
      assert.deepStrictEqual([names(loaded), loaded.problems], [["write"], []])
      assert.deepStrictEqual(yield* Skills.ofProject(at("project", "src")), [theirs("deploy", "SKILL.md")])
    }).pipe(Effect.provide(layer)))

  it.scoped("are none where there is no folder, and what else lies there is no skill", () =>
    Effect.gen(function*() {
      const { base, fs, load, own } = yield* place
      assert.deepStrictEqual(yield* Skills.load({ home: `${base}/nowhere`, folder: `${base}/nowhere` }), {
        skills: [],
        problems: [],
        remarks: []
      })
      yield* fs.writeFileString(own("README.md"), "Read me")
      yield* fs.makeDirectory(own("without"))
      yield* fs.makeDirectory(own(".hidden"))
      yield* fs.writeFileString(own(".hidden", "SKILL.md"), "hidden")
      yield* fs.symlink("nowhere", own("dangling"))
      assert.deepStrictEqual(yield* load(), { skills: [], problems: [], remarks: [] })
    }).pipe(Effect.provide(layer)))

  it.scoped("with a name that another has too give way to the nearer one, and that is said", () =>
    Effect.gen(function*() {
      const { at, load, own, theirs, write } = yield* place
      const nearest = at("project", "src", ".agents", "skills", "deploy")
      for (const folder of [own("deploy"), theirs("ship"), nearest]) {
        yield* write(folder, skill("name: deploy\ndescription: Deploys"))
      }
      const loaded = yield* load()
      assert.deepStrictEqual(loaded.skills.map(({ folder }) => folder), [nearest])
      assert.deepStrictEqual(loaded.problems, [
        {
          path: own("deploy", "SKILL.md"),
          reason: `${theirs("ship", "SKILL.md")} has the same name, deploy, and goes before it`
        },
        {
          path: theirs("ship", "SKILL.md"),
          reason: `${nearest}/SKILL.md has the same name, deploy, and goes before it`
        }
      ])
    }).pipe(Effect.provide(layer)))

  it.scoped("whose file is a link to nowhere, or in a circle, are told", () =>
    Effect.gen(function*() {
      const { fs, load, own } = yield* place
      for (const [name, target] of [["circle", "SKILL.md"], ["nowhere", "missing.md"]] as const) {
        yield* fs.makeDirectory(own(name))
        yield* fs.symlink(target, own(name, "SKILL.md"))
      }
      assert.deepStrictEqual((yield* load()).problems, [
        { path: own("circle", "SKILL.md"), reason: "its symbolic links lead in a circle; mend them" },
        { path: own("nowhere", "SKILL.md"), reason: "it is not there" }
      ])
    }).pipe(Effect.provide(layer)))

  const bad = {
    "no front matter": ["# How", /front matter/],
    "front matter without an end": ["---\ndescription: x\n", /front matter/],
    "front matter that begins late": ["\n---\ndescription: x\n---\n", /front matter/],
    "front matter that is too long": [skill(`description: x\nmore: ${"x".repeat(17_000)}`), /16 KiB at most/],
    "nothing": ["", /front matter/],
    "no YAML": [skill("description: [x"), /is no YAML: .*line/],
    "a field twice": [skill("description: a\ndescription: b"), /is no YAML/],
    "aliases": [skill("a: &a [x, x]\nb: &b [*a, *a]\ndescription: [*b, *b]"), /repeats a part of itself with \* or <</],
    "YAML that holds itself": [skill("description: &a [*a]"), /holds itself|repeats a part of itself/],
    "YAML that is nested without end": [skill(`a: ${"[".repeat(16_000)}`), /is nested too deeply/],
    "YAML that is nested deeply": [skill(`a: ${"[".repeat(8000)}${"]".repeat(8000)}`), /is nested too deeply/],
    "a mapping that is nested deeply": [
      skill(`a: ${"{a: ".repeat(3000)}1${"}".repeat(3000)}\ndescription: x`),
      /too deeply/
    ],
    "a list": [skill("- description"), /has no fields/],
    "no description and no text": [skill("name: x", "\n \n"), /has no description, and no text/],
    "a description that is none": [skill("description: {a: b}"), /is no text/],
    "a name that is too long": [skill(`name: ${"n".repeat(65)}\ndescription: x`), /longer than 64 characters/]
  } as const
  for (const [what, [content, reason]] of Object.entries(bad)) {
    it.scoped(`are not made of ${what}`, () =>
      Effect.gen(function*() {
        const { load, own, write } = yield* place
        yield* write(own("bad"), content)
        yield* write(own("good"), skill("description: Good"))
        const { problems, skills } = yield* load()
        assert.deepStrictEqual(skills.map(({ name }) => name), ["good"])
        assert.deepStrictEqual(problems.map(({ path }) => path), [own("bad", "SKILL.md")])
        assert.match(problems[0]?.reason ?? "", reason)
        assert.notMatch(problems[0]?.reason ?? "", /\n|:$/)
      }).pipe(Effect.provide(layer)))
  }

  it.scoped("may be written as people write them", () =>
    Effect.gen(function*() {
      const { load, own, write } = yield* place
      yield* write(own("crlf"), "---\r\nname: crlf\r\ndescription: x\r\n---\r\nBody\r\n")
      yield* write(own("mark"), `\uFEFF${skill("name: mark\ndescription: 1.50")}`)
      yield* write(own("spaces"), "---  \nname: spaces\ndescription: |\n  ---\n  x\n---")
      yield* write(own("long"), skill(`name: Long Name\ndescription: ${"😀".repeat(1024)}`))
      yield* write(own("tagged"), skill("description: !!js/function x"))
      yield* write(own("hidden"), skill("description: x\ndisable-model-invocation: true"))
      const { problems, skills } = yield* load()
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(
        skills.map(({ description, isListed, name }) => [name, description.slice(0, 5), isListed]),
        [
          ["Long Name", "😀😀\uD83D", true],
          ["crlf", "x", true],
          ["hidden", "x", false],
          ["mark", "1.50", true],
          ["spaces", "--- x", true],
          ["tagged", "x", true]
        ]
      )
    }).pipe(Effect.provide(layer)))

  it.scoped("that work elsewhere work here", () =>
    Effect.gen(function*() {
      const { at, load, own, theirs, write } = yield* place
      const { remarks, skills } = yield* Effect.gen(function*() {
        yield* write(own("a"), skill("description: Use it when: always # or never"))
        yield* write(own("b"), skill("name: b\ndescription: Use it for\n  two: lines\nlicense: MIT: or so"))
        yield* write(own("c"), skill("name: c", "\n## Says what\tit does\n\nAnd more."))
        yield* write(own("d"), `\uFEFF${skill("description: ''", "Does it.\r\nMore.")}`)
        yield* write(own("e"), skill(`description: ${"😀".repeat(1025)}`))
        yield* write(own("f"), skill("disable-model-invocation: true\ndescription: Is not listed: ever"))
        yield* write(at("project", ".claude", "skills", "g"), skill("description: of claude"))
        yield* write(at("project", ".claude", "skills", "h"), skill("description: of claude"))
        yield* write(theirs("h"), skill("description: of agents"))
        return yield* load()
      })
      assert.deepStrictEqual(
        skills.map(({ description, isListed, name }) => [name, description.length > 100 ? "" : description, isListed]),
        [
          ["a", "Use it when: always # or never", true],
          ["b", "Use it for two: lines", true],
          ["c", "Says what it does", true],
          ["d", "Does it.", true],
          ["e", "", true],
          ["f", "Is not listed: ever", false],
          ["g", "of claude", true],
          ["h", "of agents", true]
        ]
      )
      assert.deepStrictEqual(remarks, [{
        path: own("e", "SKILL.md"),
        reason: "its description is cut to 1024 characters"
      }])
      assert.lengthOf(Array.from(skills[4]?.description ?? ""), 1024)
      assert.deepStrictEqual(
        (yield* Skills.ofProject(at("project"))).map((path) => path.slice(at("project").length)),
        ["/.claude/skills/g/SKILL.md", "/.claude/skills/h/SKILL.md", "/.agents/skills/h/SKILL.md"]
      )
    }).pipe(Effect.provide(layer)))

  it.scoped.runIf(process.platform !== "win32")(
    "are no pipe, no folder, and not waited for",
    () =>
      Effect.gen(function*() {
        const { fs, load, own } = yield* place
        yield* fs.makeDirectory(own("folder", "SKILL.md"), { recursive: true })
        yield* fs.makeDirectory(own("pipe"))
        yield* Command.exitCode(Command.make("mkfifo", own("pipe", "SKILL.md")))
        const { problems, skills } = yield* load()
        assert.deepStrictEqual(skills, [])
        assert.deepStrictEqual(problems.map(({ reason }) => reason), ["it is no regular file", "it is no regular file"])
      }).pipe(Effect.provide(layer))
  )

  it.scoped("that may not be read are told", () =>
    Effect.gen(function*() {
      const { load, own, write } = yield* place
      yield* write(own("closed"), skill("description: x"))
      yield* write(own("open"), skill("description: x"))
      const loaded = yield* load()
      assert.deepStrictEqual(names(loaded), ["open"])
      assert.deepStrictEqual(loaded.problems, [
        { path: own("closed", "SKILL.md"), reason: "this user may not read it" }
      ])
    }).pipe(Effect.provide(layerWith((fs) => ({
      open: (path, options) => path.includes("closed") ? Effect.fail(forbidden) : fs.open(path, options)
    })))))

  it.scoped("of a person may be linked from anywhere, once, and are told of by where they really are", () =>
    Effect.gen(function*() {
      const { at, fs, load, own, write } = yield* place
      yield* write(at("dotfiles", "deploy"), skill("name: deploy\ndescription: x"))
      yield* fs.symlink(at("dotfiles", "deploy"), own("deploy"))
      yield* fs.symlink(at("dotfiles", "deploy"), own("ship"))
      const { problems, skills } = yield* load()
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(skills.map(({ folder, path }) => [folder, path]), [
        [at("dotfiles", "deploy"), at("dotfiles", "deploy", "SKILL.md")]
      ])
    }).pipe(Effect.provide(layer)))

  it.scoped("never open what is effixir's own, nor what a file of theirs leads to", () =>
    Effect.gen(function*() {
      const { at, base, fs, home, load, own, write } = yield* place
      yield* write(at("notes"), skill("description: x"))
      yield* fs.makeDirectory(own("file"))
      yield* fs.symlink(at("notes", "SKILL.md"), own("file", "SKILL.md"))
      for (const folder of [home, base, `${home}/sessions`]) yield* write(folder, skill("description: x"))
      yield* fs.symlink(home, own("home"))
      yield* fs.symlink(base, own("above"))
      yield* fs.symlink("../sessions", own("sessions"))
      const { problems, skills } = yield* load()
      assert.deepStrictEqual(skills, [])
      assert.deepStrictEqual(problems.map(({ path, reason }) => [path, reason]), [
        [own("above", "SKILL.md"), "its folder holds what is effixir's own"],
        [own("file", "SKILL.md"), "it is a link that leads out of its folder"],
        [own("home", "SKILL.md"), "its folder holds what is effixir's own"],
        [own("sessions", "SKILL.md"), "its folder holds what is effixir's own"]
      ])
    }).pipe(Effect.provide(layer)))

  it.scoped("of a project are no link out of it", () =>
    Effect.gen(function*() {
      const { at, fs, load, theirs, write } = yield* place
      yield* write(at("outside"), skill("description: x"))
      yield* write(at("project", "docs", "inside"), skill("description: x"))
      yield* fs.symlink(at("outside"), theirs("outside"))
      yield* fs.symlink("../../docs/inside", theirs("inside"))
      const loaded = yield* load()
      assert.deepStrictEqual(loaded.skills.map(({ folder }) => folder), [at("project", "docs", "inside")])
      assert.deepStrictEqual(loaded.problems, [
        { path: theirs("outside", "SKILL.md"), reason: "its folder is a link that leads out of the project" }
      ])
      // The same holds for a link further up.
      yield* fs.remove(theirs(), { recursive: true })
      yield* write(at("elsewhere", "deploy"), skill("description: x"))
      yield* fs.symlink(at("elsewhere"), theirs())
      assert.deepStrictEqual(names(yield* load()), [])
    }).pipe(Effect.provide(layer)))
})

describe("What the model is told of skills", () => {
  const some = (count: number, description: string): ReadonlyArray<Skills.Skill> =>
    Array.from({ length: count }, (_, index) => {
      const name = `skill-${String(index).padStart(4, "0")}`
      return { name, description, path: `/skills/${name}/SKILL.md`, folder: `/skills/${name}`, isListed: true }
    })
  const told = (skills: ReadonlyArray<Skills.Skill>) => Skills.toItems(skills).map(text).join()

  it("is nothing, or one message of the developer with the names and paths of those that are listed", () => {
    const [first, second] = some(2, "Does it.")
    assert.isDefined(first)
    assert.isDefined(second)
    assert.deepStrictEqual(Skills.toItems([]), [])
    assert.deepStrictEqual(Skills.toItems([{ ...first, isListed: false }]), [])
    const items = Skills.toItems([{ ...first, isListed: false }, second])
    assert.deepStrictEqual(items.map(({ role, type }) => [type, role]), [["message", "developer"]])
    assert.include(told([second]), "- skill-0001: Does it. (/skills/skill-0001/SKILL.md)")
    assert.notInclude(JSON.stringify(items), "skill-0000")
    assert.deepStrictEqual(items, Skills.toItems([{ ...first, isListed: false }, second]))
  })

  it("is bounded: descriptions are cut first, and then the rest is counted", () => {
    const all = told(some(60, "€".repeat(1024)))
    assert.isBelow(all.length, 18_000)
    assert.include(all, "skill-0059")
    assert.match(all, /€…/)
    assert.notInclude(all, "not listed")
    const most = told(some(1000, "€".repeat(1024)))
    assert.isBelow(most.length, 18_000)
    assert.match(most, /\[\d+ more are not listed: there are too many\.\]/)
    assert.include(told(some(10, "€".repeat(1024))), "€".repeat(1024))
  })
})

describe("A skill that somebody names", () => {
  const of = (...names: ReadonlyArray<string>): ReadonlyArray<Skills.Skill> =>
    names.map((name) => ({ name, description: "x", path: "", folder: "", isListed: false }))

  it.each([
    ["$deploy", ["deploy"]],
    ["Please ($deploy), then $deploy-all.", ["deploy", "deploy-all"]],
    ["$deployer $deploy_x $Deploy deploy $ deploy", []],
    ["costs $5, in $PATH", []],
    ["$$deploy", ["deploy"]],
    ["", []]
  ])("%s", (text, expected) => {
    assert.deepStrictEqual(Skills.named(of("deploy", "deploy-all", "5x"), text).map(({ name }) => name), expected)
  })

  it.scoped("is told as a whole, up to a limit", () =>
    Effect.gen(function*() {
      const { load, own, write } = yield* place
      yield* write(own("deploy"), skill("description: x", "Run it. ".repeat(5000)))
      yield* write(own("huge"), skill("description: x", "é".repeat(50_000)))
      const { skills } = yield* load()
      const [deploy = "", huge = ""] = (yield* Effect.forEach(skills, Skills.instructions)).map(text)
      assert.include(deploy, own("deploy", "SKILL.md"))
      assert.include(deploy, "description: x")
      assert.include(deploy, "Run it. ".repeat(5000).trim())
      assert.isBelow(huge.length, 40_000)
      assert.match(huge, /é\n\n\[The file goes on; read it if you need the rest\.\]$/)
    }).pipe(Effect.provide(layer)))
})
