import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { isItem, type Item } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { applyPatch, assertSentence, eventually, isAlive, type Line, lines, machine, platform } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))
const turns = (...turns: ReadonlyArray<Script.Turn>) => Script.fromTurns(turns)
/** What stands behind the system prompt, and the message about where the agent works. */
const inputOf = (request: { readonly body: unknown } | undefined): ReadonlyArray<Item> => {
  const { input }: { readonly input?: unknown } = request?.body ?? {}
  return Array.isArray(input) ? input.filter(isItem).slice(2) : []
}

const terminal = new Set(["turn.completed", "turn.failed", "turn.interrupted", "turn.limited"])
const ends = (all: ReadonlyArray<Line>) => all.filter(({ type }) => terminal.has(type))
const toolLines = (all: ReadonlyArray<Line>) => all.filter(({ item }) => item?.type === "tool_call")

describe("text mode", () => {
  it.scopedLive("prints the answer alone on stdout", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(turns(
        Script.answer(
          Script.say("Let me look.", { phase: "commentary" }),
          Script.call("bash", { command: "echo one" })
        ),
        Script.answer(Script.say("All is well.", { phase: "final_answer" }))
      ))
      const { code, stderr, stdout } = yield* run(["How are things?"])
      assert.strictEqual(stdout, "All is well.\n")
      assert.include(stderr, "Let me look.")
      assert.include(stderr, "bash echo one")
      assert.notInclude(stderr, "\u001B")
      assert.strictEqual(code, 0)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("takes the prompt from stdin, for `-` and when it is piped", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(turns(hello, hello, hello))
      for (const args of [["-"], ["run", "-"], []]) {
        assert.strictEqual((yield* run(args, { stdin: "from the pipe" })).stdout, "Hello!\n")
      }
      const requests = yield* simulator.requests
      assert.strictEqual(requests.length, 3)
      for (const { body } of requests) assert.include(JSON.stringify(body), "from the pipe")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "takes options before and after the prompt, and words behind -- as they are",
    () =>
      Effect.gen(function*() {
        const { run, simulator } = yield* machine(turns(hello, hello, hello))
        assert.strictEqual((yield* run(["run", "Say hello", "-m", "gpt-6-astra"])).code, 0)
        assert.strictEqual((yield* run(["run", "-m", "gpt-6-astra", "Say hello"])).code, 0)
        assert.strictEqual((yield* run(["run", "--", "--help me"])).code, 0)
        const bodies = (yield* simulator.requests).map(({ body }) => JSON.stringify(body))
        assert.include(bodies[0], "gpt-6-astra")
        assert.include(bodies[1], "gpt-6-astra")
        assert.include(bodies[2], "--help me")
      }).pipe(Effect.provide(platform))
  )
})

describe("an answer", () => {
  it.scopedLive("is all that the last response says, but for remarks on the way", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(turns(
        Script.answer(Script.say("Hm.", { phase: "commentary" }), Script.say("Part one."), Script.say("Part two."))
      ))
      assert.strictEqual((yield* run(["Say two things"])).stdout, "Part one.\n\nPart two.\n")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("that was cut short says so", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(turns(Script.incomplete("max_output_tokens", Script.say("Half an"))))
      const { code, stderr, stdout } = yield* run(["Say a lot"])
      assert.deepStrictEqual([code, stdout], [0, "Half an\n"])
      assert.include(stderr, "cut short by the server (max_output_tokens)")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "of the server that quotes a credential, or breaks lines, is told in one line without it",
    () =>
      Effect.gen(function*() {
        const { run } = yield* machine(
          turns(Script.refuse(400, { detail: "bad Bearer s3cret-token and sk-s3cret-key\nmore" }))
        )
        const { stderr } = yield* run(["Say hello"])
        assert.notInclude(stderr, "s3cret")
        assert.include(stderr, "bad Bearer … and sk-… more")
      }).pipe(Effect.provide(platform))
  )
})

describe("a turn with tools", () => {
  it.scopedLive(
    "really reads, writes, edits and runs, and sends what the servers want to see",
    () =>
      Effect.gen(function*() {
        const { file, fs, run, simulator } = yield* machine(turns(
          Script.answer(
            Script.think("Both at once."),
            Script.call("read", { path: "in.txt" }, "c_read"),
            Script.call("bash", { command: "cat in.txt | tr a-z A-Z; exit 3" }, "c_bash")
          ),
          Script.answer(Script.call("write", { path: "sub/out.txt", content: "one two" }, "c_write")),
          Script.answer(applyPatch("c_patch", "*** Update File: sub/out.txt", "-one two", "+one three")),
          hello
        ))
        yield* fs.writeFileString(file("in.txt"), "quiet\n")
        const { code, stdout } = yield* run(["run", "--json", "Do it"])
        assert.strictEqual(code, 0)
        assert.strictEqual(yield* fs.readFileString(file("sub/out.txt")), "one three")

        const outputs = toolLines(lines(stdout)).filter(({ type }) => type === "item.completed").map(({ item }) => item)
        assert.deepStrictEqual(outputs.map((item) => item?.["status"]), Array(4).fill("completed"))
        assert.include(JSON.stringify(outputs), "QUIET\\n[Exit code 3.]")

        const [first, second] = yield* simulator.requests
        const account = first?.headers["chatgpt-account-id"]
        assert.isString(account)
        assert.deepInclude(first?.body, { store: false, stream: true, include: ["reasoning.encrypted_content"] })
        assert.deepStrictEqual(inputOf(second).map(({ call_id, type }) => [type, call_id]), [
          ["message", undefined],
          ["reasoning", undefined],
          ["function_call", "c_read"],
          ["function_call", "c_bash"],
          ["function_call_output", "c_read"],
          ["function_call_output", "c_bash"]
        ])
        const keys = (yield* simulator.requests).map(({ headers }) => headers["session-id"])
        assert.strictEqual(new Set(keys).size, 1)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("stays in its folder", () =>
    Effect.gen(function*() {
      const { base, file, fs, path, run } = yield* machine(turns(
        Script.answer(
          Script.call("read", { path: "../secret.txt" }),
          Script.call("read", { path: "/etc/passwd" }),
          Script.call("read", { path: "link" }),
          Script.call("write", { path: "../new.txt", content: "x" }),
          applyPatch("c_delete", "*** Delete File: link"),
          applyPatch("c_add", "*** Add File: ../new.txt", "+no"),
          Script.call("bash", { command: "cat secret.txt", workdir: ".." })
        ),
        hello
      ))
      yield* fs.writeFileString(path.join(base, "secret.txt"), "top secret")
      yield* fs.symlink(path.join(base, "secret.txt"), file("link"))
      const { stdout } = yield* run(["--json", "Escape, please"])
      const ended = toolLines(lines(stdout)).filter(({ type }) => type === "item.completed")
      const statuses = ended.map(({ item }) => item?.["status"])
      // A link is the workspace's own, wherever it leads.
      assert.deepStrictEqual(statuses.toSorted(), ["completed", ...Array(6).fill("failed")])
      assert.isFalse(yield* fs.exists(file("link")))
      assert.notInclude(stdout, "top secret")
      assert.notInclude(stdout, "root:")
      assert.isFalse(yield* fs.exists(path.join(base, "new.txt")))
      assert.strictEqual(yield* fs.readFileString(path.join(base, "secret.txt")), "top secret")
    }).pipe(Effect.provide(platform)))
})

describe("--json", () => {
  it.scopedLive("tells of every model call what share of it the server had in its cache", () =>
    Effect.gen(function*() {
      const usage = { inputTokens: 2000, cachedInputTokens: 1500, outputTokens: 7, reasoningOutputTokens: 0 }
      const { run } = yield* machine(turns(
        {
          _tag: "Answer",
          items: [Script.call("bash", { command: "true" }, "c1")],
          usage: { ...usage, cachedInputTokens: 0 }
        },
        { _tag: "Answer", items: [Script.say("Done.")], usage }
      ))
      const { stdout } = yield* run(["run", "--json", "Go"])
      const all = lines(stdout).filter(({ type }) => type === "usage")
      assert.deepStrictEqual(all.map((line) => [line["cached_input_tokens"], line["cached_share"]]), [[0, 0], [
        1500,
        0.75
      ]])
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "prints one object a line, in growing numbers, and one line that ends the turn",
    () =>
      Effect.gen(function*() {
        const { run } = yield* machine(turns(
          Script.answer(Script.think("Hm."), Script.call("bash", { command: "true" }, "c1")),
          Script.answer(Script.say("A few words to say."))
        ))
        const { stdout } = yield* run(["run", "--json", "--deltas", "Go"])
        const all = lines(stdout)
        assert.deepStrictEqual(all.map(({ type }) => type).filter((type) => type !== "item.delta"), [
          "thread.started",
          "turn.started",
          "item.completed",
          "usage",
          "item.started",
          "item.completed",
          "item.completed",
          "usage",
          "turn.completed"
        ])
        const seqs = all.map(({ seq }) => seq)
        assert.deepStrictEqual(seqs, Array.from(new Set(seqs)).toSorted((a, b) => a - b))
        for (const { ts } of all) assert.strictEqual(new Date(ts).toISOString(), ts)

        const [started, ended] = toolLines(all).map(({ item }) => item)
        assert.strictEqual(started?.id, ended?.id)
        assert.deepInclude(ended, { name: "bash", arguments: "{\"command\":\"true\"}", status: "completed" })
        const message = all.find(({ item }) => item?.type === "agent_message")?.item
        const deltas = all.filter((line) => line.type === "item.delta" && line["item_id"] === message?.id)
        assert.strictEqual(deltas.map((line) => line["delta"]).join(""), message?.["text"])
        assert.deepInclude(all.at(-1), { finish_reason: "stop" })
        assert.deepInclude(all.at(-1)?.["usage"], { cached_input_tokens: 0 })
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("ends with one line and the right code, whatever goes wrong", () =>
    Effect.gen(function*() {
      const usedUp = { error: { type: "usage_limit_reached", message: "used up", plan_type: "plus", resets_at: 2e9 } }
      const cases: ReadonlyArray<readonly [Script.Turn, kind: string, code: number, attempts: number]> = [
        [Script.refuse(429, usedUp), "UsageLimitReached", 7, 1],
        [Script.refuse(500, "<html>oops</html>"), "Overloaded", 1, 5],
        [Script.refuse(429, "", { "retry-after": "100" }), "RateLimited", 7, 1],
        [Script.fail({ code: "context_length_exceeded", message: "too long" }), "ContextOverflow", 1, 1],
        [Script.answer(Script.think("…")), "NoAnswer", 6, 1],
        [Script.cut(3, Script.say("Half an")), "StreamIncomplete", 1, 5]
      ]
      let turn = Script.answer()
      const { run, simulator } = yield* machine(() => turn)
      let before = 0
      for (const [next, kind, code, attempts] of cases) {
        turn = next
        const result = yield* run(["--json", "Go on"])
        const sent = (yield* simulator.requests).length
        assert.strictEqual(sent - before, attempts, kind)
        before = sent
        assert.strictEqual(lines(result.stdout).filter(({ type }) => type === "retry").length, attempts - 1)
        const [end, ...more] = ends(lines(result.stdout))
        assert.deepStrictEqual(more, [])
        assert.strictEqual(end?.type, "turn.failed")
        assert.deepInclude(end?.["error"], { kind })
        assert.strictEqual(end?.["exit_code"], code)
        assert.strictEqual(result.code, code)
        assert.notInclude(result.stdout, "<html>")
        assertSentence(result.stderr, "effixir: ")
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("tells of a call that is made again, and answers all the same", () =>
    Effect.gen(function*() {
      const script = () =>
        turns(Script.cut(5, Script.say("Half an answer")), Script.answer(Script.say("A whole answer")))
      const { run } = yield* machine(script())
      const json = lines((yield* run(["--json", "--deltas", "Go on"])).stdout)
      const retry = json.find(({ type }) => type === "retry")
      assert.deepInclude(retry, { attempt: 2, max: 5, reason: "StreamIncomplete" })
      assert.match(
        String(retry?.["message"]),
        /^The stream ended before the response was complete \(request [\w-]+\)$/
      )
      assert.deepStrictEqual(json.filter(({ type }) => type === "item.completed").map(({ item }) => item?.["text"]), [
        "A whole answer"
      ])
      assert.deepStrictEqual(ends(json).map(({ type }) => type), ["turn.completed"])

      const text = yield* Effect.flatMap(machine(script()), ({ run }) => run(["Go on"]))
      assert.strictEqual(text.stdout, "A whole answer\n")
      assert.match(text.stderr, /The stream ended before .*Trying again in 0\.\d s \(attempt 2 of 5\)/)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("a sign-in that is refused even after a refresh is over: code 4", () =>
    Effect.gen(function*() {
      const over = Script.refuse(401, { error: { code: "token_invalidated", message: "over" } })
      const { run, simulator } = yield* machine(turns(over, over))
      const { code, stderr, stdout } = yield* run(["--json", "Go on"])
      assert.strictEqual(code, 4)
      assert.deepInclude(ends(lines(stdout))[0]?.["error"], { kind: "Unauthorized" })
      assertSentence(stderr, "effixir login", "OPENAI_API_KEY")
      assert.deepStrictEqual((yield* simulator.requests).map(({ path }) => path), [
        "/backend-api/codex/responses",
        "/oauth/token",
        "/backend-api/codex/responses"
      ])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says so too when there is no turn to speak of", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(turns(), { signedIn: false })
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, kind: string, code: number]> = [
        [["run", "--json", "Go on"], "SignedOut", 4],
        [["run", "--json", "--nope", "Go on"], "BadInput", 2],
        [["run", "--json", ""], "BadInput", 2],
        [["resume", "--json", "no-such-session", "Go on"], "SessionNotFound", 2]
      ]
      for (const [args, kind, code] of cases) {
        const result = yield* run(args)
        assert.deepStrictEqual(lines(result.stdout).map(({ type }) => type), ["turn.failed"])
        assert.deepInclude(lines(result.stdout)[0]?.["error"], { kind })
        assert.strictEqual(result.code, code)
      }
    }).pipe(Effect.provide(platform)))
})

describe("credentials", () => {
  it.scopedLive(
    "a stored plan wins over the key of the environment, which is used when there is no other",
    () =>
      Effect.gen(function*() {
        const { auth, fs, run, simulator } = yield* machine(turns(hello, hello))
        const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
        assert.strictEqual((yield* run(["Say hello"], { env })).stdout, "Hello!\n")
        yield* fs.remove(auth)
        assert.strictEqual((yield* run(["Say hello"], { env })).stdout, "Hello!\n")
        assert.deepStrictEqual((yield* simulator.requests).map(({ path }) => path), [
          "/backend-api/codex/responses",
          "/v1/responses"
        ])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("are found nowhere but in auth.json, whatever happens", () =>
    Effect.gen(function*() {
      const { auth, base, fs, path, run, secrets, simulator } = yield* machine(turns(
        Script.answer(Script.call("bash", { command: "env" })),
        hello,
        Script.refuse(500, "no")
      ))
      const env = { OPENAI_API_KEY: Redacted.value(simulator.apiKey) }
      const results = [
        yield* run(["--json", "--deltas", "Say hello"], { env }),
        yield* run(["Say hello"], { env }),
        yield* run(["status", "--json"], { env }),
        yield* run(["status"], { env })
      ]
      const names = yield* fs.readDirectory(base, { recursive: true })
      const files = yield* Effect.forEach(
        names.map((name) => path.join(base, name)).filter((name) => name !== auth),
        (name) => Effect.orElseSucceed(fs.readFileString(name), () => "")
      )
      assert.isTrue(names.some((name) => name.endsWith("log.ndjson")))
      for (const secret of secrets) {
        for (const text of [...files, ...results.flatMap(({ stderr, stdout }) => [stdout, stderr])]) {
          assert.isFalse(text.includes(secret))
        }
      }
    }).pipe(Effect.provide(platform)))
})

describe("a switch", () => {
  it.scopedLive.each(["yes", "no", "1", "off"])(
    "leaves the word behind it to the prompt: %s",
    (word) =>
      Effect.gen(function*() {
        const { run, simulator } = yield* machine(turns(hello))
        const { code, stdout } = yield* run(["run", "--json", word])
        assert.deepStrictEqual([code, ends(lines(stdout)).length], [0, 1])
        assert.include(JSON.stringify(yield* simulator.requests), `"${word}"`)
      }).pipe(Effect.provide(platform))
  )
})

const told = ({ stdout }: { readonly stdout: string }) =>
  lines(stdout).map(({ exit_code, reason, type }) => [type, reason, exit_code])

/** What sends the program a signal, from within, before it has begun with anything. */
const earlyMoments = [
  [
    "while the program is loaded",
    `const { Module } = require("node:module")
     const load = Module._load
     Module._load = function(request, ...more) {
       if (request.endsWith("main.js")) process.kill(process.pid, process.env.SIGNAL)
       return load.call(this, request, ...more)
     }`
  ],
  [
    "as soon as they are listened for",
    `process.on("newListener", function heard(name) {
       if (name !== process.env.SIGNAL) return
       process.off("newListener", heard)
       queueMicrotask(() => process.kill(process.pid, name))
     })`
  ]
] as const

describe("signals", () => {
  it.scopedLive(
    "that come twice, as through a wrapper that passes them on, leave the last line as it is",
    () =>
      Effect.gen(function*() {
        const { file, fs, start } = yield* machine(turns(
          Script.answer(Script.call("bash", { command: "trap '' TERM INT; touch begun; sleep 300" })),
          hello
        ))
        const { child, result } = yield* start(["--json", "Take your time"])
        yield* eventually("the tool runs", () => Effect.runPromise(fs.exists(file("begun"))))
        child.kill("SIGINT")
        yield* Effect.sleep("30 millis")
        child.kill("SIGINT")
        const { code, stdout } = yield* result
        assert.strictEqual(code, 130)
        assert.deepStrictEqual(ends(lines(stdout)).map(({ type }) => type), ["turn.interrupted"])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("tell a person once how to go on", () =>
    Effect.gen(function*() {
      const { file, fs, run, start } = yield* machine(turns(
        Script.answer(Script.call("bash", { command: "touch begun; sleep 300" })),
        hello
      ))
      const { child, result } = yield* start(["Take your time"])
      yield* eventually("the tool runs", () => Effect.runPromise(fs.exists(file("begun"))))
      child.kill("SIGINT")
      const { code, stderr } = yield* result
      assert.strictEqual(code, 130)
      const [id = "", ...more] = stderr.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? []
      assert.deepStrictEqual(more, [])
      assert.include(stderr, `Interrupted. To go on: effixir resume ${id}\n`)
      assert.strictEqual((yield* run(["resume", id.slice(0, 8)])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))

  for (
    const [signal, code, told] of [
      ["SIGINT", 130, "SIGINT"],
      ["SIGTERM", 143, "SIGTERM"],
      ["SIGHUP", 143, "hangup"],
      ["SIGQUIT", 131, "SIGQUIT"]
    ] as const
  ) {
    it.scopedLive(`${signal} stops the tools and ends the turn with code ${code}`, () =>
      Effect.gen(function*() {
        const { file, fs, run, start } = yield* machine(turns(
          Script.answer(Script.call("bash", {
            command: "sleep 300 & sleep 301 & echo $$ $! $(jobs -p) > pids; trap '' TERM; wait"
          }, "c1")),
          hello
        ))
        const { child, result } = yield* start(["--json", "Take your time"])
        yield* eventually("the tool runs", async () =>
          (await Effect.runPromise(fs.exists(file("pids")))) &&
          (await Effect.runPromise(fs.readFileString(file("pids")))).trim() !== "")
        child.kill(signal)
        const { code: actual, stdout } = yield* result
        assert.strictEqual(actual, code)
        const all = lines(stdout)
        assert.deepStrictEqual(ends(all).map((line) => [line.type, line["reason"], line["exit_code"]]), [
          ["turn.interrupted", told, code]
        ])
        assert.strictEqual(all.at(-1)?.type, "turn.interrupted")
        const pids = (yield* fs.readFileString(file("pids"))).trim().split(/\s+/).map(Number)
        assert.isAbove(pids.length, 2)
        assert.deepStrictEqual(pids.filter(isAlive), [])
        assert.strictEqual((yield* run(["resume", "--last", "Go on"])).stdout, "Hello!\n")
      }).pipe(Effect.provide(platform)))
  }

  for (const [moment, hook] of earlyMoments) {
    it.scopedLive(`are told once as the end when they come ${moment}`, () =>
      Effect.gen(function*() {
        const { file, fs, home, simulator, start } = yield* machine(turns(hello))
        yield* fs.writeFileString(file("hook.cjs"), hook)
        for (
          const [signal, code, reason] of [
            ["SIGINT", 130, "SIGINT"],
            ["SIGTERM", 143, "SIGTERM"],
            ["SIGHUP", 143, "hangup"],
            ["SIGQUIT", 131, "SIGQUIT"]
          ] as const
        ) {
          const env = { NODE_OPTIONS: `--require ${file("hook.cjs")}`, SIGNAL: signal }
          const { result } = yield* start(["--json", "Say hello"], { env })
          const ended = yield* result
          assert.deepStrictEqual(told(ended), [["turn.interrupted", reason, code]], ended.stderr)
          assert.strictEqual(ended.code, code)
          const signIn = yield* Effect.flatMap(start(["login", "--json"], { env }), ({ result }) => result)
          assert.deepStrictEqual([signIn.code, told(signIn)], [code, [["login.interrupted", reason, code]]])
          // Nobody reads JSON lines here.
          const other = yield* Effect.flatMap(start(["Say hello"], { env }), ({ result }) => result)
          assert.deepStrictEqual([other.code, other.stdout], [code, ""])
        }
        assert.isFalse(yield* fs.exists(`${home}/sessions`))
        assert.deepStrictEqual(yield* simulator.requests, [])
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive.runIf(process.platform === "linux")(
    "are told also before there is a turn, while the prompt is waited for",
    () =>
      Effect.gen(function*() {
        const { start } = yield* machine(turns())
        const { child, result } = yield* start(["run", "--json", "-"], { stdin: null })
        let isRead = false
        // More than a pipe holds: it goes through when the other side reads.
        child.stdin?.write("x".repeat(1024 * 1024), () => {
          isRead = true
        })
        yield* eventually("it reads", () => isRead)
        child.kill("SIGTERM")
        const { code, stdout } = yield* result
        assert.strictEqual(code, 143)
        assert.deepStrictEqual(lines(stdout).map(({ reason, type }) => [type, reason]), [[
          "turn.interrupted",
          "SIGTERM"
        ]])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("by any part of its id, if that says which is meant", () =>
    Effect.gen(function*() {
      const { fs, home, path, run } = yield* machine(turns(hello, hello, hello, hello, hello))
      yield* run(["Say hello"])
      const sessions = path.join(home, "sessions")
      const [id = ""] = yield* fs.readDirectory(sessions)
      assert.strictEqual((yield* run(["resume", id.slice(0, 8), "Go on"])).stdout, "Hello!\n")
      assertSentence((yield* run(["resume", id.slice(0, 8)])).stderr, "The last turn of this session has completed")
      assert.strictEqual((yield* run(["resume", id.slice(-8).toUpperCase(), "Go on"])).stdout, "Hello!\n")
      for (const [given, said] of [[id.slice(0, 3), "at least 4 characters"], ["ffffffff", "no session"]] as const) {
        const { code, stderr } = yield* run(["resume", given, "Go on"])
        assert.strictEqual(code, 2)
        assertSentence(stderr, given, said)
      }
      yield* fs.copy(path.join(sessions, id), path.join(sessions, `${id.slice(0, -1)}zz`))
      const { code, stderr } = yield* run(["resume", id.slice(0, 12), "Go on"])
      assert.strictEqual(code, 2)
      assertSentence(stderr, `2 sessions have "${id.slice(0, 12)}" in their id`, `${id}  Say hello (`, " ago)")
      assert.strictEqual((yield* run(["resume", id, "Go on"])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("after SIGKILL the next resume repairs the log and goes on", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator, start } = yield* machine(turns(
        Script.answer(
          Script.call("bash", { command: "echo done >> done.txt" }, "c_done"),
          Script.call("bash", { command: "touch started; sleep 20" }, "c_lost")
        ),
        hello,
        hello
      ))
      const { child, output, result } = yield* start(["--json", "Take your time"])
      yield* eventually("one call has ended and one has not", async () =>
        (await Effect.runPromise(fs.exists(file("started")))) && output().stdout.includes("\"output\""))
      child.kill("SIGKILL")
      const { stdout } = yield* result
      assert.deepStrictEqual(ends(lines(stdout)), [])
      const id = String(lines(stdout)[0]?.["thread_id"])

      const resumed = yield* run(["resume", id, "--json", "What now?"])
      assert.strictEqual(resumed.code, 0)
      assert.strictEqual(ends(lines(resumed.stdout)).length, 1)
      assert.deepStrictEqual(inputOf((yield* simulator.requests).at(-1)).map(({ call_id, type }) => [type, call_id]), [
        ["message", undefined],
        ["function_call", "c_done"],
        ["function_call", "c_lost"],
        ["function_call_output", "c_done"],
        ["function_call_output", "c_lost"],
        ["message", undefined]
      ])
      assert.strictEqual(yield* fs.readFileString(file("done.txt")), "done\n")
      const seqs = [...lines(stdout), ...lines(resumed.stdout).slice(1)].map(({ seq }) =>
        seq
      )
      assert.deepStrictEqual(seqs, Array.from(new Set(seqs)).toSorted((a, b) => a - b))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("a turn that was cut off goes on without a word", () =>
    Effect.gen(function*() {
      const { file, fs, run, start } = yield* machine(turns(
        Script.answer(Script.call("bash", { command: "touch started; sleep 20" }, "c_lost")),
        hello
      ))
      const { child, result } = yield* start(["Take your time"])
      yield* eventually("the tool runs", () => Effect.runPromise(fs.exists(file("started"))))
      child.kill("SIGKILL")
      yield* result
      assert.strictEqual((yield* run(["resume", "--last"])).stdout, "Hello!\n")
    }).pipe(Effect.provide(platform)))
})
