import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Item } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const searched = (id: string, fields: object): Item => ({
  id: `ws_${id}`,
  type: "web_search_call",
  status: "completed",
  ...fields
})

const answer = Script.answer(
  searched("1", { action: { type: "search", query: "weather in Lisbon", queries: ["weather in Lisbon"] } }),
  searched("2", { action: { type: "open_page", url: "https://example.com/\u001B[2Jlisbon" } }),
  searched("3", { action: { type: "find_in_page", url: "https://example.com/lisbon", pattern: "rain" } }),
  searched("4", { arguments: "{\"query\":\"what is xAI\",\"num_results\":5}" }),
  searched("5", {}),
  Script.say("It is sunny.")
)

const toolsOf = (body: unknown): ReadonlyArray<string> => {
  const { tools = [] } = body as { readonly tools?: ReadonlyArray<{ readonly type: string; readonly name?: string }> }
  return tools.map(({ name, type }) => name ?? type)
}

describe("--search", () => {
  it.scopedLive("lets the server search, and shows what for", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(() => answer)
      const { code, stderr, stdout } = yield* run(["run", "--search", "How is the weather?"])
      assert.deepStrictEqual([code, stdout], [0, "It is sunny.\n"])
      assert.deepStrictEqual(stderr.split("\n").filter((line) => line.startsWith("•")), [
        "• web_search weather in Lisbon",
        String.raw`• web_search https://example.com/\x1b[2Jlisbon`,
        "• web_search \"rain\" in https://example.com/lisbon",
        "• web_search what is xAI",
        "• web_search "
      ])
      const resumed = yield* run(["resume", "--last", "--search", "And tomorrow?"])
      assert.strictEqual(resumed.code, 0)
      assert.include(resumed.stderr, "web_search weather in Lisbon")
      const requests = yield* simulator.requests
      for (const { body } of requests) assert.include(toolsOf(body), "web_search")
      // What was searched is part of the conversation.
      assert.include(JSON.stringify(requests[1]?.body), "weather in Lisbon")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is an item of its own under --json", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(() => answer)
      const { stderr, stdout } = yield* run(["run", "--json", "--search", "How is the weather?"])
      const items = lines(stdout).flatMap(({ item, type }) =>
        type === "item.completed" && item?.type === "web_search" ? [item] : []
      )
      assert.deepStrictEqual(items.map(({ query, status }) => [query, status]), [
        ["weather in Lisbon", "completed"],
        ["https://example.com/\u001B[2Jlisbon", "completed"],
        ["\"rain\" in https://example.com/lisbon", "completed"],
        ["what is xAI", "completed"],
        ["", "completed"]
      ])
      assert.deepInclude(items[1]?.["action"], { type: "open_page" })
      assert.strictEqual(items[4]?.["action"], null)
      assert.notInclude(stdout, "web_search_call")
      assert.strictEqual(stderr, "")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("may be set once for all, and nothing is searched without it", () =>
    Effect.gen(function*() {
      const { fs, home, run, simulator } = yield* machine(() => Script.answer(Script.say("Hello")))
      yield* run(["run", "Hi"])
      yield* fs.writeFileString(`${home}/config.json`, JSON.stringify({ web_search: true }))
      yield* run(["run", "Hi"])
      const [without = [], set = []] = (yield* simulator.requests).map(({ body }) => toolsOf(body))
      assert.notInclude(without, "web_search")
      assert.include(set, "web_search")
      yield* fs.writeFileString(`${home}/config.json`, JSON.stringify({ web_search: "yes" }))
      const wrong = yield* run(["run", "Hi"])
      assert.strictEqual(wrong.code, 2)
      assertSentence(wrong.stderr, "web_search", "expected true or false")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says that it has no effect over Chat Completions", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(() => Script.answer(Script.say("Hello")))
      const env = { EFFIXIR_DIALECT: "chat-completions", OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      const { code, stderr, stdout } = yield* run(["run", "--auth", "api-key", "--search", "-m", "gpt-6.1-sol", "Hi"], {
        env
      })
      assert.deepStrictEqual([code, stdout], [0, "Hello\n"])
      assertSentence(stderr, "effixir: the web cannot be searched over Chat Completions")
      assert.notInclude(JSON.stringify((yield* simulator.requests)[0]?.body), "web_search")
    }).pipe(Effect.provide(platform)))
})
