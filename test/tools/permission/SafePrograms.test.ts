import * as NodeContext from "@effect/platform-node/NodeContext"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import * as ProcessGroup from "../../../src/node/process/ProcessGroup.ts"
import { CommandRunner } from "../../../src/tools/command/CommandRunner.ts"
import * as Permission from "../../../src/tools/permission/Permission.ts"
import * as Policy from "../../../src/tools/permission/Policy.ts"
import type { Kind, Program } from "../../../src/tools/permission/ProgramWords.ts"
import * as SafeCommands from "../../../src/tools/permission/SafeCommands.ts"
import { programs } from "../../../src/tools/permission/SafePrograms.ts"
import * as SecretFiles from "../../../src/tools/permission/SecretFiles.ts"
import * as Workspace from "../../../src/tools/workspace/Workspace.ts"
import { hidden, isTraced, type Jail, make } from "./jail.ts"

/** How many batches of lines are tried: more by hand than at every run. */
const batches = Number(process.env["EFFIXIR_TEST_BATCHES"] ?? 2)
const batchSize = 60
const seed = process.env["EFFIXIR_TEST_SEED"] === undefined ? {} : { seed: Number(process.env["EFFIXIR_TEST_SEED"]) }

/** Each option is tried alone where somebody has time for it, and else one of so many. With others all are tried. */
const isThorough = batches > 2
const sample = 5

const paths = ["a.txt", "b.txt", "src", "src/b.ts", ".", "sub/a.txt", "./-x", "--output=x", "in/b.ts", "-", "run.log"]
const traps = [
  "out",
  "out/",
  "out.txt",
  "sub/up",
  "sub/up/o.txt",
  "key.txt",
  "closed/d.txt",
  "shut/d.txt",
  ".env",
  "server.pem",
  "a=~/o.txt",
  "../outside/o.txt",
  "missing"
]
const revisions = [
  "HEAD",
  "HEAD~1",
  "main..side",
  "v1",
  "side",
  "merged",
  "blob",
  "b.txt",
  "HEAD:a.txt",
  "HEAD:.env",
  "side:src/b.ts",
  ":a.txt",
  ":(exclude).env",
  "HEAD^{tree}"
]
const tricks = [
  "--",
  "-o",
  "x",
  "--output=x",
  "-exec",
  "evil",
  ";",
  "",
  "-delete",
  "--pre=evil",
  "-fprint",
  "-r",
  "-R",
  "-L",
  "-f",
  "-e",
  "one",
  "--hidden",
  "-uu",
  "-T",
  "-X",
  "--no-index",
  "--textconv",
  "--ext-diff",
  "--files0-from=.env",
  "-ok",
  "--compress-program=evil",
  "-O",
  "-c",
  "-H",
  "--follow",
  "-S",
  "-G",
  "-n",
  "-l"
]
const globs = ["src/*.ts", "s*", "sub/u*", "a*", "o*"]

const of = (kind: Kind): ReadonlyArray<string> => {
  if (typeof kind !== "string") {
    return kind instanceof RegExp
      ? ["1", "1,2", "1p", "+1", "-1", "f", "ts", "utf-8", "ls", "A", "short", "%h %s", ",", "a.txt"]
      : kind
  }
  switch (kind) {
    case "none":
      return []
    case "number":
      return ["0", "1", "3"]
    case "text":
    case "pattern":
      return ["one", "*.ts", "!.env", "a b", "/etc", "."]
    case "path":
    case "file":
    case "pathspec":
      return paths
    case "revision":
    case "object":
      return [...revisions, ...paths]
  }
}

const quoted = (word: string) =>
  globs.includes(word) ? word : /^[\w./=:,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "")}'`

const often = (usual: ReadonlyArray<string>, odd: ReadonlyArray<string>) =>
  fc.oneof(
    ...usual.length === 0 ? [] : [{ weight: 6, arbitrary: fc.constantFrom(...usual) }],
    { weight: 1, arbitrary: fc.constantFrom(...odd) }
  )

