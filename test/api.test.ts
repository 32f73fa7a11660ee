import { assert, describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { type Module, modulesOf } from "./api.ts"

const source = new URL("../src/", import.meta.url)

const rooms = readdirSync(source, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(new URL(entry.name, source)).includes("index.ts"))
  .map(({ name }) => name)

const modules = new Map(rooms.map((room) => [room, modulesOf(room)]))

/** The front door has some of the modules of the rooms. */
const front = new Set(
  Array.from(readFileSync(new URL("index.ts", source), "utf8").matchAll(/from "\.\/(.+)"/g), ([, path]) => path)
)

const moduleText = ({ exports, name, path, text }: Module): string =>
  [
    `## ${name}\n`,
    ...(front.has(path) ? ["Also from `effixir`.\n"] : []),
    ...(text === "" ? [] : [`${text}\n`]),
    ...exports.map((one) =>
      `### ${one.name}\n\n${one.text === "" ? "" : `${one.text}\n\n`}\`\`\`ts\n${one.declaration}\n\`\`\`\n`
    )
  ].join("\n")

const page = (room: string, modules: ReadonlyArray<Module>): string =>
  [
    `# effixir/${room}\n`,
    "<!-- Made from the code by `npx vitest run -u test/api.test.ts`. -->\n",
    ...modules.map(moduleText)
  ].join("\n")

describe("The API", () => {
  it.each(rooms)("of %s says of each export since when it is there, and of what kind it is", (room) => {
    const bare = (modules.get(room) ?? []).flatMap(({ exports, name }) =>
      exports.filter(({ category, since }) => category === undefined || since === undefined).map((one) =>
        `${name}.${one.name}`
      )
    )
    assert.deepStrictEqual(bare, [])
  })

  it.each(rooms)("of %s is what docs/api shows", async (room) => {
    assert.isNotEmpty(modules.get(room))
    await expect(page(room, modules.get(room) ?? [])).toMatchFileSnapshot(`../docs/api/${room}.md`)
  })

  it("has no page of a room that is not there", () => {
    const pages = readdirSync(new URL("../docs/api/", source)).filter((name) => name !== "README.md")
    assert.sameMembers(pages, rooms.map((room) => `${room}.md`))
  })
})
