import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { field, text } from "../../../src/internal/json.ts"
import * as NodeSandbox from "../../../src/node/sandbox/NodeSandbox.ts"
import * as Script from "../../../src/testing/Script.ts"
import { eventually, isAlive, lines, machine, platform } from "../support.ts"

const test = (
  name: string,
  body: () => Effect.Effect<void, unknown, Layer.Layer.Success<typeof platform> | Scope.Scope>
) => it.scopedLive(name, () => body().pipe(Effect.provide(platform), Effect.orDie))

const say = (text: string) => Script.answer(Script.say(text))

const sessionsOf = (home: string) =>
  existsSync(`${home}/sessions`) ? readdirSync(`${home}/sessions`).filter((name) => !name.startsWith(".")) : []

/** A conversation line by line, in this process. */
const sitDown = Effect.fnUntraced(function*(script: Script.Script) {
  const all = yield* machine(script)
  const start = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
    const { output, result, type } = yield* all.follow(["chat", "--plain", ...args], { stdin: null, isTerminal: true })
    let read = 0
    /** What has come since the last look, up to this. */
    const see = (what: string | RegExp) =>
      Effect.gen(function*() {
        const found = () => {
          const rest = output().stdout.slice(read)
          const [match] = typeof what === "string" ? rest.includes(what) ? [what] : [] : what.exec(rest) ?? []
          return match === undefined ? undefined : rest.indexOf(match) + match.length
        }
        yield* eventually(`shown: ${what}`, () => found() !== undefined).pipe(
          Effect.timeoutFail({
            duration: "60 seconds",
            onTimeout: () => new Error(`not shown: ${what}, but ${output().stdout.slice(read)}${output().stderr}`)
          }),
          Effect.orDie
        )
        const from = read
        read += found() ?? 0
        return output().stdout.slice(from, read)
      })
    yield* see(args.includes("--resume") ? "Nothing of this conversation is kept." : "/help shows")
    // What was said before is shown first.
    yield* see(args.includes("--resume") ? /[^]* written\s+> $/ : "> ")
    return {
      see,
      type: (text: string) => type(`${text}\n`),
      /** Waits until it has ended, and what was shown with it. */
      enter: (text: string) => Effect.zipRight(type(`${text}\n`), see(/[^]*> $/)),
      /** The same for something that makes a turn. */
      turn: (text: string) => Effect.zipRight(type(`${text}\n`), see(/[^]* written\s+> $/)),
      leave: Effect.zipRight(type("/quit\n"), result)
    }
  })
  return { ...all, start }
})

describe("a conversation line by line", () => {
  test("takes lines that end with a backslash as one, and does not show again what stands there as typed", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Fine."), say("Good.")]))
      const chat = yield* person.start()
      yield* chat.type("one\\")
      assert.notInclude(yield* chat.turn("two"), "one")
      assert.notInclude(yield* chat.turn("three \\\\"), "three")
      const sent = (yield* person.simulator.requests).map(({ body }) => JSON.stringify(body))
      assert.include(sent[0], JSON.stringify("one\ntwo"))
      assert.include(sent[1], JSON.stringify("three \\\\"))
      yield* chat.leave
    }))

  test("stays with its model when a new session begins, and says what is no model or format", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Fine.")]))
      const chat = yield* person.start()
      yield* chat.turn("Hello")
      assert.match(yield* chat.enter("/export out.pdf"), /"out\.pdf" says no format: /)
      assert.isFalse(existsSync(person.file("out.pdf")))
      yield* chat.enter("/clear")
      yield* chat.type("/model")
      assert.match(yield* chat.see(/for none:\s+> /), /gpt-6\.2-sol \(now(?: · \w[^⟨]*)?\)\n/)
      yield* chat.enter("")
      assert.match(
        yield* chat.enter("/model gpt-6.2-sul"),
        /asks gpt-6\.2-sul\.\s+It is not in the list of models; the nearest is gpt-6\.2-sol:/
      )
      assert.match(yield* chat.enter("/hlep"), /the nearest is \/help/)
      yield* chat.leave
    }))
})

