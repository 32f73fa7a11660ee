import { assert, describe, expect, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { spellings } from "./effectV4.ts"

const source = fileURLToPath(new URL("../src/", import.meta.url))

const files = readdirSync(source, { encoding: "utf8", recursive: true })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(join(source, path), "utf8"))

/** What a file uses of the modules of effect: `Effect.zipRight`, and `Either` for an import of that. */
const usesIn = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/import (?:type )?\* as (\w+) from "effect\/(\w+)"/g)).flatMap((
    [, name = "", module = ""]
  ) => [
    module,
    ...Array.from(text.matchAll(new RegExp(`\\b${name}\\.(\\w+)`, "g")), ([, member = ""]) => `${module}.${member}`)
  ])

const used = new Set(files.flatMap(usesIn))

const list = () =>
  [
    "| here | v4 |\n| --- | --- |\n",
    ...Object.entries(spellings).filter(([name]) => used.has(name))
      .map(([name, later]) => `| \`${name}\` | ${later === "" ? "" : `\`${later}\``} |\n`)
  ].join("")

const page = new URL("../docs/effect-v4.md", import.meta.url)

/** A folder with effect 4, by which the list is checked: `EFFECT_V4=…/node_modules/effect`. */
const v4 = process.env["EFFECT_V4"] ?? ""

describe("The move to effect 4", () => {
  it("has a list of what it changes here", async () => {
    const text = readFileSync(page, "utf8").replace(
      /(<!-- Made from .*? -->\n).*/s,
      (_, begin: string) => `${begin}\n${list()}`
    )
    await expect(text).toMatchFileSnapshot(page.pathname)
  })

  it.runIf(v4 !== "")("has all of it in the list", async () => {
    const missing = new Set<string>()
    for (const use of used) {
      const [module = "", member] = use.split(".")
      const path = join(v4, "dist", `${module}.js`)
      const isThere = existsSync(path) &&
        (member === undefined || member in (await import(path)) ||
          new RegExp(`export (?:declare )?(?:type|interface|namespace|class|const|function) ${member}\\b`).test(
            readFileSync(path.replace(/js$/, "d.ts"), "utf8")
          ))
      if (!isThere && spellings[module] === undefined) missing.add(use)
    }
    assert.deepStrictEqual([...missing].filter((use) => spellings[use] === undefined), [])
  })
})
