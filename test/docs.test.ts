import { assert, describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { parse } from "shell-quote"
import * as Cli from "../src/cli/Cli.ts"
import * as ExitCode from "../src/cli/ExitCode.ts"
import * as Help from "../src/cli/help.ts"
import * as Settings from "../src/node/settings/Settings.ts"
import { variables } from "../src/node/settings/Variables.ts"
import { Stored } from "../src/session/SessionEvent.ts"
import * as Policy from "../src/tools/permission/Policy.ts"
import * as Matrix from "./responses/matrix.ts"

const source = new URL("../src/", import.meta.url)

const cell = (text: string): string => text.replaceAll("|", "\\|")

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |\n`).join("")

const code = (text: string): string => text === "" ? "" : `\`${text}\``

const note = (what: string) => `<!-- Made from ${what} by \`npx vitest run -u test/docs.test.ts\`. -->\n`

const cli = (): string => {
  const commands = Cli.described().map((command) => {
    const { args, description, options, usage } = Help.contentOf(command)
    const named = args.filter(({ text }) => text !== "")
    return [
      `## ${command.name}\n`,
      `${description}.\n`,
      `\`\`\`\n${usage}\n\`\`\`\n`,
      ...(named.length === 0
        ? []
        : [table(["argument", "meaning"], named.map(({ name, text }) => [code(name), text]))]),
      ...(options.length === 0
        ? []
        : [table(["option", "meaning"], options.map(({ name, text }) => [code(name), text]))])
    ].join("\n")
  })
  return [
    "# The command line\n",
    note("the commands"),
    "`effixir \"prompt\"` is short for `effixir run \"prompt\"`. Options stand before a command or behind it, as `--model x`,\n" +
    "`--model=x`, `-m x` or `-m=x`. What follows `--` is words. `effixir COMMAND --help` shows what stands here.\n",
    ...commands,
    "## Exit codes\n",
    table(["code", "meaning"], ExitCode.meanings.map(([code, meaning]) => [String(code), meaning]))
  ].join("\n")
}

const typeOf = (ast: SchemaAST.AST): string => {
  if (SchemaAST.isUnion(ast)) {
    return ast.types.filter((type) => !SchemaAST.isUndefinedKeyword(type)).map(typeOf).join(", ")
  }
  if (SchemaAST.isLiteral(ast)) return code(String(ast.literal))
  if (SchemaAST.isRefinement(ast)) return typeOf(ast.from)
  if (SchemaAST.isBooleanKeyword(ast)) return "`true`, `false`"
  if (SchemaAST.isNumberKeyword(ast)) return "number"
  return SchemaAST.isStringKeyword(ast) ? "text" : "object"
}

const config = (): string =>
  [
    "# Settings\n",
    note("the settings"),
    "Settings are looked for in this order: flags (`--set KEY=VALUE` for any), environment, `.effixir/config.json` of the\n" +
    "project once it is trusted, `config.json`, defaults. `effixir config list` shows what counts, and where it comes from.\n" +
    "Unknown keys are refused: a typing error would go unnoticed.\n",
    "## `config.json`\n",
    "In the folder of `EFFIXIR_HOME`; a regular file of at most 1 MB. Comments may stand in it, and stay when\n" +
    "`effixir config set KEY VALUE` changes it; `effixir config schema` prints its JSON Schema. A project sets neither\n" +
    "`credential_store`, `durability`, `mcp_servers`, `policy` nor `servers`, and makes `permission` only stricter.\n",
    table(
      ["key", "value", "meaning"],
      SchemaAST.getPropertySignatures(Settings.schema().ast).map((property) => [
        code(String(property.name)),
        typeOf(property.type),
        Option.getOrElse(SchemaAST.getDescriptionAnnotation(property), () => "")
      ])
    ),
    "## The environment\n",
    table(
      ["variable", "without it", "meaning"],
      variables.map(({ name, text, value = "" }) => [code(name), code(value), text])
    )
  ].join("\n")

/** A cell names its tests by number, and a list below tells them. */
const servers = (): string => {
  const tests = new Map<string, number>()
  const numberOf = ({ file, title }: Matrix.Test): string => {
    const name = `\`test/${file}\`: ${title.replace("%s", "…")}`
    if (!tests.has(name)) tests.set(name, tests.size + 1)
    return String(tests.get(name))
  }
  const rows = Matrix.rows.map(([server, cells]) => [server, ...cells.map((tests) => tests.map(numberOf).join(", "))])
  return [
    table(["server", ...Matrix.columns], rows),
    Array.from(tests, ([name, number]) => `${number}. ${name}\n`).join("")
  ].join("\n")
}

/** A page of which only a part is made. */
const withPart = (page: string, part: string): string =>
  readFileSync(new URL(`../docs/${page}`, source), "utf8").replace(
    /(<!-- Made from .*? -->\n).*?(\n<!-- The end of it. -->)/s,
    (_, begin: string, end: string) => `${begin}\n${part}${end}`
  )

/** The fenced blocks of all pages. */
const blocks = [
  ...readdirSync(new URL("../docs/", source)).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
  "README.md"
].flatMap((
  page
) =>
  Array.from(
    readFileSync(new URL(`../${page}`, source), "utf8").matchAll(/^```(\w+)\n(.*?)^```/gms),
    ([, language = "", text = ""], index) => ({ name: `${page}, ${language} ${index + 1}`, language, text })
  )
)

/** Without what differs between a page and a program: indentation, and where the package is. */
const flat = (text: string): string =>
  text.replace(/^\s+/gm, "").replaceAll("../src/index.ts", "effixir").replace(
    /\.\.\/src\/(\w+)\/index\.ts/g,
    "effixir/$1"
  )

const programs = readdirSync(new URL("../scratchpad/", source))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => flat(readFileSync(new URL(`../scratchpad/${name}`, source), "utf8")))