/** An option as the program may be given it, with a value of its kind or one that pretends to be something else. */
const option = (program: Program) => {
  const { style } = program
  const all = optionsOf(program).map(({ kind, spelling }) => ({ kind, name: spelling.replace(/\[=?\]$|=$/, "") }))
  if (all.length === 0) return fc.constant<ReadonlyArray<string>>([])
  return fc.constantFrom(...all).chain(({ kind, name }) => {
    if (name === "-NUM") return fc.constant<ReadonlyArray<string>>(["-2"])
    if (kind === "none") return fc.constant<ReadonlyArray<string>>([name])
    return fc.tuple(often(of(kind), [...tricks, ...traps]), fc.constantFrom("next", "same", "alone")).map((
      [value, place]
    ) =>
      place === "next" || style === "find" || style === "tree"
        ? [name, value]
        : place === "alone"
        ? [name]
        : [name.startsWith("--") ? `${name}=${value}` : name + value]
    )
  })
}

const command = fc.constantFrom(...programs.entries()).chain(([name, program]) => {
  const kinds = [...program.operands, ...program.rest === undefined ? [] : [program.rest, program.rest]]
  const operands = fc.tuple(
    ...kinds.map((kind) =>
      fc.option(often([...of(kind), ...program.showsNamesOnly === true ? globs : []], [...tricks, ...traps]), {
        freq: 3
      })
    )
  ).map((all) => all.filter((word) => word !== null).map((word) => [word]))
  const words = fc.tuple(
    fc.array(option(program), { maxLength: 3 }),
    operands,
    fc.array(fc.constantFrom(...tricks, ...traps), { maxLength: 1 })
  )
  return words.chain(([options, operands, trick]) => {
    const groups = [...options, ...operands, ...trick.map((word) => [word])]
    const order = program.style === "find" ? fc.constant([...operands, ...options]) : fc.oneof(
      { weight: 2, arbitrary: fc.constant([...options, ...operands]) },
      { weight: 1, arbitrary: fc.shuffledSubarray(groups, { minLength: groups.length }) }
    )
    return order.map((groups) => [...name.split(" "), ...groups.flat().map(quoted)].join(" "))
  })
})

const line = fc.oneof(
  { weight: 5, arbitrary: command },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("sub", "src", "in", ".", "out", "closed"), command).map(([folder, line]) =>
      `cd ${folder} && ${line}`
    )
  },
  {
    weight: 2,
    arbitrary: fc.tuple(command, fc.constantFrom(" | ", " && ", " || ", "; "), command).map((parts) => parts.join(""))
  }
)

const isPossible = process.platform === "linux" && existsSync("/bin/bash") &&
  ["/usr/bin/git", "/usr/local/bin/git"].some((file) => existsSync(file))

/** Operands that are not like those of other programs. */
const usual: Readonly<Record<string, ReadonlyArray<string>>> = {
  cd: ["src"],
  find: ["src"],
  "git blame": ["a.txt"],
  pwd: [],
  sed: ["1p", "a.txt"],
  tr: ["a", "b"],
  which: ["ls"]
}

const typical = (kind: Kind): string => kind === "pattern" ? "one" : kind === "file" ? "b.txt" : "a.txt"

/** An option with a value that it may have. */
const given = (spelling: string, kind: Kind): ReadonlyArray<string> => {
  const option = spelling.replace(/\[=?\]$|=$/, "")
  if (option === "-NUM") return ["-2"]
  if (kind === "none") return [option]
  const value = of(kind).find((value) => !(kind instanceof RegExp) || kind.test(value)) ?? ""
  return /[\]=]$/.test(spelling) ? [`${option}${option.startsWith("--") ? "=" : ""}${value}`] : [option, value]
}

interface Spelled {
  readonly spelling: string
  readonly kind: Kind
}

