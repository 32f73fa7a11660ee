import { assert, describe, it } from "@effect/vitest"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

describe("the bundled program", () => {
  it("has the files from which the built library takes the largest packages", () => {
    const { Agent, Client, fetch, ProxyAgent } = require("../dist/bin/undici.js")
    for (const one of [Agent, Client, fetch, ProxyAgent]) assert.isFunction(one)
    const { default: highlighter } = require("../dist/bin/highlight.js")
    assert.match(highlighter.highlight("const a = 1", { language: "ts" }).value, /hljs-keyword/)
  })
})
