import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { readdirSync } from "node:fs"
import * as OpenAiSimulator from "../src/testing/OpenAiSimulator.ts"
import * as Script from "../src/testing/Script.ts"
import * as SentRequests from "../src/testing/SentRequests.ts"
import { browser, isThere } from "./browser.ts"
import { bundle } from "./bundle.ts"

/** The rooms that are made for Node, and no others. */
/** A runner of a cluster listens on a port of its own. */
const ofNode = new Set(["cli", "cluster", "node", "testing"])

const rooms = readdirSync(new URL("../src/", import.meta.url), { withFileTypes: true })
  .filter((entry) =>
    entry.isDirectory() && !ofNode.has(entry.name) && !["internal", "vendor", "page"].includes(entry.name)
  )
  .map(({ name }) => `./${name}/index.ts`)

if (!isThere) process.stderr.write("No chromium can be had here: the loop is not run in one\n")

describe("Where there is no Node", () => {
  it("a bundler finds all that the package needs, but for what is made for Node", async () => {
    const paths = ["./index.ts", ...rooms]
    const { files, missing } = await bundle(
      paths.map((path, n) => `export * as m${n} from "${path}"`).join("\n"),
      false
    )
    assert.deepStrictEqual(missing, [])
    for (const { code } of files) assert.notMatch(code, /__vite-browser-external|require\("node:/)
  })

  it("a builtin of Node would be found", async () => {
    const { missing } = await bundle("export { readFileSync } from \"node:fs\"")
    assert.deepStrictEqual(missing, ["node:fs"])
  })

  const script = Script.fromTurns([
    Script.answer(Script.think("Which language?"), Script.call("language", {}, "call_1")),
    (request) => Script.answer(Script.say(`Hello in ${SentRequests.sent(request).functionCallOutput("call_1")}`))
  ])

  it.scopedLive.runIf(isThere)("the loop runs in a browser", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const { code } = yield* Effect.promise(() =>
        bundle("import { ask } from \"../scratchpad/20-browser.ts\"; globalThis.ask = ask")
      )
      const page = yield* Effect.flatMap(
        browser,
        (browser) => Effect.promise(() => browser.newPage({ locale: "pt-PT" }))
      )
      const answer = yield* Effect.promise(async () => {
        // A page of the server itself, since it lets no other one ask it.
        await page.goto(`${server.url}/v1/nothing`)
        await page.addScriptTag({ type: "module", content: code })
        return await page.evaluate(
          async (to): Promise<unknown> => await Reflect.get(globalThis, "ask")(to, "Hello?"),
          { apiKey: Redacted.value(server.apiKey), baseUrl: server.apiBaseUrl }
        )
      })
      assert.strictEqual(answer, "Hello in pt-PT")
      const requests = yield* server.requests
      assert.strictEqual(requests.filter(({ path }) => path === "/v1/responses").length, 2)
    }).pipe(Effect.provide(OpenAiSimulator.layer({ script }))))
})
