import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { isItem, type Item, text } from "../../src/responses/Item.ts"
import { isToolCall, isToolCallOutput } from "../../src/responses/ToolCall.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const hello = Script.answer(Script.say("Hello again!"))

const fixture = (name: string, folder: string): string =>
  readFileSync(new URL(`../session/import/fixtures/${name}`, import.meta.url), "utf8")
    .replaceAll("/home/ada/project", folder)

/** Where each agent keeps a session, in a home of its own. */
const places = {
  codex: ".codex/sessions/2026/11/29/rollout-2026-11-29T20-54-16-01a22916.jsonl",
  claude: ".claude/projects/-work/40751199-fa0b.jsonl",
  pi: ".pi/agent/sessions/--work--/2026_01a22916.jsonl",
  opencode: "work/session.json"
} as const

const environment = (base: string) => ({
  CODEX_HOME: `${base}/.codex`,
  CLAUDE_CONFIG_DIR: `${base}/.claude`,
  PI_CODING_AGENT_DIR: `${base}/.pi/agent`,
  XDG_DATA_HOME: `${base}/share`
})

const keep = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

const inputOf = (request: { readonly body: unknown } | undefined): ReadonlyArray<Item> => {
  const { input }: { readonly input?: unknown } = request?.body ?? {}
  return Array.isArray(input) ? input.filter(isItem) : []
}

/** Each call of a request, with what is said of how it ended. */
const callsIn = (input: ReadonlyArray<Item>) =>
  input.filter(isToolCall).map((call) => [
    call.call_id,
    input.filter(isToolCallOutput).filter((answer) => answer.call_id === call.call_id).map(({ output }) =>
      String(output)
    )
  ])

const saidIn = (input: ReadonlyArray<Item>) => input.map(text).filter((text) => text !== "")

describe("effixir sessions import", () => {
  it.scopedLive.each(["codex", "claude", "pi", "opencode"] as const)(
    "makes a session that can be gone on with: %s",
    (tool) =>
      Effect.gen(function*() {
        const { base, folder, run, simulator } = yield* machine(Script.fromTurns([hello]))
        const file = `${base}/${places[tool]}`
        keep(file, fixture(tool === "opencode" ? "opencode.json" : `${tool}.jsonl`, folder))
        const env = environment(base)
        const imported = yield* run(
          ["sessions", "import", tool, ...tool === "opencode" ? ["session.json"] : [], "--json"],
          { env }
        )
        assert.strictEqual(imported.code, 0, imported.stderr)
        const { session_id: id, ...told } = JSON.parse(imported.stdout)
        assert.deepInclude(told, { workspace: folder, turns: 2, calls: tool === "claude" ? 4 : 2 })
        assert.strictEqual(told.imported_from.tool, tool)
        assert.match(told.lost[0].message, /^[34] thoughts are kept for you to read/)

        const { code, stderr, stdout } = yield* run(["resume", id, "Say hello"], { env })
        assert.strictEqual(stdout, "Hello again!\n", stderr)
        assert.strictEqual(code, 0)
        const [request] = yield* simulator.requests
        const input = inputOf(request)
        const said = saidIn(input)
        assert.include(said.find((text) => text.includes("Look at the folder")), "TWO")
        assert.includeMembers([...said], ["Let me look.", "All done: it said hello.", "Say hello"])
        assert.strictEqual(said.at(-1), "Say hello")
        const calls = callsIn(input)
        assert.strictEqual(calls.length, told.calls)
        for (const [, outputs] of calls) {
          assert.strictEqual(outputs?.length, 1)
          assert.include(outputs?.[0], "hello-from-tool")
        }
        assert.include(JSON.stringify(request?.body), "data:image/png;base64,iVBOR")
        assert.notInclude(JSON.stringify(request?.body), "internal_chat_message_metadata_passthrough")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("goes on with a session that ended in the middle of a call, with a prompt and without one", () =>
    Effect.gen(function*() {
      const { base, folder, run, simulator } = yield* machine(Script.fromTurns([hello, hello]))
      keep(`${base}/killed.jsonl`, fixture("codex-killed.jsonl", folder))
      for (const prompt of [["Go on"], []]) {
        const { stderr, stdout } = yield* run(["sessions", "import", "codex", "../killed.jsonl"])
        assertSentence(stderr, "Imported 1 turn with 1 call of Codex's session", "1 call has no output")
        const resumed = yield* run(["resume", stdout.trim(), ...prompt])
        assert.strictEqual(resumed.stdout, "Hello again!\n", resumed.stderr)
      }
      for (const request of yield* simulator.requests) {
        assert.deepNestedInclude(request, { "body.model": "gpt-6.2-sol" }, "not the model of the other agent")
        assert.deepStrictEqual(callsIn(inputOf(request)), [[
          "call_00000026",
          ["[The call was interrupted before it ended. What it did until then is not known.]"]
        ]])
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("is listed and shown like any other", () =>
    Effect.gen(function*() {
      const { base, folder, run } = yield* machine(Script.fromTurns([]))
      keep(`${base}/${places.codex}`, fixture("codex.jsonl", folder))
      const { stdout: id } = yield* run(["sessions", "import", "codex", "01a22916"], { env: environment(base) })
      const { sessions } = JSON.parse((yield* run(["sessions", "list", "--json"])).stdout)
      assert.deepInclude(sessions[0], {
        id: id.trim(),
        title: "Look at the folder please TWO",
        workspace: folder,
        turns: 2,
        status: "completed"
      })
      assert.include((yield* run(["sessions", "show", id.trim()])).stdout, "Let me look.")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says in a sentence what it cannot import, with exit code 2", () =>
    Effect.gen(function*() {
      const { base, folder, fs, home, path, run } = yield* machine(Script.fromTurns([]))
      keep(`${folder}/empty.jsonl`, "")
      keep(`${folder}/other.jsonl`, fixture("pi.jsonl", folder))
      keep(`${folder}/newer.jsonl`, fixture("pi.jsonl", folder).replace("\"version\":3", "\"version\":9"))
      const env = environment(base)
      for (
        const [sentence, ...args] of [
          ["Whose session? effixir sessions import codex|claude|pi|opencode"],
          ["Whose session? ", "cursor"],
          ["Whose session? ", "codex", "one", "two"],
          ["Codex has no session of this folder", "codex"],
          ["Pi has no session with abcd in its id", "pi", "abcd"],
          [`There is no file ${folder}/none.jsonl`, "claude", "none.jsonl"],
          [`${folder} is a folder`, "claude", folder],
          [`${folder}/empty.jsonl is empty`, "claude", "empty.jsonl"],
          ["it is a session of Pi; import it as one: effixir sessions import pi", "claude", "other.jsonl"],
          ["its format has version 9, and this effixir knows those up to 3", "pi", "newer.jsonl"]
        ]
      ) {
        const { code, stderr, stdout } = yield* run(["sessions", "import", ...args], { env })
        assertSentence(stderr, sentence ?? "")
        assert.strictEqual(stderr.trim().split("\n").length, 1, stderr)
        assert.deepStrictEqual([code, stdout], [2, ""], args.join(" "))
      }
      assert.isFalse(yield* fs.exists(path.join(home, "sessions")))
    }).pipe(Effect.provide(platform)))
})