describe("a command of a conversation", () => {
  test("says what the next turn is asked with, and changes it", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Fine.")]))
      const chat = yield* person.start()
      assert.match(yield* chat.enter("/context"), /Nothing is in the model's window yet/)
      const status = yield* chat.enter("/status")
      assert.match(status, /session {5}\S+ \(not begun yet\)/)
      assert.match(status, /asks {8}gpt-6\.2-sol, effort/)
      assert.match(status, /permission {2}auto/)
      yield* chat.type("/effort")
      yield* chat.see(/\d {2}high[^]*for none:\s+> /)
      assert.match(yield* chat.enter("1"), /The next turn asks with effort low/)
      assert.match(yield* chat.enter("/effort wild"), /has no effort "wild" \(it has low/)
      assert.match(yield* chat.enter("/effort high"), /with effort high/)
      assert.match(
        yield* chat.enter("/permission read_only"),
        /There is no permission "read_only", the nearest is read-only/
      )
      assert.match(yield* chat.turn("hello"), /Fine\./)
      const request = (yield* person.simulator.requests).find(({ path }) => path.endsWith("/responses"))
      assert.match(JSON.stringify(request?.body), /"effort":"high"/)
      assert.match(yield* chat.enter("/context"), /█*░+ 0 %: about 110 of 500,000 tokens/)
      assert.match(yield* chat.enter("/status"), /tokens {6}100 in \(0 cached\), 10 out/)
      assert.strictEqual((yield* chat.leave).code, 0)
    }))

  test("trusts the project of the conversation alone, not those of sessions that are gone on with", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Fine."), say("Good."), say("Better.")]))
      mkdirSync(person.file("other/.git"), { recursive: true })
      const { stdout } = yield* person.run(["run", "--json", "-C", "other", "Go"])
      const chat = yield* person.start("--trust")
      yield* chat.turn("Hello")
      assert.match(yield* chat.enter(`/resume ${lines(stdout)[0]?.["thread_id"]}`), /goes on, in \S*other/)
      yield* chat.turn("go on")
      yield* chat.leave
      const { folders } = JSON.parse(readFileSync(`${person.home}/trusted.json`, "utf8"))
      assert.lengthOf(folders, 1)
    }))

  test("lists skills, and sends what a command stands for", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Written."), say("Good."), say("All good.")]))
      const chat = yield* person.start()
      assert.match(yield* chat.enter("/skills"), /There are no skills: put a folder/)
      const shown = [
        yield* chat.turn("/init"),
        yield* chat.turn("/review"),
        yield* chat.turn("/review the last commit")
      ].join("")
      assert.match(shown, /Written\.[^]*Good\.[^]*All good\./)
      // What the model reads is not what the person has said.
      assert.notMatch(shown, /Look around first|Have the agent/)
      const bodies = (yield* person.simulator.requests).map(({ body }) => JSON.stringify(body))
      assert.include(bodies[0], "AGENTS.md")
      assert.notInclude(bodies[1], "the last commit")
      assert.include(bodies[2], "the last commit")
      yield* chat.leave
      mkdirSync(`${person.home}/skills/tidy`, { recursive: true })
      writeFileSync(`${person.home}/skills/tidy/SKILL.md`, "---\nname: tidy\ndescription: Tidies up\n---\nTidy.\n")
      const again = yield* person.start()
      assert.match(yield* again.enter("/skills"), /\$tidy {2}Tidies up/)
      yield* again.leave
    }))

  test("shows what commands are kept in, and changes it for this session", () =>
    Effect.gen(function*() {
      const hasSandbox = Either.isRight(yield* NodeSandbox.find)
      const person = yield* sitDown(Script.fromTurns([
        Script.answer(Script.call("bash", { command: "echo hi > inside.txt" })),
        say("Tried.")
      ]))
      const chat = yield* person.start()
      yield* chat.type("/sandbox")
      const shown = yield* chat.see(/[^]*for none:\s+> /)
      assert.match(shown, /sandbox {3}off/)
      assert.match(shown, /off \(commands may do what you may · now\)/)
      assert.match(shown, /workspace-write \(commands write in the folder and the temporary folder, and nowhere else\)/)
      yield* chat.enter("")
      assert.match(
        yield* chat.enter("/sandbox readonly"),
        /There is no sandbox "readonly", the nearest is read-only \(/
      )
      const change = yield* chat.enter("/sandbox read-only")
      if (hasSandbox) assert.match(change, /From the next turn on commands write nowhere\./)
      else assert.match(change, /The sandbox "read-only" cannot be had: .*\. .*\./)
      yield* chat.type("/sandbox")
      assert.match(
        yield* chat.see(/[^]*for none:\s+> /),
        hasSandbox ? /sandbox {3}read-only\s+network {3}reached/ : /off/
      )
      yield* chat.enter("")
      yield* chat.turn("try it")
      assert.strictEqual((yield* chat.leave).code, 0)
      assert.strictEqual(existsSync(person.file("inside.txt")), !hasSandbox)
      const [session = ""] = sessionsOf(person.home)
      const setups = lines(readFileSync(`${person.home}/sessions/${session}/log.ndjson`, "utf8")).flatMap(({ event }) =>
        text(field(field(event, "setup"), "sandbox")) ?? []
      )
      assert.deepStrictEqual(setups, [hasSandbox ? "read-only" : "off"])
    }))

  test("lists MCP servers with their tools, and what is wrong with them", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Hi.")]))
      const none = yield* person.start()
      assert.match(yield* none.enter("/mcp"), /There is no MCP server; to add one, effixir mcp add/)
      yield* none.leave
      const server = (behaviour: string, more = {}) => ({
        command: process.execPath,
        args: [fileURLToPath(new URL("../mcpServer.mjs", import.meta.url)), behaviour],
        ...more
      })
      writeFileSync(
        `${person.home}/config.json`,
        JSON.stringify({
          mcp_servers: {
            good: server("good"),
            gone: { command: "/nowhere/server" },
            off: server("good", { enabled: false })
          }
        })
      )
      const chat = yield* person.start()
      const shown = yield* chat.enter("/mcp")
      assert.match(shown, /good {2}user {2}ready {5}echo/)
      assert.match(shown, /gone {2}user {2}failed {4}.*nowhere/)
      assert.match(shown, /off {3}user {2}disabled/)
      yield* chat.leave
    }))

  test("sends what an MCP server says, and shows it", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Hello."), say("Sunny."), say("Cloudy.")]))
      const everything = new URL(
        "../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js",
        import.meta.url
      )
      writeFileSync(
        `${person.home}/config.json`,
        JSON.stringify({
          mcp_servers: {
            all: { command: process.execPath, args: [fileURLToPath(everything)] },
            odd: {
              command: process.execPath,
              args: [fileURLToPath(new URL("../mcpServer.mjs", import.meta.url)), "prompting"]
            }
          }
        })
      )
      writeFileSync(person.file("dot.png"), "no picture")
      const chat = yield* person.start()
      // The first turn waits for the servers, however slow the machine is.
      yield* chat.turn("hello")
      const help = yield* chat.enter("/help")
      assert.match(
        help,
        /Prompts of MCP servers:[^]*\/mcp__all__args-prompt city \[state\]\s+A prompt with two\s+arguments/
      )
      assert.match(help, /\/mcp__odd__spoof\s+Says \\x1b\[31mit/)
      const sent = yield* chat.turn("/mcp__all__args-prompt state=Viken Oslo")
      assert.match(
        sent,
        /The MCP server all says this in your place:\s[^]*> What's weather in Oslo, Viken\?[^]*Sunny\./
      )
      assert.match(
        yield* chat.enter("/mcp__all__args-prompt"),
        /was not sent: it needs city\.\s+Write\s+it\s+as\s+\S+\s+city\s+\[state\]/
      )
      assert.match(yield* chat.enter("/mcp__all__arg-prompt"), /the\s+nearest\s+is\s+\/mcp__all__args-prompt/)
      assert.match(yield* chat.enter("/mcp__odd__refused"), /The server odd answered: no such prompt/)
      // Control characters are harmless, and a file that the server names is not sent along.
      assert.match(yield* chat.turn("/mcp__odd__spoof"), /> Look at \.\/dot\.png\s+\\x1b\[2J[^]*Cloudy\./)
      const bodies = (yield* person.simulator.requests).map(({ body }) => JSON.stringify(body))
      assert.include(bodies[1], "What's weather in Oslo, Viken?")
      assert.notInclude(bodies[1], "mcp__all__args-prompt state")
      assert.include(bodies[2], "Look at ./dot.png")
      yield* chat.leave
    }))

  test("copies a session, makes it shorter, and writes it down", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(
        Script.fromTurns([say("First answer."), say("Second answer."), say("What was done."), say("In the copy.")])
      )
      const chat = yield* person.start()
      assert.match(yield* chat.enter("/copy"), /There is no answer to copy yet/)
      assert.match(yield* chat.enter("/fork"), /nothing to copy yet/)
      assert.match(yield* chat.enter("/compact"), /nothing to compact yet/)
      assert.match(yield* chat.enter("/export"), /nothing to write down yet/)
      assert.match(yield* chat.enter("/history"), /has no turn yet/)
      yield* chat.turn("one")
      yield* chat.turn("two")
      assert.match(yield* chat.enter("/export out.html"), /out\.html/)
      assert.include(readFileSync(person.file("out.html"), "utf8"), "Second answer.")
      assert.match(yield* chat.enter("/export"), /effixir-\w+-\w+\.md/)
      assert.match(yield* chat.enter("/fork x"), /"x" is no turn/)
      const forked = yield* chat.enter("/fork 1")
      assert.include(forked, "First answer.")
      assert.notInclude(forked, "Second answer.")
      assert.match(forked, /This is a copy now, from the end of turn 1 on; session [\da-f]{8} stays as it is/)
      assert.lengthOf(sessionsOf(person.home), 2)
      assert.match(yield* chat.enter("/compact"), /compacted/i)
      assert.match(yield* chat.turn("three"), /In the copy\./)
      assert.match(yield* chat.enter("/sessions"), /› [\da-f]{8} {2}one {2}.*2 turns\n {2}[\da-f]{8} {2}one/)
      // What is on the screen is not shown again.
      const copied = yield* chat.enter("/fork")
      assert.match(copied, /This is a copy now; session [\da-f]{8} stays as it is/)
      assert.notInclude(copied, "In the copy.")
      assert.lengthOf(sessionsOf(person.home), 3)
      const now = /› ([\da-f]{8})/.exec(yield* chat.enter("/sessions"))?.[1]
      assert.match(yield* chat.enter(`/resume ${now}`), /is the one that goes on already/)
      yield* chat.leave
    }))

  test("starts MCP servers once, whichever session goes on, unless one has failed", () =>
    Effect.gen(function*() {
      const staying = { command: "echo $$ > pid; exec sleep 300", background: true }
      const person = yield* sitDown(
        Script.fromTurns([
          Script.answer(Script.call("bash", staying)),
          ...Array.from({ length: 7 }, () => say("Fine."))
        ])
      )
      const started = person.file("started")
      const server = fileURLToPath(new URL("../mcpServer.mjs", import.meta.url))
      const one = {
        command: "sh",
        args: ["-c", `echo $$ >> '${started}'; exec '${process.execPath}' '${server}' good`]
      }
      const settings = (servers: object) =>
        writeFileSync(`${person.home}/config.json`, JSON.stringify({ mcp_servers: servers }))
      const rules = person.file("policy.json")
      writeFileSync(rules, JSON.stringify({ rules: [{ decision: "deny", path: "closed/**" }] }))
      settings({ one })
      const chat = yield* person.start("--policy", rules)
      const starts = () => readFileSync(started, "utf8").trim().split("\n").length
      yield* chat.turn("one")
      const pid = Number(readFileSync(person.file("pid"), "utf8"))
      for (const command of ["/effort high", "/fork", "/fork 1", "/clear"]) {
        yield* chat.enter(command)
        // What runs in the background belongs to the session that is left.
        assert.strictEqual(isAlive(pid), command === "/effort high", command)
        yield* chat.turn("go on")
        assert.strictEqual(starts(), 1, command)
      }
      // Other settings make another stack.
      settings({ one, missing: { command: "/nope" } })
      yield* chat.enter("/clear")
      yield* chat.turn("go on")
      assert.strictEqual(starts(), 2)
      assert.match(yield* chat.enter("/mcp"), /missing[^]*failed/)
      yield* chat.enter("/clear")
      yield* chat.turn("go on")
      assert.strictEqual(starts(), 3)
      yield* chat.leave
    }))

  test("has nothing to do with what is not kept, and leaves a session that it began with as it was", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([
        say("Kept."),
        Script.answer(Script.call("write", { path: "new.txt", content: "new\n" })),
        say("Not kept."),
        Script.answer(Script.call("bash", { command: "true" })),
        say("Ran."),
        say("Seen."),
        Script.answer(Script.call("bash", { command: "touch it" })),
        say("Denied.")
      ]))
      const first = yield* person.start()
      yield* first.turn("one")
      yield* first.leave
      const [session = ""] = sessionsOf(person.home)
      const logs = () =>
        [`${person.home}/sessions/${session}/log.ndjson`, `${person.home}/history.jsonl`].map((path) =>
          readFileSync(path, "utf8")
        )
      const before = logs()
      writeFileSync(
        person.file("dot.png"),
        Buffer.from(
          "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
          "base64"
        )
      )
      const chat = yield* person.start("--ephemeral", "--image", "dot.png")
      yield* chat.turn("write it")
      assert.isTrue(existsSync(person.file("new.txt")))
      yield* chat.turn("run it")
      assert.match(
        yield* chat.enter("/undo"),
        /"run it" has changed no file but by commands\.\s+What a command of the turn may have changed stays\./
      )
      assert.match(yield* chat.enter("/undo"), /new\.txt is gone, as before/)
      // The stack is built anew, and the session is still there.
      assert.match(yield* chat.enter("/permission read-only"), /refused|nothing/)
      assert.match(yield* chat.turn("again"), /Seen\./)
      // A command that was denied has changed nothing.
      assert.match(yield* chat.turn("touch it"), /Denied\./)
      assert.notInclude(yield* chat.enter("/undo"), "command")
      for (const command of ["/fork", "/rename x", "/history", "/export"]) {
        assert.match(yield* chat.enter(command), /Nothing of this conversation is kept/)
      }
      const { stdout } = yield* chat.leave
      assert.match(stdout, /Nothing of this conversation is kept\. The image goes along with your first\s+message\./)
      assert.notInclude(stdout, "To go on")
      assert.deepStrictEqual([sessionsOf(person.home), logs()], [[session], before])
      const bodies = (yield* person.simulator.requests).map(({ body }) => JSON.stringify(body))
      assert.include(bodies[1], "data:image/png;base64,iVBOR")
      assert.include(bodies[3], "write it")
      assert.strictEqual(bodies[3]?.split("data:image/png").length, 2)
      assert.isFalse(existsSync(person.file("new.txt")))
      const { code, stderr } = yield* person.run(["chat", "--image", "none.png"], { isTerminal: true })
      assert.deepStrictEqual([code, /none\.png cannot be sent as an image: there is no such file/.test(stderr)], [
        2,
        true
      ])
    }))

  test("goes on with a session, keeps nothing, and leaves it as it was", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Kept."), say("Not kept."), say("Seen.")]))
      const first = yield* person.start()
      yield* first.turn("one")
      yield* first.leave
      const [session = ""] = sessionsOf(person.home)
      const log = () => readFileSync(`${person.home}/sessions/${session}/log.ndjson`, "utf8")
      const before = log()
      const chat = yield* person.start("--resume", session, "--ephemeral")
      assert.match(yield* chat.turn("two"), /Not kept\./)
      assert.match(yield* chat.turn("three"), /Seen\./)
      const { stdout } = yield* chat.leave
      assert.include(stdout, "Nothing of this conversation is kept.")
      assert.notInclude(stdout, "To go on")
      assert.deepStrictEqual([sessionsOf(person.home), log()], [[session], before])
      const last = JSON.stringify((yield* person.simulator.requests).at(-1)?.body)
      for (const said of ["one", "Kept.", "two", "Not kept.", "three"]) assert.include(last, said)
    }))
})