const strict = { onExcessProperty: "error" } as const

describe("The docs", () => {
  it("show the commands as they are", () => expect(cli()).toMatchFileSnapshot("../docs/cli.md"))

  it("show the settings as they are", () => expect(config()).toMatchFileSnapshot("../docs/config.md"))

  it("show which servers are tried, by tests that there are", async () => {
    for (const { file, title } of Matrix.rows.flatMap(([, cells]) => cells.flat())) {
      assert.include(readFileSync(new URL(file, new URL("../test/", source)), "utf8"), title)
    }
    await expect(withPart("servers.md", servers())).toMatchFileSnapshot("../docs/servers.md")
  })

  it("name every variable that is read, and no other", () => {
    const files = readdirSync(source, { encoding: "utf8", recursive: true })
      .filter((path) => path.endsWith(".ts") && !path.startsWith("testing") && !path.endsWith("Variables.ts"))
    const text = files.map((path) => readFileSync(new URL(path, source), "utf8")).join("\n")
    const unnamed = new Set(["PATH", "TERM", "TZ", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "GIT_CONFIG_COUNT"])
    const read = Array.from(
      text.matchAll(/(?:Config\.\w+|choice|baseUrl)\(\s*"([A-Z][A-Z_]+)"|process\.env\["([A-Z_]+)"\]/g),
      ([, config, plain]) => config ?? plain ?? ""
    )
    for (const { value } of variables) {
      if (value !== undefined && !value.startsWith("~")) assert.include(text, `"${value}"`)
    }
    const known = variables.map(({ name }) => name)
    assert.deepStrictEqual(read.filter((name) => !known.includes(name) && !unnamed.has(name)), [])
    const inText = (name: string) => text.includes(`"${name}"`) || text.includes(`"${name.toLowerCase()}"`)
    assert.deepStrictEqual(known.filter((name) => !inText(name)), [])
  })

  it.each(blocks)("hold code that works: $name", ({ language, text }) => {
    if (language === "ts") {
      // The programs in scratchpad/ are type-checked with the rest.
      assert.isTrue(
        programs.some((program) => program.includes(flat(text))),
        "it is no part of a program in scratchpad/"
      )
    }
    if (language === "json") {
      const value: unknown = JSON.parse(text)
      const fits = Either.isRight(Schema.decodeUnknownEither(Settings.schema(), strict)(value)) ||
        Either.isRight(Schema.decodeUnknownEither(Policy.Rules, strict)(value)) ||
        Either.isRight(Schema.decodeUnknownEither(Stored, strict)(value))
      assert.isTrue(fits, "it is neither settings, nor a policy, nor a line of a log")
    }
    if (language === "sh") {
      assert.strictEqual(spawnSync("bash", ["-n"], { input: text, encoding: "utf8" }).stderr, "")
      for (const { 1: words = "" } of text.matchAll(/(?:^|&& )effixir (.*?)(?: +#.*| [<>] .*)?$/gm)) {
        const parsed = parse(words).filter((word) => typeof word === "string")
        assert.isUndefined(Cli.read(parsed).problem, words)
      }
    }
  })
})
