import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { summarize } from "../../src/prompts/Compaction.ts"
import { isFunctionCallOutput, text } from "../../src/responses/Item.ts"
import { isCompaction } from "../../src/responses/Request.ts"
import * as Script from "../../src/testing/Script.ts"
import { listening } from "./serving.ts"
import { assertSentence, eventually, lines, machine, platform } from "./support.ts"

const window = 16_000

/** Eight commands that each print 17 KB, in one response; then it answers. */
const reading: Script.Script = ({ input }) => {
  if (text(input.at(-1) ?? Script.say("")) === summarize) return Script.answer(Script.say("## Task\n\nRead them all."))
  const hasRead = input.some((item) => isFunctionCallOutput(item) || isCompaction(item)) ||
    input.some((item) => text(item).includes("your own summary"))
  return hasRead
    ? Script.answer(Script.say("All eight are read."))
    : Script.answer(
      ...Array.from(
        { length: 8 },
        (_, n) =>
          Script.call("bash", {
            command: `head -c 17000 /dev/zero | tr '\\0' ${n} | fold -w 100; echo ${n} >> read.txt`
          })
      )
    )
}

describe("eight outputs of 17 KB and a small window", () => {
  for (const compaction of [undefined, "hosted", "refused"] as const) {
    it.scopedLive(
      `end with an answer, and the session goes on: ${compaction ?? "local"}`,
      () =>
        Effect.gen(function*() {
          const { file, fs, run } = yield* machine(reading, { context: { window, compaction } })
          const { code, stderr, stdout } = yield* run(["run", "--json", "Read them"])
          assert.strictEqual(code, 0, stderr)
          const all = lines(stdout)
          const started = all.filter(({ type }) => type === "compaction.started")
          const completed = all.filter(({ type }) => type === "compaction.completed")
          assert.isAtLeast(started.length, 1)
          assert.strictEqual(completed.length, 1)
          assert.include(["threshold", "overflow"], started[0]?.["reason"])
          const method = compaction === "hosted" ? "hosted" : "local"
          assert.deepInclude(completed[0], { method })
          assert.strictEqual(started.at(-1)?.["method"], method)
          assert.isBelow(Number(completed[0]?.["after_tokens"]), Number(completed[0]?.["before_tokens"]))
          const end = all.at(-1)
          assert.strictEqual(end?.type, "turn.completed")
          const { tokens, window: told } = Object(end?.["context"])
          assert.deepStrictEqual([told, tokens > 0 && tokens < window], [window, true])

          const again = yield* run(["resume", "--last", "And now?"])
          assert.deepStrictEqual([again.code, again.stdout], [0, "All eight are read.\n"], again.stderr)
          assert.strictEqual((yield* fs.readFileString(file("read.txt"))).trim().split("\n").length, 8)
        }).pipe(Effect.provide(platform))
    )
  }

  it.scopedLive("that a server in between does not let through are compacted, and the session goes on", () =>
    Effect.gen(function*() {
      const script: Script.Script = (request, n) =>
        JSON.stringify(request.input).length > 60_000
          ? Script.refuse(413, "<html><h1>413 Request Entity Too Large</h1></html>")
          : reading(request, n)
      const { run } = yield* machine(script)
      const { code, stderr, stdout } = yield* run(["Read them"])
      assert.deepStrictEqual([code, stdout], [0, "All eight are read.\n"], stderr)
      assert.include(stderr, "The conversation was compacted")
      const again = yield* run(["resume", "--last", "And now?"])
      assert.deepStrictEqual([again.code, again.stdout], [0, "All eight are read.\n"], again.stderr)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("say it in one line to a person", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(reading, { context: { window } })
      const { code, stderr, stdout } = yield* run(["Read them"])
      assert.deepStrictEqual([code, stdout], [0, "All eight are read.\n"], stderr)
      const told = stderr.split("\n").filter((line) => line.includes("compacted"))
      assert.strictEqual(told.length, 1)
      assert.match(
        told[0] ?? "",
        /^↡ The conversation was compacted from about [\d,]+ to [\d,]+ tokens \(by a summary of the model\); the log keeps all of it\.$/
      )
    }).pipe(Effect.provide(platform)))
})

describe("a conversation that stays too long", () => {
  it.scopedLive("ends with what to do, and no call is made in vain", () =>
    Effect.gen(function*() {
      const script: Script.Script = (request, n) =>
        n === 0 || text(request.input.at(-1) ?? Script.say("")) === summarize
          ? reading(request, n)
          : Script.fail({ code: "context_length_exceeded", message: "Too long" })
      const { run, simulator } = yield* machine(script)
      const { code, stderr, stdout } = yield* run(["run", "--json", "Read them"])
      assert.strictEqual(code, 1)
      const end = lines(stdout).at(-1)
      assert.deepInclude(end, { type: "turn.failed", exit_code: 1 })
      assert.deepInclude(end?.["error"], { kind: "ContextOverflow", retryable: false })
      assertSentence(stderr)
      assert.match(stderr, /begin a new session, ask for less at a time, or choose a model with a larger window/)
      // The first call, two that were too long, and between them what was asked to compact it.
      const calls = (yield* simulator.requests).filter(({ path }) => path.endsWith("/responses"))
      assert.isAtMost(calls.length, 5)
    }).pipe(Effect.provide(platform)))
})

describe("effixir compact", () => {
  it.scopedLive("starts no server to tell what it would do, and does it also where a required one cannot be had", () =>
    Effect.gen(function*() {
      const { file, fs, home, run } = yield* machine(reading, { context: { window: 100_000 } })
      yield* run(["run", "Read them"])
      const server = { command: "sh", args: ["-c", `echo started >> ${file("starts")}; exit 1`], required: true }
      yield* fs.writeFileString(`${home}/config.json`, JSON.stringify({ mcp_servers: { one: server } }))
      const dry = yield* run(["compact", "--last", "--dry-run"])
      assert.deepStrictEqual([dry.code, yield* fs.exists(file("starts"))], [0, false], dry.stderr)
      const done = yield* run(["compact", "--last"])
      assert.deepStrictEqual([done.code, yield* fs.exists(file("starts"))], [0, true], done.stderr)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("tells what it would do, does it, and has nothing more to do", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(reading, { context: { window: 100_000, compaction: "hosted" } })
      const first = yield* run(["run", "--json", "Read them"])
      const id = String(lines(first.stdout)[0]?.["thread_id"])
      const asked = (yield* simulator.requests).length

      const dry = yield* run(["compact", id, "--dry-run", "--json"])
      assert.strictEqual(dry.code, 0, dry.stderr)
      const [plan] = lines(dry.stdout)
      assert.sameMembers(Object.keys(plan ?? {}), ["session_id", "method", "dry_run", "before", "after"])
      assert.deepInclude(plan, { session_id: id, method: "hosted", dry_run: true })
      assert.strictEqual((yield* simulator.requests).length, asked)
      const words = yield* run(["compact", id.slice(0, 8), "--dry-run"])
      assert.match(words.stdout, /^goes {3}2 responses of the model with 8 calls\. .*\nstays .*\nsize .*\n$/)

      const done = yield* run(["compact", id, "--json"])
      assert.strictEqual(done.code, 0, done.stderr)
      const [report] = lines(done.stdout)
      assert.deepInclude(report, { session_id: id, method: "hosted", dry_run: false })
      const { after, before } = Object(report)
      assert.isBelow(after.tokens, before.tokens)
      assert.isBelow(after.items, before.items)
      const none = yield* run(["compact", "--last"])
      assert.match(none.stdout, /^There is nothing to compact/)

      assert.strictEqual((yield* run(["resume", id, "And now?"])).code, 0)
      const sent = Object((yield* simulator.requests).at(-1)?.body).input
      assert.isTrue(sent.some(isCompaction))
      assert.isFalse(JSON.stringify(sent).includes("function_call_output"))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("asks what begins as the turns do, and leaves the conversation as it is where a hook wants that", () =>
    Effect.gen(function*() {
      const { fs, home, path, run, simulator } = yield* machine(reading)
      const bodies = Effect.map(
        simulator.requests,
        (all) =>
          all.filter(({ path }) => path.endsWith("/responses")).map(({ body }) => body as Record<string, unknown>)
      )
      yield* run(["run", "--search", "Read them"])
      const hook = { hooks: [{ type: "command", command: "echo Not now. >&2; exit 2" }] }
      const config = path.join(home, "config.json")
      yield* fs.writeFileString(config, JSON.stringify({ hooks: { PreCompact: [hook] } }))
      const before = (yield* bodies).length
      const refused = yield* run(["compact", "--last"])
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""], refused.stderr)
      assertSentence(refused.stderr, "Not now.")
      assert.lengthOf(yield* bodies, before)
      yield* fs.remove(config)
      const done = yield* run(["compact", "--last"])
      assert.strictEqual(done.code, 0, done.stderr)
      const asked = (yield* bodies).slice(before)
      assert.isNotEmpty(asked)
      const turn = (yield* bodies)[before - 1]
      for (const { instructions, tools } of asked) {
        assert.deepStrictEqual({ instructions, tools }, {
          instructions: turn?.["instructions"],
          tools: turn?.["tools"]
        })
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("in a folder that is gone says how to go on", () =>
    Effect.gen(function*() {
      const { file, fs, run } = yield* machine(() => Script.answer(Script.say("Hello!")))
      yield* fs.makeDirectory(file("gone"))
      const { stdout } = yield* run(["run", "--json", "-C", "gone", "Go"])
      yield* fs.remove(file("gone"), { recursive: true })
      const session = String(lines(stdout)[0]?.["thread_id"])
      const refused = yield* run(["compact", session])
      assert.strictEqual(refused.code, 2)
      assertSentence(refused.stderr, "is gone", "-C FOLDER")
      const done = yield* run(["compact", session, "-C", "."])
      assert.strictEqual(done.code, 0, done.stderr)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("refuses a session that is not there, and one too many", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(reading)
      for (const args of [["compact"], ["compact", "12345678"], ["compact", "--last"], ["compact", "a", "b"]]) {
        const { code, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual([code, stdout], [2, ""], args.join(" "))
        assertSentence(stderr)
      }
    }).pipe(Effect.provide(platform)))
})

describe("--max-cost", () => {
  const priced = JSON.stringify({ models: { "gpt-*": { price: { input: 1, cached_input: 0.1, output: 10 } } } })
  const calls = Script.fromTurns([
    Script.answer(Script.call("bash", { command: "echo a" })),
    Script.answer(Script.call("bash", { command: "echo b" })),
    Script.answer(Script.say("Hello!"))
  ])

  it.scopedLive("ends a turn that costs more, and each call tells what it cost", () =>
    Effect.gen(function*() {
      const { fs, home, path, run, simulator } = yield* machine(calls)
      yield* fs.writeFileString(path.join(home, "config.json"), priced)
      const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      const limited = yield* run(["run", "--json", "--auth", "api-key", "--max-cost", "0.0003", "Go"], { env })
      assert.strictEqual(limited.code, 8, limited.stderr)
      const all = lines(limited.stdout)
      assert.deepInclude(all.at(-1), { type: "turn.limited", limit: "cost", exit_code: 8 })
      // 100 tokens in and 10 out.
      for (const usage of all.filter(({ type }) => type === "usage")) assert.deepInclude(usage, { cost_usd: 0.0002 })
      const done = yield* run(["resume", "--last", "--json", "--auth", "api-key"], { env })
      assert.deepStrictEqual([done.code, Object(lines(done.stdout).at(-1)).usage.cost_usd], [0, 0.0006])
      // And so does the session, also as it is remembered.
      for (let times = 0; times < 2; times++) {
        const listed = JSON.parse((yield* run(["sessions", "list", "--json"])).stdout)
        assert.strictEqual(listed.sessions[0].usage.cost_usd, 0.0006)
      }
      const shown = yield* run(["sessions", "show", String(all[0]?.["thread_id"])])
      assert.include(shown.stdout, "used 300 tokens in (0 from the cache), 30 out, $0.0006\n")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("needs a price with a key, and none with a plan", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(Script.fromTurns([Script.answer(Script.say("Hello!"))]))
      const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      const refused = yield* run(["run", "--auth", "api-key", "--max-cost", "1", "Go"], { env })
      assert.deepStrictEqual([refused.code, refused.stdout], [2, ""])
      assert.match(refused.stderr, /config\.json.*"price"/)
      const plan = yield* run(["run", "--json", "--max-cost", "1", "Go"])
      assert.strictEqual(plan.code, 0, plan.stderr)
      const usage = lines(plan.stdout).find(({ type }) => type === "usage")
      assert.deepInclude(usage, { included_in_plan: true })
      assert.notProperty(usage, "cost_usd")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("needs a price over HTTP and in a conversation as well", () =>
    Effect.gen(function*() {
      const { follow, simulator } = yield* machine(Script.fromTurns([Script.answer(Script.say("Hello!"))]))
      const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      yield* Effect.scoped(Effect.gen(function*() {
        const { output } = yield* follow(["serve", "--auth", "api-key"], { env })
        const server = yield* listening(output)
        const { body, status } = yield* server.turn(yield* server.begin(), "go", { limits: { cost: 1 } })
        assert.strictEqual(status, 400)
        assert.match(JSON.stringify(body), /limits\.cost needs the price of gpt/)
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        const { output, type } = yield* follow(["chat", "--plain", "--auth", "api-key", "--max-cost", "1"], {
          env,
          stdin: null,
          isTerminal: true
        })
        yield* eventually("asked", () => output().stdout.endsWith("> "))
        yield* type("go\n")
        yield* eventually("refused", () => output().stdout.includes("--max-cost needs the price"))
      }))
      assert.isEmpty((yield* simulator.requests).filter(({ path }) => path.endsWith("/responses")))
    }).pipe(Effect.provide(platform)))
})

describe("kill -9 around a compaction", () => {
  it.scopedLive("loses nothing: the turn goes on, and no command runs twice", () =>
    Effect.gen(function*() {
      const { file, fs, run, start } = yield* machine(reading, { context: { window }, pace: "5 millis" })
      const isEnd = ({ type }: { readonly type: string }) => /^turn\.(?!started)/.test(type)
      for (const moment of ["compaction.started", "compaction.completed", "\"usage\""]) {
        yield* fs.remove(file("read.txt"), { force: true })
        const { child, output, result } = yield* start(["run", "--json", "Read them"])
        yield* eventually(moment, () => output().stdout.includes(moment) || child.exitCode !== null)
        child.kill("SIGKILL")
        const killed = lines((yield* result).stdout)
        // A machine that is slow to kill may find the turn over.
        if (killed.some(isEnd)) continue
        const { code, stderr, stdout } = yield* run(["resume", String(killed[0]?.["thread_id"]), "--json"])
        assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(lines(stdout).filter(isEnd).map(({ type }) => type), ["turn.completed"])
        const read = (yield* fs.readFileString(file("read.txt"))).trim().split("\n")
        assert.strictEqual(read.length, new Set(read).size, moment)
      }
    }).pipe(Effect.provide(platform)))
})
