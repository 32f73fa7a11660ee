import { assert, beforeAll, describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { type Module, modulesOf, rooms, type Types, types } from "./api.ts"
import { unshown } from "./unshown.ts"

const source = new URL("../src/", import.meta.url)

const modules = new Map(rooms.map((room) => [room, modulesOf(room)]))

/** The front door has some of the modules of the rooms. */
const front = new Set(
  Array.from(readFileSync(new URL("index.ts", source), "utf8").matchAll(/from "\.\/(.+)"/g), ([, path]) => path)
)

/** Where the example that shows an export is: with itself, with another export, or with the module. */
const shownAt = ({ examples, exports, name }: Module, used: string): string | undefined => {
  const shows = (text: string) => new RegExp(`\\b${name}\\.${used}\\b`).test(text)
  const own = exports.find((one) => one.name === used && one.examples.length > 0)
  return (own ?? exports.find((one) => one.examples.some(shows)))?.name ?? (examples.some(shows) ? name : undefined)
}

const code = (text: string) => `\`\`\`ts\n${text.trimEnd()}\n\`\`\`\n`

const moduleText = (module: Module, { isUsed, of }: Types): string => {
  const { examples, exports, name, path, text } = module
  return [
    `## ${name}\n`,
    ...(front.has(path) ? ["Also from `effixir`.\n"] : []),
    ...(text === "" ? [] : [`${text}\n`]),
    ...examples.map(code),
    ...exports.flatMap((one) => {
      const place = isUsed(path, one.name) ? shownAt(module, one.name) : undefined
      return [
        `### ${one.name}\n`,
        ...(one.text === "" ? [] : [`${one.text}\n`]),
        code(of(path, one)),
        ...one.examples.map((example) => `Example:\n\n${code(example)}`),
        ...(place === undefined || place === one.name
          ? []
          : [`An example is at [${place}](#${place.toLowerCase()}).\n`])
      ]
    })
  ].join("\n")
}

const page = (room: string, types: Types): string =>
  [
    `# effixir/${room}\n`,
    "<!-- Made from the code by `npx vitest run -u test/api.test.ts`. -->\n",
    ...(modules.get(room) ?? []).map((module) => moduleText(module, types))
  ].join("\n")

describe("The API", () => {
  let found: Types
  beforeAll(async () => {
    found = await types([...modules.values()].flat())
  }, 600_000)

  it.each(rooms)("of %s says of each export since when it is there, and of what kind it is", (room) => {
    const bare = (modules.get(room) ?? []).flatMap(({ exports, name }) =>
      exports.filter(({ category, since }) => category === undefined || since === undefined).map((one) =>
        `${name}.${one.name}`
      )
    )
    assert.deepStrictEqual(bare, [])
  })

  it("has examples that compile", () => {
    assert.deepStrictEqual(found.problems, [])
  })

  it.each(rooms)("of %s shows in an example what programs call", (room) => {
    const bare = (modules.get(room) ?? []).flatMap((module) =>
      module.exports
        .filter(({ name }) => found.isUsed(module.path, name) && shownAt(module, name) === undefined)
        .map(({ name }) => ({ name: `${module.name}.${name}`, path: module.path }))
    )
    assert.deepStrictEqual(bare.filter(({ path }) => !unshown.has(path)).map(({ name }) => name), [])
    const listed = Array.from(unshown).filter((path) => path.startsWith(`${room}/`))
    assert.sameMembers(listed, Array.from(new Set(bare.map(({ path }) => path).filter((path) => unshown.has(path)))))
  })

  it.each(rooms)("of %s is what docs/api shows", async (room) => {
    assert.isNotEmpty(modules.get(room))
    await expect(page(room, found)).toMatchFileSnapshot(`../docs/api/${room}.md`)
  })

  it("has no page of a room that is not there", () => {
    const pages = readdirSync(new URL("../docs/api/", source)).filter((name) => name !== "README.md")
    assert.sameMembers(pages, rooms.map((room) => `${room}.md`))
  })
})
