import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { eventually, isAlive, type Line, lines, machine, platform } from "./support.ts"

/** The model runs a command, and is done. */
const script: Script.Script = ({ input }) =>
  Script.answer(
    input.some(({ type }) => type === "function_call_output")
      ? Script.say("Done.")
      : Script.call("bash", { command: "echo ran > ran.txt" })
  )

interface Hook {
  readonly matcher?: string
  readonly hooks: ReadonlyArray<{ readonly command: string; readonly timeout?: number }>
}

const prepare = Effect.gen(function*() {
  const my = yield* machine(script)
  const set = (hooks: { readonly [event: string]: ReadonlyArray<Hook> }, file = `${my.home}/config.json`) =>
    my.fs.writeFileString(file, JSON.stringify({ hooks }))
  const before = (command: string, matcher?: string, timeout?: number) =>
    set({
      PreToolUse: [{
        ...matcher === undefined ? {} : { matcher },
        hooks: [{ command, ...timeout === undefined ? {} : { timeout } }]
      }]
    })
  const go = Effect.gen(function*() {
    yield* my.fs.remove(my.file("ran.txt"), { force: true })
    const { code, stderr, stdout } = yield* my.run(["run", "--json", "Go"])
    const call = lines(stdout).find(({ item, type }: Line) => type === "item.completed" && item?.type === "tool_call")
    return { code, stderr, stdout, output: String(call?.item?.["output"]), hasRun: existsSync(my.file("ran.txt")) }
  })
  return { ...my, set, before, go }
})

