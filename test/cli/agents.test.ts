import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { type Line, lines, machine, platform } from "./support.ts"

const helper = (about: string) =>
  `---\nname: helper\ndescription: ${about}\ntools: Read, Glob\nmodel: inherit\n---\nHelp well.\n`

/** The parent has an agent look, which looks once. */
const looking = (agent: string): Script.Script => ({ input, instructions = "" }) => {
  const isFirst = !input.some(({ type }) => type === "function_call_output")
  if (!instructions.includes("for another agent")) {
    return Script.answer(isFirst ? Script.call("agent", { task: "Look", agent }) : Script.say("Done."))
  }
  return Script.answer(isFirst ? Script.call("read", { path: "a.txt" }) : Script.say("It says one."))
}

const prepare = Effect.fnUntraced(function*(script: Script.Script) {
  const my = yield* machine(script)
  yield* my.fs.writeFileString(my.file("a.txt"), "one\n")
  const write = (folder: string, name: string, text: string) =>
    Effect.zipRight(
      my.fs.makeDirectory(folder, { recursive: true }),
      my.fs.writeFileString(`${folder}/${name}.md`, text)
    )
  return { ...my, write }
})

interface Asked {
  readonly tools: ReadonlyArray<{ readonly name?: string }>
}

const toolsOf = (request: { readonly body: unknown } | undefined) => ((request?.body ?? { tools: [] }) as Asked).tools

const toolOf = (request: { readonly body: unknown } | undefined): string =>
  JSON.stringify(toolsOf(request).find(({ name }) => name === "agent"))

const ofCall = ({ item }: Line) => item?.["name"] === "agent"

describe("An agent of a person", () => {
  it.scopedLive("works for another one, which is told of it; its session is found from the other's", () =>
    Effect.gen(function*() {
      const { home, run, simulator, write } = yield* prepare(looking("helper"))
      yield* write(`${home}/agents`, "helper", helper("helps with reading"))
      yield* write(`${home}/agents`, "odd", "no front matter")

      const text = yield* run(["run", "Go"])
      assert.deepStrictEqual([text.code, text.stdout], [0, "Done.\n"], text.stderr)
      assert.match(text.stderr, /• agent Look\n {2}↳ helper: read a\.txt\n◦ agent Look\n {2}✓ It says one\.\n/)
      assert.match(text.stderr, /the agent \S*\/agents\/odd\.md is left out: it does not begin with a front matter/)
      const [first, second] = yield* simulator.requests
      assert.include(toolOf(first), "helper: helps with reading")
      assert.deepStrictEqual(
        toolsOf(second).map(({ name }) => name),
        ["read", "find"]
      )

      const json = lines((yield* run(["run", "--json", "Go"])).stdout)
      const details = json.findLast(ofCall)?.item?.["details"] as { readonly session_id: string }
      const session = String(json[0]?.["thread_id"])
      assert.lengthOf(json.filter(({ type }) => type.startsWith("turn.")), 2)
      assert.deepInclude(json.find(({ type }) => type === "item.updated"), {
        child: { agent: "helper", session_id: details.session_id, item_id: "turn-1.0.0" }
      })
      const show = (...args: ReadonlyArray<string>) =>
        Effect.map(run(["sessions", "show", ...args]), ({ stdout }) => stdout)
      const parent = JSON.parse(yield* show(session, "--json"))
      assert.deepInclude(parent.children[0], { id: details.session_id, title: "Look", status: "completed" })
      assert.isNull(parent.child_of)
      const child = JSON.parse(yield* show(details.session_id, "--json"))
      assert.deepStrictEqual([child.child_of.session_id, child.children], [session, []])
      assert.include(yield* show(session), `an agent worked for it: session ${details.session_id}, completed: Look`)
      assert.include(yield* show(details.session_id), `works for a call of session ${session}`)

      const listed = (yield* run(["sessions", "list", "--json"])).stdout
      assert.notInclude(listed, details.session_id)
      assert.include((yield* run(["sessions", "list", "--all", "--json"])).stdout, details.session_id)
      const deleted = yield* run(["sessions", "delete", session, "--yes", "--json"])
      assert.deepStrictEqual(JSON.parse(deleted.stdout), { deleted: [session, details.session_id] })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a project counts once it is trusted; the nearest of a name counts", () =>
    Effect.gen(function*() {
      const { folder, fs, home, run, simulator, write } = yield* prepare(() => Script.answer(Script.say("Done.")))
      yield* fs.makeDirectory(`${folder}/.git`)
      yield* write(`${home}/agents`, "helper", helper("mine"))
      yield* write(`${folder}/.agents/agents`, "helper", helper("theirs"))
      yield* write(`${folder}/.agents/agents`, "review", `---\ndescription: theirs too\n---\nReview.\n`)

      const before = yield* run(["run", "Go"])
      assert.match(before.stderr, /agents\/helper\.md and 1 more left out: this project is not trusted/)
      assert.match(toolOf((yield* simulator.requests)[0]), /helper: mine.*review: reviews changes/)
      const after = yield* run(["run", "--trust", "Go"])
      assert.strictEqual(after.code, 0, after.stderr)
      assert.match(toolOf((yield* simulator.requests)[1]), /helper: theirs.*review: theirs too/)
      // The tool is gone where no agent may have another one.
      yield* run(["run", "--set", "agents.max_depth=0", "Go"])
      assert.isUndefined(toolOf((yield* simulator.requests)[2]))
    }).pipe(Effect.provide(platform)))
})
