import { assert, describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { format } from "node:util"
import type { Request } from "../src/responses/Request.ts"
import * as OpenAiSimulator from "../src/testing/OpenAiSimulator.ts"
import * as Script from "../src/testing/Script.ts"
import * as SentRequests from "../src/testing/SentRequests.ts"

const asked = (request: Request): string => SentRequests.sent(request).userTexts.at(-1) ?? ""

const says = (answer: string): Script.Script => () => Script.answer(Script.say(answer))

const callsAndSays = (name: string, args: object): Script.Script =>
  Script.fromTurns([
    Script.answer(Script.call(name, args, "call_1")),
    (request) => Script.answer(Script.say(`It is ${SentRequests.sent(request).functionCallOutput("call_1")}.`))
  ])

/** What each program is answered, and what it prints then. */
const examples: { readonly [file: string]: readonly [script: Script.Script, printed: RegExp] } = {
  "01-embed.ts": [says("A README."), /^A README\.$/],
  "02-own-tool.ts": [says(""), /^It is 21 degrees in Lisbon\.\n$/],
  "03-tool-with-a-database.ts": [callsAndSays("count_orders", { customer: "Ann" }), /^It is 2\.\n$/],
  "04-own-vault.ts": [says("Hello!"), /^Hello!\n$/],
  "05-structured-output.ts": [
    Script.fromTurns([
      Script.answer(Script.say(JSON.stringify({ verdict: "good", remarks: ["Short."] }))),
      Script.answer(Script.say(JSON.stringify({ verdict: "bad", remarks: [] })))
    ]),
    /^good \[ 'Short\.' \]\nbad\n$/
  ],
  "06-steer-and-interrupt.ts": [
    (request) =>
      Script.answer(Script.say(asked(request) === "Then the smallest." ? "It is LICENSE." : "One, two, three")),
    /^It is LICENSE\.\nTurnInterrupted\n$/
  ],
  "07-many-agents.ts": [says("Word"), /^100 answers\n$/],
  "08-many-files.ts": [
    (request) =>
      Script.answer(Script.say(JSON.stringify({ title: /^# (.*)/.exec(asked(request))?.[1], summary: "Read." }))),
    /^agents\.md: .+\. Read\.\nchat\.md: [^]+\ntesting-agents\.md: Testing agents\. Read\.\n$/
  ],
  "10-http-server.ts": [
    says("Hello!"),
    /^data: \{"type":"thread\.started"[^]+\n\ndata: \{"type":"item\.delta"[^]+"Hello!"[^]+turn\.completed.*\n\n$/
  ],
  "11-cluster.ts": [
    (request) =>
      Script.answer(Script.say(["", "One", "Two", "Three"][SentRequests.sent(request).userTexts.length] ?? "")),
    /^One\nTwo\nThree\nOne\nOne\nTwo\n$/
  ],
  "12-evals.ts": [
    says("MIT, and no"),
    /^1\.00 {2}What license [^]+\n0\.00 {2}Which [^]+\n1\.00 {2}Is there [^]+\n0\.67 {2}on average\n$/
  ],
  "14-child.ts": [
    Script.fromTurns([
      Script.answer(Script.call("explore", { question: "Which tests are there?" }, "call_1")),
      Script.answer(Script.say("a suite")),
      (request) => Script.answer(Script.say(`It is ${SentRequests.sent(request).functionCallOutput("call_1")}.`))
    ]),
    /^It is a suite\.\n$/
  ],
  "15-effect-ai.ts": [callsAndSays("temperature", { city: "Oslo" }), /^It is 4\.\n$/]
}

/** Type-checked, and not run here: what they need is a suite of its own, a database, or another program. */
const others = [
  "09-record-and-replay.ts",
  "13-testing.ts",
  "16-traces.ts",
  "17-shared-stores.ts",
  "18-client.ts",
  "19-acp.ts",
  "20-browser.ts"
]

const folder = new URL("../scratchpad/", import.meta.url)

const files = readdirSync(folder).filter((name) => /^\d\d-.*\.ts$/.test(name))

/** Runs a program to its end against the simulator, and gives what it prints. */
const run = (file: string, script: Script.Script) =>
  Effect.gen(function*() {
    const server = yield* OpenAiSimulator.OpenAiSimulator
    const home = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effixir-example-"))),
      (home) => Effect.sync(() => rmSync(home, { recursive: true, force: true }))
    )
    let printed = ""
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const key = Redacted.value(server.apiKey)
        vi.stubEnv("EFFIXIR_HOME", home)
        vi.stubEnv("OPENAI_BASE_URL", server.apiBaseUrl)
        vi.stubEnv(file === "04-own-vault.ts" ? "VAULT_KEY" : "OPENAI_API_KEY", key)
        const print = (...words: ReadonlyArray<unknown>) => void (printed += `${format(...words)}\n`)
        vi.spyOn(console, "log").mockImplementation(print)
        vi.spyOn(process.stdout, "write").mockImplementation((piece) => {
          printed += String(piece)
          return true
        })
      }),
      () =>
        Effect.sync(() => {
          vi.restoreAllMocks()
          vi.unstubAllEnvs()
        })
    )
    yield* Effect.promise(() => import(/* @vite-ignore */ new URL(file, folder).pathname))
    return printed
  }).pipe(Effect.scoped, Effect.provide(OpenAiSimulator.layer({ script })))

describe("The examples", () => {
  it("are all in this table, each one idea in at most 60 lines, and in the README", () => {
    assert.sameMembers([...Object.keys(examples), ...others], files)
    const page = readFileSync(new URL("../README.md", folder), "utf8")
    for (const file of files) {
      assert.isAtMost(readFileSync(new URL(file, folder), "utf8").split("\n").length, 60, file)
      assert.include(page, `](scratchpad/${file})`)
    }
    assert.strictEqual(new Set(files.map((file) => file.slice(0, 2))).size, files.length)
  })

  it.live.each(Object.entries(examples).map(([file, [script, printed]]) => ({ file, script, printed })))(
    "$file",
    ({ file, printed, script }) => Effect.map(run(file, script), (text) => assert.match(text, printed))
  )
})