describe("A command before a call", () => {
  it.scopedLive("gets what other agents give it, and refuses with code 2 and its stderr", () =>
    Effect.gen(function*() {
      const { before, file, folder, go, home } = yield* prepare
      yield* before("cat > seen.json; env > seen.env; echo 'no echo here' >&2; exit 2", "Bash")
      const { code, hasRun, output } = yield* go
      assert.deepStrictEqual([code, hasRun], [0, false])
      assert.match(output, /^The call was not permitted: no echo here \(hook\)/)
      const { session_id, transcript_path, ...seen } = JSON.parse(readFileSync(file("seen.json"), "utf8"))
      assert.deepStrictEqual(seen, {
        cwd: folder,
        hook_event_name: "PreToolUse",
        turn_id: "turn-1",
        tool_name: "Bash",
        tool_input: { command: "echo ran > ran.txt" },
        tool_use_id: seen.tool_use_id
      })
      assert.strictEqual(transcript_path, `${home}/sessions/${session_id}/log.ndjson`)
      assert.isTrue(existsSync(transcript_path))
      assert.include(readFileSync(file("seen.env"), "utf8"), `EFFIXIR_SESSION_ID=${session_id}\n`)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("that cannot start, fails, hangs, dies or answers garbage lets nothing through", () =>
    Effect.gen(function*() {
      const { before, file, go } = yield* prepare
      for (
        const [command, why, timeout] of [
          ["no-such-program", /no-such-program.*has failed: it ended with code 127/],
          ["echo broken >&2; exit 1", /has failed: it ended with code 1: broken/],
          ["echo $$ > hung.pid; sleep 600", /has not answered within/, 0.5],
          ["kill -9 $$", /was killed by SIGKILL/],
          ["echo garbage", /its answer is no JSON object/],
          ["echo '{\"decision\": \"perhaps\"}'", /has a field that is not as it should be/]
        ] as const
      ) {
        yield* before(command, undefined, timeout)
        const { hasRun, output } = yield* go
        assert.deepStrictEqual([command, hasRun], [command, false])
        assert.match(output, why)
      }
      // Nothing of the one that hung is left.
      const pid = Number(readFileSync(file("hung.pid"), "utf8"))
      yield* eventually("the hook is gone", () => !isAlive(pid))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("changes what is run, for the tools that it is for", () =>
    Effect.gen(function*() {
      const { before, file, go } = yield* prepare
      const answer = JSON.stringify({
        hookSpecificOutput: {
          hookEventName: "PreToolUse",
          permissionDecision: "allow",
          updatedInput: { command: "echo changed > ran.txt" },
          additionalContext: "it was changed"
        }
      })
      yield* before(`echo '${answer}'`, "bash|write")
      const changed = yield* go
      assert.isTrue(changed.hasRun)
      assert.strictEqual(readFileSync(file("ran.txt"), "utf8"), "changed\n")
      assert.include(changed.output, "it was changed")
      assert.match(changed.stdout, /"item\.started".*echo changed/)
      yield* before(`exit 2`, "Edit|Write")
      assert.isTrue((yield* go).hasRun)
    }).pipe(Effect.provide(platform)))
})

describe("Commands as hooks", () => {
  it.scopedLive("say what the model is told; a plain text does at the start and at a prompt", () =>
    Effect.gen(function*() {
      const { go, set, simulator } = yield* prepare
      yield* set({
        SessionStart: [{ hooks: [{ command: "echo it is Monday" }] }],
        UserPromptSubmit: [{ hooks: [{ command: "echo '{\"additionalContext\": \"be quick\"}'" }] }],
        PostToolUse: [{ matcher: "Bash", hooks: [{ command: "echo 'look at it' >&2; exit 2" }] }],
        Stop: [{
          hooks: [{
            command: "grep -q '\"stop_hook_active\":true' || echo '{\"decision\": \"block\", \"reason\": \"go on\"}'"
          }]
        }]
      })
      const { code, output, stderr } = yield* go
      assert.strictEqual(code, 0, stderr)
      assert.include(output, "[A hook of the user (PostToolUse) says: look at it]")
      const requests = yield* simulator.requests
      assert.lengthOf(requests, 3)
      for (const said of ["it is Monday", "be quick"]) assert.include(JSON.stringify(requests[0]?.body), said)
      assert.include(JSON.stringify(requests[2]?.body), "go on")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("refuse a prompt with code 1, and one that fails elsewhere is told and stops nothing", () =>
    Effect.gen(function*() {
      const { go, set, simulator } = yield* prepare
      yield* set({ UserPromptSubmit: [{ hooks: [{ command: "echo 'not today' >&2; exit 2" }] }] })
      const refused = yield* go
      assert.strictEqual(refused.code, 1)
      assert.include(refused.stderr, "A hook (UserPromptSubmit) has stopped the turn: not today")
      assert.deepInclude(lines(refused.stdout).at(-1), { type: "turn.failed" })
      assert.deepStrictEqual(yield* simulator.requests, [])
      yield* set({ PostToolUse: [{ hooks: [{ command: "exit 1" }] }] })
      const told = yield* go
      assert.isTrue(told.hasRun)
      assert.include(told.stderr, "the hook `exit 1` has failed: it ended with code 1")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a project count beside the person's once it is trusted; what cannot be read is said", () =>
    Effect.gen(function*() {
      const { file, folder, fs, go, run, set } = yield* prepare
      yield* fs.makeDirectory(`${folder}/.git`)
      yield* fs.makeDirectory(`${folder}/.effixir`)
      const note = (who: string) => [{ hooks: [{ command: `echo ${who} >> noted.txt` }] }]
      yield* set({ PreToolUse: note("person") })
      yield* set({ PreToolUse: note("project") }, `${folder}/.effixir/config.json`)
      yield* go
      assert.strictEqual(readFileSync(file("noted.txt"), "utf8"), "person\n")
      yield* run(["run", "--trust", "Go"])
      assert.strictEqual(readFileSync(file("noted.txt"), "utf8"), "person\nperson\nproject\n")
      yield* set({ PreToolUse: note("other") }, `${folder}/.effixir/config.json`)
      const changed = yield* run(["run", "Go"])
      assert.include(changed.stderr, ".effixir/config.json are left out: you have not trusted them as they are now")
      assert.strictEqual(readFileSync(file("noted.txt"), "utf8"), "person\nperson\nproject\nperson\n")
      // A project answers no question in the place of the person.
      const allowing = { PreToolUse: [{ hooks: [{ command: `echo '{"permissionDecision":"allow"}'` }] }] }
      yield* set(allowing, `${folder}/.effixir/config.json`)
      const asked = yield* run(["run", "--trust", "--json", "--permission", "ask", "Go"])
      assert.strictEqual(asked.code, 3)
      yield* set(allowing)
      assert.strictEqual((yield* run(["run", "--json", "--permission", "ask", "Go"])).code, 0)
      yield* set({ PreToolUse: [{ matcher: "(", hooks: [] }] })
      const wrong = yield* run(["run", "Go"])
      assert.deepInclude(wrong, { code: 2 })
      assert.match(wrong.stderr, /hooks\.PreToolUse.*expected an object with SessionStart/)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("are gone when the program is killed", () =>
    Effect.gen(function*() {
      const { before, file, start } = yield* prepare
      yield* before("echo $$ > hung.pid; sleep 600")
      const { child } = yield* start(["run", "Go"])
      yield* eventually("the hook runs", () =>
        existsSync(file("hung.pid")) && readFileSync(file("hung.pid"), "utf8") !== "")
      child.kill("SIGKILL")
      const pid = Number(readFileSync(file("hung.pid"), "utf8"))
      yield* eventually("the hook is gone", () =>
        !isAlive(pid))
    }).pipe(Effect.provide(platform)))
})
