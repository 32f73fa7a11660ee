import { assert, describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { basename } from "node:path"

const source = new URL("../src/", import.meta.url)

/** The modules of a room that are for others: named after what they hold, and not marked as internal. */
const modules = (room: string): ReadonlyArray<string> =>
  readdirSync(new URL(room, source), { encoding: "utf8", recursive: true })
    .filter((path) => /^[A-Z]\w*\.ts$/.test(basename(path)) && !isInternal(read(`${room}/${path}`)))
    .toSorted((a, b) => a.toLowerCase() < b.toLowerCase() ? -1 : 1)

const read = (path: string): string => readFileSync(new URL(path, source), "utf8")

const isInternal = (text: string): boolean => /^\/\*\*(?:(?!\*\/)[^])*@internal/.test(text)

const exported = (path: string): ReadonlyArray<string> =>
  Array.from(
    read(path).matchAll(/^export \* as (\w+) from/gm),
    ([, name]) => String(name)
  )

const rooms = [
  "acp",
  "agent",
  "ai",
  "auth",
  "client",
  "cluster",
  "node",
  "prompts",
  "responses",
  "server",
  "session",
  "testing",
  "tools"
]

/** What people look for at the door of a room, by the module that has it. */
const besides: { readonly [module: string]: string } = {
  "ResponsesLanguageModel.ts": "export { layer } from \"./ResponsesLanguageModel.ts\"\n"
}

const lines = (path: string) =>
  `export * as ${basename(path, ".ts")} from "./${path}"\n${besides[basename(path)] ?? ""}`

// `npx vitest run -u test/barrels.test.ts` writes them.
describe("A barrel", () => {
  it.each(rooms)(
    "of %s exports the modules of its room",
    (room) =>
      expect(modules(room).map(lines).join(""))
        .toMatchFileSnapshot(`../src/${room}/index.ts`)
  )

  it("of the package has at most 40 names, and each is in the barrel of its room", () => {
    const names = exported("index.ts")
    assert.isAtMost(names.length, 40)
    const inRooms = new Set(rooms.flatMap((room) => exported(`${room}/index.ts`)))
    assert.deepStrictEqual(names.filter((name) => !inRooms.has(name)), [])
  })

  it("is a subpath of the package", () => {
    const { exports } = JSON.parse(read("../package.json"))
    assert.deepStrictEqual(
      exports,
      Object.fromEntries([
        [".", { types: "./dist/index.d.ts", default: "./dist/index.js" }],
        ...rooms.map((room) => [`./${room}`, {
          types: `./dist/${room}/index.d.ts`,
          default: `./dist/${room}/index.js`
        }]),
        ...["./schemas/config.json", "./schemas/jsonl.json", "./schemas/log.json", "./package.json"].map((
          path
        ) => [path, path])
      ])
    )
  })
})