/** Every option of a program in every spelling. */
const optionsOf = ({ options }: Program): ReadonlyArray<Spelled> =>
  Object.entries(options).flatMap(([spellings, kind]) => spellings.split(" ").map((spelling) => ({ kind, spelling })))

/** A line with these options, and the operands that go with them. */
const withOptions = (name: string, program: Program, options: ReadonlyArray<Spelled>): string => {
  const operands = usual[name] ??
    (name.startsWith("git") ? [] : program.operands.concat(program.rest ?? []).map(typical))
  const isGiven = options.some(({ kind, spelling }) =>
    kind === "pattern" || program.withoutPattern?.split(" ").includes(spelling) === true
  )
  const isEarly = ({ spelling }: Spelled) => program.style !== "find" || /^-[PH]$/.test(spelling)
  const words = (some: ReadonlyArray<Spelled>) => some.flatMap(({ kind, spelling }) => given(spelling, kind))
  return [
    ...name.split(" "),
    ...words(options.filter(isEarly)),
    ...isGiven ? operands.slice(1) : operands,
    ...words(options.filter((option) => !isEarly(option)))
  ].map(quoted).join(" ")
}

describe.runIf(isPossible)("What is said to only look", () => {
  let jail: Jail
  beforeAll(() => {
    jail = make()
  })
  afterAll(() => jail.remove())

  /** Of these lines, those that run unasked. */
  const unasked = (lines: ReadonlyArray<string>) => {
    const policy = Effect.orDie(
      Policy.fromText(JSON.stringify({ rules: [{ decision: "deny", path: "closed/**" }] }), "p.json")
    )
    const layerSecrets = Layer.effect(
      SecretFiles.SecretFiles,
      Effect.map(
        policy,
        (policy) =>
          SecretFiles.make({ isDenied: (path) => Policy.denies(policy, "grep", path.slice(jail.root.length + 1)) })
      )
    )
    /** Commands get the environment of the jail. */
    const layerRunner = Layer.effect(
      CommandRunner,
      Effect.map(CommandRunner, (runner): typeof CommandRunner.Service => ({
        start: (command, folder, options) =>
          runner.start(command, folder, { env: { ...options?.env, ...jail.environment } }),
        environment: Effect.succeed(jail.environment)
      }))
    ).pipe(Layer.provide(ProcessGroup.layer))
    const layer = Layer.unwrapEffect(Effect.map(policy, (policy) => Permission.layerPolicy(policy, "read-only"))).pipe(
      Layer.provide(layerSecrets),
      Layer.provide(Layer.merge(Workspace.layer({ root: jail.root }), layerRunner)),
      Layer.provide(NodeContext.layer)
    )
    return Effect.gen(function*() {
      const permission = yield* Permission.Permission
      return yield* Effect.filter(lines, (command) =>
        Effect.map(
          permission.decide({
            sessionId: "s1",
            tool: "bash",
            describe: "",
            access: { kind: "run", command, workdir: undefined }
          }),
          ({ _tag }) => _tag === "Allow"
        ))
    }).pipe(Effect.provide(layer), Effect.runPromise)
  }

  /** Runs those that run unasked, and looks at what came of it. */
  const check = async (lines: ReadonlyArray<string>) => {
    const before = jail.state()
    const safe = await unasked(lines)
    const results = await jail.run(safe)
    for (const [index, { faults, output }] of results.entries()) {
      assert.deepStrictEqual(faults, [], safe[index])
      assert.notMatch(output, hidden, safe[index])
    }
    assert.deepStrictEqual(jail.state().filter((file) => !before.includes(file)), [], safe.join("\n"))
    assert.strictEqual(jail.state().length, before.length)
    return safe
  }

  it("is held to what it is seen to do", async () => {
    const lines = [
      "cat a.txt",
      "cat out.txt",
      "cat .env",
      "echo one > new.txt",
      "evil",
      "sort -o b.txt b.txt",
      "env true"
    ]
    const before = jail.state()
    const results = await jail.run(lines)
    assert.deepStrictEqual(results[0], { output: "one\n2\nthree\n", faults: [] })
    assert.deepStrictEqual(results.map(({ output }) => hidden.test(output)).slice(0, 3), [false, true, true])
    const changed = jail.state().filter((file) => !before.includes(file)).map((file) => file.split(" ")[0])
    assert.sameMembers(changed, ["ran", "work", "work/b.txt", "work/new.txt"].map((path) => join(jail.base, path)))
    if (isTraced) {
      assert.deepStrictEqual(
        results.map(({ faults }) => faults.length > 0),
        [false, true, false, true, true, true, true],
        JSON.stringify(results)
      )
    }
    jail.remove()
    jail = make()
  })

  it(
    "writes nothing, starts nothing else and shows nothing that is hidden, whichever option of the table it has",
    async () => {
      const lines = [...programs].flatMap(([name, program]) =>
        optionsOf(program).map(({ kind, spelling }) => withOptions(name, program, [{ kind, spelling }]))
      )
      for (const line of lines) {
        assert.isTrue(SafeCommands.explain(line, [jail.root])?.every(({ explained }) => explained !== undefined), line)
      }
      const some = isThorough ? lines : lines.filter((_, at) => at % sample === 0)
      assert.isAbove((await check(some)).length, some.length * 0.8)
    }
  )

  it("does none of that with three of them at once", async () => {
    const lines = [...programs].flatMap(([name, program]) => {
      const all = [...optionsOf(program)]
      const orders = fc.sample(fc.shuffledSubarray(all, { minLength: all.length }), {
        numRuns: isThorough ? batches : 1,
        ...seed
      })
      return orders.flatMap((order) =>
        Array.from(
          { length: Math.ceil(order.length / 3) },
          (_, at) => withOptions(name, program, order.slice(at * 3, at * 3 + 3))
        )
      )
    })
    assert.isAbove((await check(lines)).length, lines.length * 0.5)
  }, 300_000 + batches * 60_000)

  it("does none of that, whatever else it is told", async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: batchSize * 4, maxLength: batchSize * 4 }), async (lines) => {
        count += (await check(lines)).length
      }),
      {
        numRuns: batches,
        endOnFailure: true,
        ...seed,
        // All the other lines of a batch have done nothing.
        reporter: ({ errorInstance, failed, seed }) => {
          if (failed) {
            throw new Error(`seed ${seed}: ${errorInstance instanceof Error ? errorInstance.message : "?"}`, {
              cause: errorInstance
            })
          }
        }
      }
    )
    assert.isAbove(count, batches * batchSize / 2)
  }, 600_000 + batches * 60_000)

  it("has the words that the shell gives its programs", () => {
    const letters = fc.constantFrom(..."ab'\"\\ \t*?.~!=:/-é|&;$#^%".split(""))
    const text = fc.array(letters, { minLength: 1, maxLength: 14 }).map((all) => all.join(""))
    fc.assert(
      fc.property(fc.array(text, { minLength: 50, maxLength: 50 }), (texts) => {
        const lines = texts.flatMap((text) => {
          const split = SafeCommands.split(`p ${text}`)
          return split?.length === 1 && !/[*?]|(^|[\s=:])~/.test(text) ? [{ text, words: split[0]?.slice(1) }] : []
        })
        const script = lines.map(({ text }) => `p ${text}`).join("\n")
        const output = execFileSync("/bin/bash", ["-c", `p() { printf '%s\\2' "$@"; printf '\\1'; }\n${script}`], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"]
        })
        const read = output.split("\u0001").slice(0, -1).map((words) => words.split("\u0002").slice(0, -1))
        assert.deepStrictEqual(
          read.map((words) => JSON.stringify(words)),
          lines.map(({ words }) => JSON.stringify(words?.length === 0 ? [""] : words))
        )
      }),
      { numRuns: 10 * batches }
    )
  })
})
