import { assert, describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { bundle, sizeOf } from "./bundle.ts"

/** What a program uses, and how it is imported. */
const uses: ReadonlyArray<readonly [what: string, program: string]> = [
  ["requests of a model: `Responses`", "export { Responses } from \"./index.ts\""],
  ["the loop: `Agent.layer`", "import { Agent } from \"./index.ts\"; export default Agent.layer"],
  ["the loop, tools, sessions in memory, the network", "export * from \"../scratchpad/20-browser.ts\""],
  ["all of `effixir`", "export * from \"./index.ts\""],
  ["all of `effixir/ai`", "export * from \"./ai/index.ts\""],
  [
    "for comparison: `Effect`, `Stream`, `Layer`, `Schema`, `HttpClient`",
    [
      "import * as FetchHttpClient from \"@effect/platform/FetchHttpClient\"",
      "import * as HttpClient from \"@effect/platform/HttpClient\"",
      "import * as Effect from \"effect/Effect\"",
      "import * as Layer from \"effect/Layer\"",
      "import * as Schema from \"effect/Schema\"",
      "import * as Stream from \"effect/Stream\"",
      "export default [FetchHttpClient.layer, HttpClient.get, Effect.gen, Layer.provide, Schema.Struct, Stream.map]"
    ].join("\n")
  ]
]

const page = new URL("../docs/sizes.md", import.meta.url)

const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`

/** The sizes that the page tells, in kB. */
const told = (text: string): ReadonlyMap<string, ReadonlyArray<number>> =>
  new Map(
    Array.from(text.matchAll(/^\| (.+?) \| (\d+) kB \| (\d+) kB \|$/gm), ([, what = "", plain, gzip]) => [
      what,
      [Number(plain), Number(gzip)]
    ])
  )

const head = `# Sizes

<!-- Made from the bundles by \`npx vitest run -u test/sizes.test.ts\`. -->

What a bundler puts into a program that uses a part of effixir, \`effect\` and \`@effect/platform\` with it, minified, and
compressed with gzip. It counts what is loaded at once: what is needed rarely, such as diffs, is loaded when it is used. The suite
measures it, and fails where one of these has grown by more than 5 %.

| what | minified | gzip |
| --- | --- | --- |
`

describe("The sizes of bundles", () => {
  it("are those of docs/sizes.md, within 5 %", async () => {
    const before = readFileSync(page, { encoding: "utf8", flag: "a+" })
    const known = told(before)
    const rows: Array<string> = []
    let isTold = known.size === uses.length
    for (const [what, program] of uses) {
      const { gzip, plain } = sizeOf(await bundle(program))
      const [tellsPlain = 0, tellsGzip = 0] = known.get(what) ?? []
      const isNear = (bytes: number, kB: number) => Math.abs(bytes / 1000 - kB) <= Math.max(1, kB * 0.05)
      isTold &&= isNear(plain, tellsPlain) && isNear(gzip, tellsGzip)
      rows.push(`| ${what} | ${kilobytes(plain)} | ${kilobytes(gzip)} |\n`)
    }
    const tells = head + rows.join("")
    assert.strictEqual(told(tells).size, uses.length)
    // What has hardly changed stays as it is told: nobody has to look at it.
    await expect(isTold ? before : tells).toMatchFileSnapshot(page.pathname)
  })
})
