import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as McpPrompt from "../../../src/tools/mcp/McpPrompt.ts"

const weather = {
  arguments: [{ name: "city", isRequired: true }, { name: "state", isRequired: false }]
}

const filled = (words: string, prompt: Parameters<typeof McpPrompt.fill>[0] = weather) =>
  Either.merge(McpPrompt.fill(prompt, words))

describe("The arguments of a prompt", () => {
  it("are given in their order, by name, in quotes", () => {
    assert.deepStrictEqual(filled("Oslo"), { city: "Oslo" })
    assert.deepStrictEqual(filled("Oslo Viken"), { city: "Oslo", state: "Viken" })
    assert.deepStrictEqual(filled("state=Viken Oslo"), { city: "Oslo", state: "Viken" })
    assert.deepStrictEqual(filled("\"New York\" NY"), { city: "New York", state: "NY" })
    assert.deepStrictEqual(filled("city='New York' state=\"\""), { city: "New York", state: "" })
    assert.deepStrictEqual(filled("a=b 1=2"), { city: "a=b", state: "1=2" })
  })

  it("may be many words where the argument is the last", () => {
    assert.deepStrictEqual(filled("Oslo the greater part"), { city: "Oslo", state: "the greater part" })
    assert.deepStrictEqual(filled("state=Viken the whole city"), { state: "Viken", city: "the whole city" })
  })

  it("are missed where they are needed, and told where there are none", () => {
    assert.strictEqual(filled(""), "it needs city")
    assert.strictEqual(filled("state=Viken"), "it needs city")
    assert.strictEqual(filled("more", { arguments: [] }), "it takes no words")
    assert.strictEqual(filled("city=a state=b more"), "it takes no more words than its arguments")
    assert.strictEqual(McpPrompt.wordsOf(weather), "city [state]")
  })
})

describe("Prompts of a server", () => {
  it("that cannot be asked for are left out, and long ones cut", () => {
    const listed = McpPrompt.listedIn({
      prompts: [
        { name: "good", title: "Good", arguments: [{ name: "a", required: true }, { name: 3 }, "b"] },
        { name: 7 },
        "none",
        { name: "long", description: "x".repeat(1000), arguments: "none" }
      ]
    })
    assert.deepStrictEqual(listed, [
      { name: "good", description: "Good", arguments: [{ name: "a", isRequired: true }] },
      { name: "long", description: "x".repeat(200), arguments: [] }
    ])
    assert.deepStrictEqual(McpPrompt.listedIn({ prompts: "none" }), [])
    assert.lengthOf(McpPrompt.listedIn({ prompts: Array.from({ length: 500 }, (_, n) => ({ name: `p${n}` })) }), 100)
  })

  it("are one message, in which answers stand as examples", () => {
    const parts = McpPrompt.toParts({
      messages: [
        { role: "user", content: { type: "text", text: "Is it sunny?" } },
        { role: "assistant", content: { type: "text", text: "It is." } },
        { role: "user", content: { type: "resource", resource: { uri: "note://a", text: "a note" } } },
        { role: "user" }
      ]
    })
    assert.deepStrictEqual(parts.map(({ text }) => text), [
      "Is it sunny?",
      "\n\n[An answer as it could be:]\nIt is.",
      "\n\n[note://a]\na note"
    ])
    assert.deepStrictEqual(McpPrompt.toParts({ messages: 3 }), [])
  })

  it("are cut where they are longer than a person would read", () => {
    const message = { role: "user", content: { type: "text", text: "x".repeat(60_000) } }
    const parts = McpPrompt.toParts({ messages: [message, message, message] })
    assert.lengthOf(parts, 2)
    assert.isBelow(parts.map(({ text }) => String(text)).join("").length, 66_000)
    assert.match(String(parts[1]?.["text"]), /x\n\[The rest of the prompt is left out: it is too long\.\]$/)
  })
})
