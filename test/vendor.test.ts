import { assert, describe, it } from "@effect/vitest"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

describe("the bundled program", () => {
  it("has the files from which the built library takes the largest packages", () => {
    const { Agent, Client, fetch, ProxyAgent } = require("../dist/bin/undici.js")
    for (const one of [Agent, Client, fetch, ProxyAgent]) assert.isFunction(one)
    assert.deepStrictEqual(require("../dist/bin/yaml.js").parse("a: [1]"), { a: [1] })
    assert.include(require("../dist/bin/page.js").script, "/v1/sessions")
    const { default: highlighter } = require("../dist/bin/highlight.js")
    assert.match(highlighter.highlight("const a = 1", { language: "ts" }).value, /hljs-keyword/)
  })
})
