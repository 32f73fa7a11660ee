import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Script from "../../../src/testing/Script.ts"
import { isThere as isPtyThere, terminal as pty } from "../pseudoTerminal.ts"
import { eventually, isAlive, machine, platform } from "../support.ts"
import { isThere, sitDown } from "./terminal.ts"

const test = (
  name: string,
  body: () => Effect.Effect<void, unknown, Layer.Layer.Success<typeof platform> | Scope.Scope>
) => it.scopedLive(name, () => body().pipe(Effect.provide(platform), Effect.timeout("280 seconds"), Effect.orDie))

const say = (text: string) => Script.answer(Script.say(text))
const bash = (command: string) => Script.answer(Script.call("bash", { command }))

/** Who types at a program, and waits for what it shows behind what was seen before. */
const typist = ({ child, output }: Effect.Effect.Success<ReturnType<Start>>) => {
  let read = 0
  return {
    see: (what: string) =>
      Effect.map(eventually(`shown: ${what}`, () => output().stdout.includes(what, read)), () => {
        read = output().stdout.indexOf(what, read) + what.length
      }),
    type: (text: string) => Effect.sync(() => void child.stdin?.write(text))
  }
}

type Start = Effect.Effect.Success<ReturnType<typeof machine>>["start"]

/** The events of all sessions of a home. */
const logOf = (
  home: string
): ReadonlyArray<{ readonly _tag: string; readonly reason?: string; readonly kind?: string }> =>
  readdirSync(`${home}/sessions`).filter((name) => !name.startsWith(".")).flatMap((session) =>
    readFileSync(`${home}/sessions/${session}/log.ndjson`, "utf8").trim().split("\n").map((line) =>
      JSON.parse(line).event
    )
  )

/** What differs from run to run. */
const steady = (screen: string): string =>
  screen.replaceAll(/\/tmp\/effixir-test-\w+/g, "~").replaceAll(/\d+ s ·/g, "N s ·").replaceAll(/[\da-f]{8}$/gm, "ID")

describe.runIf(isThere)("a conversation on a terminal", () => {
  test("hands the terminal over to the form of an MCP server, and takes it back", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([
        Script.answer(Script.call("mcp__one__echo", {})),
        say("Well.")
      ]))
      const server = fileURLToPath(new URL("../mcpServer.mjs", import.meta.url))
      writeFileSync(
        `${person.home}/config.json`,
        JSON.stringify({ mcp_servers: { one: { command: process.execPath, args: [server, "asking"] } } })
      )
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("go")
      yield* terminal.press("Enter")
      yield* terminal.see("answer it?")
      // What is typed at once is not taken for an answer.
      yield* Effect.sleep("400 millis")
      yield* terminal.type("y")
      yield* terminal.see("City")
      yield* terminal.type("Oslo")
      yield* terminal.press("Enter")
      yield* terminal.see("> 7")
      yield* terminal.press("Enter")
      yield* terminal.see("Second")
      yield* terminal.press("Enter")
      yield* terminal.see("send these answers?")
      yield* Effect.sleep("400 millis")
      yield* terminal.type("y")
      yield* terminal.see(/Well\.\s+\d+ s/)
      const heard = JSON.stringify((yield* person.simulator.requests).at(-1)?.body).replaceAll("\\", "")
      assert.include(heard, "{\"action\":\"accept\",\"content\":{\"city\":\"Oslo\",\"days\":7}}")
      yield* terminal.press("C-d")
      assert.strictEqual((yield* terminal.end).code, 0)
    }))

  test("wraps what is told beside the conversation at words", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Well.")]))
      writeFileSync(
        `${person.home}/config.json`,
        JSON.stringify({ mcp_servers: { missing: { command: "/nope" } } })
      )
      const terminal = yield* person.start({ columns: 60 })
      yield* terminal.see("/help shows")
      yield* terminal.type("hello")
      yield* terminal.press("Enter")
      const seen = yield* terminal.see(/Well\.\s+\d+ s/)
      assert.include(seen, "the MCP server missing could not be started: the program\n/nope is not there. ")
      yield* terminal.press("C-d")
      assert.strictEqual((yield* terminal.end).code, 0)
    }))

  test("goes on when a server asks with no turn running, and Escape is pressed", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Well.")]))
      const server = fileURLToPath(new URL("../mcpServer.mjs", import.meta.url))
      writeFileSync(
        `${person.home}/config.json`,
        JSON.stringify({ mcp_servers: { one: { command: process.execPath, args: [server, "asking in prompts"] } } })
      )
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("/mcp__one__asked")
      yield* terminal.press("Enter")
      yield* terminal.see("answer it?")
      yield* Effect.sleep("400 millis")
      yield* terminal.press("Escape")
      yield* terminal.see(/Well\.\s+\d+ s/)
      assert.include(JSON.stringify((yield* person.simulator.requests).at(-1)?.body), "It was cancel.")
      yield* terminal.press("C-d")
      assert.strictEqual((yield* terminal.end).code, 0)
    }))

  test("goes on turn after turn in one session, and leaves the terminal as it was", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("First **answer**."), say("Second answer.")]))
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("one")
      yield* terminal.press("Enter")
      yield* terminal.see("First answer.")
      yield* terminal.see("written")
      yield* terminal.type("two")
      yield* terminal.press("M-Enter")
      yield* terminal.type("lines")
      yield* terminal.press("Enter")
      yield* terminal.see(/Second answer\.\s+\d+ s/)
      yield* terminal.see("week 34 %")
      assert.strictEqual(
        steady(terminal.screen()),
        [
          "Say what to do; /help shows commands and keys, Ctrl-D leaves.",
          "",
          "> one",
          "",
          "First answer.",
          "",
          "N s · 100 tokens read · 10 written",
          "",
          "> two",
          "  lines",
          "",
          "Second answer.",
          "",
          "N s · 100 tokens read · 10 written",
          "",
          ">",
          "gpt-6.2-sol · ~/work · 0 % of 500k · 5h 12 % · week 34 %"
        ].join("\n")
      )
      yield* terminal.press("C-d")
      const { code, stty } = yield* terminal.end
      assert.strictEqual(code, 0)
      assert.match(stty, /\sicanon\b/)
      assert.match(stty, /\secho\b/)
      assert.match(terminal.screen(), /To go on: effixir chat --resume [\da-f]{8}/)
      assert.deepStrictEqual(
        logOf(person.home).filter(({ _tag }) => /^(?:Session|Turn)/.test(_tag)).map(({ _tag }) => _tag),
        ["SessionStarted", "TurnStarted", "TurnCompleted", "TurnStarted", "TurnCompleted"]
      )
    }))

  test("lets the model hear what is said while it works, at its next step or at the end", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(
        Script.fromTurns([bash("until [ -e go ]; do sleep 0.1; done"), say("Heard it."), say("And this.")])
      )
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("wait")
      yield* terminal.press("Enter")
      yield* terminal.see("running bash")
      yield* terminal.type("afterwards, please")
      yield* terminal.press("Tab")
      yield* terminal.see("afterwards: afterwards, please")
      yield* terminal.type("be quick")
      yield* terminal.press("Enter")
      yield* terminal.see("heard next: be quick")
      writeFileSync(person.file("go"), "")
      const screen = yield* terminal.see(/And this\.\s+\d+ s/)
      assert.notInclude(terminal.screen(), "heard next")
      assert.match(screen, /> be quick\s+Heard it\.\s+> afterwards, please\s+And this\./)
      const bodies = (yield* person.simulator.requests).map(({ body }) => JSON.stringify(body))
      assert.notInclude(bodies[0], "be quick")
      assert.include(bodies[1], "be quick")
      assert.notInclude(bodies[1], "afterwards, please")
      assert.include(bodies[2], "afterwards, please")
      assert.strictEqual(logOf(person.home).filter(({ _tag }) => _tag === "TurnStarted").length, 1)
    }))

  test("stops a turn with Escape, gives back what was not heard, and leaves with Ctrl-C twice", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([bash("echo $$ > pid; exec sleep 60"), say("Well.")]))
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("wait")
      yield* terminal.press("Enter")
      yield* terminal.see("running bash")
      yield* eventually("the command runs", () => existsSync(person.file("pid")))
      yield* terminal.type("not heard")
      yield* terminal.press("Enter")
      yield* terminal.see("heard next: not heard")
      yield* terminal.press("Escape")
      yield* terminal.see("■ Interrupted.")
      yield* terminal.see("> not heard")
      yield* eventually("it is gone", () => !isAlive(Number(readFileSync(person.file("pid"), "utf8"))))
      assert.deepInclude(logOf(person.home).at(-1), { _tag: "TurnInterrupted", reason: "SIGINT" })
      yield* terminal.press("Enter")
      yield* terminal.see("Well.")
      yield* terminal.see(/Well\.\s+\d+ s/)
      yield* terminal.type("draft")
      yield* terminal.see("> draft")
      yield* terminal.press("C-c")
      yield* eventually("the line is empty", () => !terminal.screen().includes("draft"))
      yield* terminal.press("C-c")
      yield* terminal.see("once more leaves")
      yield* terminal.press("C-c")
      assert.strictEqual((yield* terminal.end).code, 0)
    }))

  test("ends its turn in the log when the terminal is closed, and leaves no process", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([bash("echo $$ > pid; exec sleep 60")]))
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("wait")
      yield* terminal.press("Enter")
      yield* eventually("the command runs", () => existsSync(person.file("pid")))
      const pids = [terminal.program(), Number(readFileSync(person.file("pid"), "utf8"))]
      assert.isTrue(pids.every(isAlive))
      yield* terminal.close
      yield* eventually("nothing is left", () => !pids.some(isAlive))
      assert.deepInclude(logOf(person.home).at(-1), { _tag: "TurnInterrupted", reason: "hangup" })
    }))

  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) {
    test(`leaves the terminal as it was after ${signal}`, () =>
      Effect.gen(function*() {
        const person = yield* sitDown(Script.fromTurns([bash("echo > there; exec sleep 60")]))
        const terminal = yield* person.start()
        yield* terminal.see("/help shows")
        yield* terminal.type("wait")
        yield* terminal.press("Enter")
        yield* eventually("the command runs", () => existsSync(person.file("there")))
        process.kill(terminal.program(), signal)
        const { code, stty } = yield* terminal.end
        assert.strictEqual(code, { SIGTERM: 143, SIGINT: 130, SIGQUIT: 131 }[signal])
        assert.match(stty, /\sicanon\b/)
        assert.deepInclude(logOf(person.home).at(-1), { _tag: "TurnInterrupted", reason: signal })
        // What is pasted now has no marks around it.
        yield* terminal.paste("plain")
        yield* terminal.see(/(?<!200~)plain/)
      }))
  }

  test("stops with Ctrl-Z like any job, and goes on with fg", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Here again.")]))
      const terminal = yield* person.start({ isInShell: true })
      yield* terminal.see("$")
      yield* terminal.type(`${terminal.command}\n`)
      yield* terminal.see("/help shows")
      yield* terminal.type("half a line")
      yield* terminal.see("> half a line")
      yield* terminal.press("C-z")
      yield* terminal.see(/Stopped/)
      yield* terminal.type("echo it is $((6*7)); stty -a | grep -o ' icanon'\n")
      yield* terminal.see(/it is 42\n icanon/)
      yield* terminal.type("fg\n")
      yield* terminal.see(/fg[^]*> half a line/)
      yield* terminal.press("Enter")
      yield* terminal.see("Here again.")
    }))

  test("asks whether a call may run, takes a change of it, and tells the model why not", () =>
    Effect.gen(function*() {
      const changed = "echo better > made.txt"
      const person = yield* sitDown(Script.fromTurns([
        bash("echo worse > made.txt"),
        bash(changed),
        bash("rm -f made.txt"),
        say("Fine.")
      ]))
      const terminal = yield* person.start({ args: ["--permission", "ask"] })
      yield* terminal.see("/help shows")
      yield* terminal.type("make it")
      yield* terminal.press("Enter")
      yield* terminal.see("y yes · a always this very command · e edit · n no")
      yield* Effect.sleep("400 millis")
      yield* terminal.type("e")
      yield* terminal.see("run instead: echo worse > made.txt")
      yield* terminal.press(...Array.from({ length: 16 }, () => "BSpace" as const))
      yield* terminal.type("better > made.txt")
      yield* terminal.press("Enter")
      // The changed command is not asked about again; the next one is.
      yield* terminal.see(/rm -f made\.txt\n[^]*n no/)
      assert.strictEqual(readFileSync(person.file("made.txt"), "utf8"), "better\n")
      yield* Effect.sleep("400 millis")
      yield* terminal.type("n")
      yield* terminal.see("why?")
      yield* terminal.type("keep it")
      yield* terminal.press("Enter")
      yield* terminal.see(/Fine\.\s+\d+ s/)
      assert.isTrue(existsSync(person.file("made.txt")))
      const bodies = (yield* person.simulator.requests).map(({ body }) => JSON.stringify(body))
      assert.include(bodies[1], changed)
      assert.include(bodies[3], "The user said: keep it")
      yield* terminal.press("C-d")
      assert.match((yield* terminal.end).stty, /\sicanon\b/)
    }))

  test("stops the turn, and nothing more, where the person stops it in the middle of a question", () =>
    Effect.gen(function*() {
      const asking = bash("echo > made.txt")
      const person = yield* sitDown(Script.fromTurns([asking, asking, asking, asking, say("Well.")]))
      const terminal = yield* person.start({
        args: ["--permission", "ask"],
        env: { PAGER: "cat > paged; echo reading; sleep 60" }
      })
      yield* terminal.see("/help shows")
      const interrupted = () => terminal.history().split("■ Interrupted.").length - 1
      const stops = [["C-c"], ["Escape"], ["e", "Escape"], ["n", "C-c"]] as const
      for (const [at, keys] of stops.entries()) {
        yield* terminal.type(`go ${at}`)
        yield* terminal.press("Enter")
        yield* terminal.see(new RegExp(`go ${at}\n[^]*n no`))
        yield* Effect.sleep("400 millis")
        for (const key of keys) {
          if (key === "C-c" || key === "Escape") yield* terminal.press(key)
          else {
            yield* terminal.type(key)
            yield* terminal.see(new RegExp(`go ${at}\n[^]*(?:run instead|why)`))
          }
        }
        yield* eventually(`stopped by ${keys.join(" ")}`, () => interrupted() === at + 1)
        assert.deepInclude(logOf(person.home).at(-1), { _tag: "TurnInterrupted" })
      }
      yield* terminal.type("now answer")
      yield* terminal.press("Enter")
      yield* terminal.see(/Well\.\s+\d+ s/)
      assert.isFalse(existsSync(person.file("made.txt")))
      // What another program has been given the terminal for is stopped there.
      yield* terminal.type("/history")
      yield* terminal.press("Enter")
      yield* terminal.see("reading")
      yield* terminal.press("C-c")
      yield* eventually("the conversation is back", () => /\n>\n/.test(terminal.screen()))
      yield* terminal.type("still here")
      yield* terminal.see("> still here")
      yield* terminal.press("C-c")
      yield* eventually("the line is empty", () => !terminal.screen().includes("still here"))
      yield* terminal.press("C-c")
      yield* terminal.see("once more leaves")
      yield* terminal.press("C-c")
      assert.strictEqual((yield* terminal.end).code, 0)
    }))

  test("takes back what a turn has changed in files, and says what stays", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([
        Script.answer(
          Script.call("write", { path: "new.txt", content: "new\n" }),
          Script.call("write", { path: "sub/other.txt", content: "other\n" }),
          Script.call("bash", { command: "echo by hand > third.txt" })
        ),
        say("Written."),
        say("Understood.")
      ]))
      const terminal = yield* person.start()
      yield* terminal.see("/help shows")
      yield* terminal.type("write")
      yield* terminal.press("Enter")
      yield* terminal.see(/Written\.\s+\d+ s/)
      writeFileSync(person.file("sub/other.txt"), "changed since\n")
      yield* terminal.type("/undo")
      yield* terminal.press("Enter")
      const screen = yield* terminal.see("may have changed stays")
      assert.include(screen, "What the turn \"write\" has changed is taken back:\n  new.txt is gone, as before")
      assert.include(screen, "sub/other.txt stays: it was changed after the turn")
      assert.deepStrictEqual(
        ["new.txt", "sub/other.txt", "third.txt"].map((name) => existsSync(person.file(name))),
        [false, true, true]
      )
      yield* terminal.type("/undo")
      yield* terminal.press("Enter")
      yield* terminal.see("nothing to take back")
      yield* terminal.type("go on")
      yield* terminal.press("Enter")
      yield* terminal.see("Understood.")
      const last = JSON.stringify((yield* person.simulator.requests).at(-1)?.body)
      assert.include(last, "undone your changes to these files, which are as they were before: new.txt.")
    }))

  test("has commands behind a slash, and a person's own prompts among them", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Small."), say("Named.")]))
      mkdirSync(`${person.home}/prompts`, { recursive: true })
      writeFileSync(
        `${person.home}/prompts/greet.md`,
        "---\ndescription: Say hello\n---\nGreet $1 in $2, all: $ARGUMENTS"
      )
      const terminal = yield* person.start({ rows: 50, columns: 120 })
      yield* terminal.see("/help shows")
      yield* terminal.type("/he")
      yield* terminal.see(/\/help\s+Show all/)
      yield* terminal.press("Enter")
      yield* terminal.see(/\/greet \[WORDS\]\s+Say hello/)
      yield* terminal.type("/mdoel")
      yield* terminal.press("Escape")
      // A key that follows at once would count as typed with Alt.
      yield* Effect.sleep("500 millis")
      yield* terminal.press("Enter")
      yield* terminal.see("There is no command /mdoel, the nearest is /model")
      yield* terminal.type("/model")
      yield* terminal.press("Enter")
      yield* terminal.see("Which model?")
      yield* terminal.type("5.5")
      yield* terminal.press("Enter")
      yield* terminal.see(/The next turn asks gpt-5\.5\./)
      yield* terminal.type("/greet \"the world\" German")
      yield* terminal.press("Enter")
      yield* terminal.see("Small.")
      const [first] = yield* person.simulator.requests
      const body = JSON.stringify(first?.body)
      assert.include(body, "Greet the world in German, all: \\\"the world\\\" German")
      assert.match(body, /"model":"gpt-5\.5"/)
      yield* terminal.type("/rename A better title")
      yield* terminal.press("Enter")
      yield* terminal.see("is now called: A better title")
      yield* terminal.type("/clear")
      yield* terminal.press("Enter")
      yield* terminal.see("A new session. The one before")
      yield* terminal.type("/resume")
      yield* terminal.press("Enter")
      yield* terminal.see(/› A better title\s+\d+ \w+ ago · 1 turn/)
      yield* terminal.press("Enter")
      yield* terminal.see(/goes on\./)
      yield* terminal.type("again")
      yield* terminal.press("Enter")
      yield* terminal.see("Named.")
      assert.strictEqual(
        new Set(readdirSync(`${person.home}/sessions`).filter((name) => !name.startsWith("."))).size,
        1
      )
      yield* terminal.type("/quit")
      yield* terminal.press("Enter")
      assert.strictEqual((yield* terminal.end).code, 0)
    }))

  test("completes paths, runs commands of the person, sends images, and takes any paste as one", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Seen."), say("Read.")]))
      mkdirSync(person.file("src"))
      writeFileSync(person.file("src/main.ts"), "")
      writeFileSync(person.file("ignored.ts"), "")
      writeFileSync(person.file(".gitignore"), "ignored.ts\n")
      mkdirSync(person.file(".git"))
      writeFileSync(person.file(".git/HEAD"), "ref: refs/heads/topic\n")
      writeFileSync(
        person.file("a b.png"),
        Buffer.from(
          "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
          "base64"
        )
      )
      const terminal = yield* person.start()
      yield* terminal.see("(topic)")
      yield* terminal.type("!echo the answer is $((6*7)); false")
      yield* terminal.press("Enter")
      yield* terminal.see(/the answer is 42\n\s+\[exit 1\]/)
      yield* terminal.type("see @")
      yield* terminal.see(/^ {2}src\/main\.ts/m)
      assert.notInclude(terminal.screen(), "ignored.ts")
      yield* terminal.type("man")
      yield* terminal.press("Tab")
      yield* terminal.see("> see src/main.ts")
      yield* terminal.type("and a\\ b.png")
      yield* terminal.press("Enter")
      yield* terminal.see("Seen.")
      const [first] = yield* person.simulator.requests
      const body = JSON.stringify(first?.body)
      assert.include(body, "$ echo the answer is $((6*7)); false\\nthe answer is 42\\n[exit 1]")
      assert.include(body, "see src/main.ts and a\\\\ b.png")
      assert.include(body, "data:image/png;base64,iVBOR")
      const text = Array.from({ length: 5000 }, (_, n) => `line ${n} 漢字`).join("\n")
      yield* terminal.see(/Seen\.[^]*\d+ s/)
      yield* terminal.paste(text)
      yield* terminal.see("[pasted: 5000 lines]")
      yield* terminal.press("Enter")
      yield* terminal.see("Read.")
      const said = JSON.stringify((yield* person.simulator.requests).at(-1)?.body)
      assert.include(said, JSON.stringify(text).slice(1, -1))
    }))

  test("remembers what was typed over conversations, in a file of the person alone", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("One."), say("Two.")]))
      const first = yield* person.start()
      yield* first.see("/help shows")
      yield* first.type("find the needle")
      yield* first.press("Enter")
      yield* first.see("One.")
      yield* first.press("C-d")
      yield* first.end
      assert.strictEqual(statSync(`${person.home}/history.jsonl`).mode & 0o777, 0o600)
      const second = yield* person.start({ args: ["chat", "--last"] })
      yield* second.see(/> find the needle\s+One\./)
      yield* second.type("other")
      yield* second.press("C-r")
      yield* second.type("NEED")
      yield* second.see(/> find the needle\nsearch: NEED/)
      yield* second.press("Escape")
      yield* second.see("> other")
      yield* second.press("C-c")
      yield* second.press("Up")
      yield* second.press("Enter")
      yield* second.see("Two.")
      assert.strictEqual(logOf(person.home).filter(({ _tag }) => _tag === "TurnStarted").length, 2)
    }))

  test("lets a person choose from the sessions of the folder where resume is given none", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Tea it is."), say("Coffee it is."), say("More tea.")]))
      yield* person.run(["Make tea"])
      yield* person.run(["Make coffee"])
      const terminal = yield* person.start({ args: ["resume"] })
      yield* terminal.see(/Which session\?\s*\n› Make coffee {2}\d+ s ago · 1 turn\n {2}Make tea/)
      yield* terminal.see("Coffee it is.")
      yield* terminal.type("tea")
      yield* terminal.see(/Which session\? tea\n› Make tea/)
      yield* terminal.see("Tea it is.")
      yield* terminal.press("Enter")
      yield* terminal.see(/> Make tea\s+Tea it is\./)
      yield* terminal.type("more")
      yield* terminal.press("Enter")
      yield* terminal.see("More tea.")
      yield* terminal.see(/More tea\.\s+\d+ s/)
      assert.notInclude(terminal.history(), "Which session?")
      assert.include(JSON.stringify((yield* person.simulator.requests).at(-1)?.body), "Make tea")
      yield* terminal.press("C-d")
      assert.strictEqual((yield* terminal.end).code, 0)

      const left = yield* person.start({ args: ["resume"] })
      yield* left.see("Which session?")
      yield* left.press("Escape")
      const { code, stty } = yield* left.end
      assert.strictEqual(code, 0)
      assert.match(stty, /\sicanon\b/)
      assert.notInclude(left.screen(), "Which session?")
    }))

  test("draws itself anew where the window gets narrow and wide while an answer streams", () =>
    Effect.gen(function*() {
      const words = Array.from({ length: 400 }, (_, n) => `w${n}${n % 40 === 39 ? "\n\n" : " "}`).join("")
      const person = yield* sitDown(Script.fromTurns([say(words), say("Again.")]), "8 millis")
      const terminal = yield* person.start({ columns: 120, rows: 30 })
      yield* terminal.see("/help shows")
      yield* terminal.type("count")
      yield* terminal.press("Enter")
      for (const [word, columns] of [[20, 60], [90, 100], [160, 80], [240, 140], [300, 70]] as const) {
        yield* terminal.see(`w${word} `)
        yield* terminal.resize(columns, 30)
      }
      yield* terminal.see(/\d+ s · \d+ tokens read/)
      yield* terminal.resize(120, 30)
      yield* terminal.type("and")
      yield* terminal.press("Enter")
      yield* terminal.see(/Again\.\s+\d+ s/)
      const shown = terminal.history()
      const seen = shown.match(/\bw\d+\b/g) ?? []
      assert.deepStrictEqual(seen, Array.from({ length: 400 }, (_, n) => `w${n}`), shown)
      assert.lengthOf(shown.match(/% of 500k/g) ?? [], 1, shown)
      assert.notInclude(shown, "thinking")
    }))

  test("lets a person write in their editor", () =>
    Effect.gen(function*() {
      const person = yield* sitDown(Script.fromTurns([say("Long.")]))
      writeFileSync(`${person.base}/editor`, "#!/bin/sh\nprintf 'edited %s\\nsecond' \"$(cat \"$1\")\" > \"$1\"\n", {
        mode: 0o700
      })
      const terminal = yield* person.start({ env: { EDITOR: `${person.base}/editor` } })
      yield* terminal.see("/help shows")
      yield* terminal.type("draft")
      yield* terminal.press("C-g")
      yield* terminal.see("> edited draft\n  second")
      yield* terminal.press("Enter")
      yield* terminal.see("Long.")
    }))
})

describe.runIf(isPtyThere)("a conversation line by line", () => {
  test("never moves the cursor where it is asked for by a flag, also as it starts and where a question is long", () =>
    Effect.gen(function*() {
      const command = Array.from({ length: 40 }, (_, n) => `echo ${n} >> there`).join("\n")
      const { file, home, start } = yield* machine(Script.fromTurns([bash(command), say("Done.")]))
      const server = fileURLToPath(new URL("../mcpServer.mjs", import.meta.url))
      // It is so slow that what is waited for would be shown.
      const slow = ["-c", `sleep 2; exec '${process.execPath}' '${server}' good`]
      writeFileSync(
        `${home}/config.json`,
        JSON.stringify({ mcp_servers: { one: { command: "sh", args: slow, required: true } } })
      )
      const started = yield* start(["chat", "--permission", "ask", "--plain"], {
        stdin: null,
        through: pty(80, 24),
        env: { TERM: "xterm-256color" }
      })
      const { see, type } = typist(started)
      yield* see("> ")
      yield* type("do it\n")
      for (
        const [seen, key] of [["23 of", " "], ["b back", "b"], ["23 of", " "], ["b back", "y"]] as const
      ) {
        yield* see(seen)
        yield* Effect.sleep("400 millis")
        yield* type(key)
      }
      yield* see("Done.")
      assert.isTrue(existsSync(file("there")))
      yield* type("/quit\n")
      const { code, stdout } = yield* started.result
      assert.strictEqual(code, 0)
      assert.notInclude(stdout, "\u001B")
    }))

  test("never moves the cursor where a session is chosen, if it is asked for by a flag", () =>
    Effect.gen(function*() {
      const { run, start } = yield* machine(Script.fromTurns([say("Well.")]))
      yield* run(["run", "look around"])
      const { child, output, result } = yield* start(["resume", "--plain"], {
        stdin: null,
        through: pty(80, 24),
        env: { TERM: "xterm-256color" }
      })
      for (const [seen, typed] of [["1 to 1; Enter for none:", "1\n"], ["Well.", "/quit\n"]] as const) {
        yield* eventually(`shown: ${seen}`, () => output().stdout.includes(seen))
        child.stdin?.write(typed)
      }
      const { code, stdout } = yield* result
      assert.strictEqual(code, 0)
      assert.include(stdout, "look around")
      assert.notInclude(stdout, "\u001B")
    }))

  test("never moves the cursor where a line is asked for by a flag, and takes it", () =>
    Effect.gen(function*() {
      const { file, home, simulator, start } = yield* machine(
        Script.fromTurns([
          bash("echo 1 > first"),
          bash("echo 2 > second"),
          Script.answer(Script.call("mcp__one__echo", {})),
          say("Done.")
        ])
      )
      const server = fileURLToPath(new URL("../mcpServer.mjs", import.meta.url))
      writeFileSync(
        `${home}/config.json`,
        JSON.stringify({ mcp_servers: { one: { command: process.execPath, args: [server, "asking"] } } })
      )
      const started = yield* start(["chat", "--permission", "ask", "--plain"], {
        stdin: null,
        through: pty(80, 24),
        env: { TERM: "xterm-256color" }
      })
      const { see, type } = typist(started)
      yield* see("> ")
      yield* type("do it\n")
      for (
        const [seen, typed] of [
          ["n no", "n"],
          ["why? Enter to skip: ", "not this one\n"],
          ["n no", "e"],
          ["run instead: ", "echo 3 > third\n"],
          ["y yes", "y"],
          ["answer it?", "y"],
          ["> ", "Oslo\n"],
          ["Enter alone for 7", "\n"],
          ["> ", "\n"],
          ["send these answers?", "y"]
        ] as const
      ) {
        yield* see(seen)
        yield* Effect.sleep("400 millis")
        yield* type(typed)
      }
      yield* see("Done.")
      yield* see("> ")
      // The end of the input ends the conversation, and what is told then has a line of its own.
      yield* type("\u0004")
      const { code, stdout } = yield* started.result
      assert.strictEqual(code, 0)
      assert.notInclude(stdout, "\u001B")
      assert.match(stdout, /> \r?\nTo go on: effixir chat --resume/)
      assert.deepStrictEqual(["first", "second"].map((name) => existsSync(file(name))), [false, false])
      const heard = (yield* simulator.requests).map(({ body }) => JSON.stringify(body).replaceAll("\\", ""))
      assert.include(heard[1], "not this one")
      assert.include(heard[2], "echo 3 > third")
      assert.include(heard[3], "{\"action\":\"accept\",\"content\":{\"city\":\"Oslo\",\"days\":7}}")
    }))

  test("never moves the cursor, and does the same", () =>
    Effect.gen(function*() {
      const { base, file, home, simulator, start } = yield* machine(
        Script.fromTurns([say("First **answer**."), bash("echo > there; exec sleep 60"), say("Third.")])
      )
      const started = yield* start(["chat", "--permission", "ask"], {
        stdin: null,
        through: pty(80, 24),
        env: { TERM: "dumb" }
      })
      const { see, type } = typist(started)
      yield* see("> ")
      yield* type("one\n")
      yield* see("First answer.")
      yield* see("> ")
      yield* type("/permission\n")
      yield* see("2  ask (you are asked before anything is changed · now)")
      yield* type("2\n")
      yield* see("you are asked before anything is changed.")
      yield* type("wait\n")
      yield* see("y yes")
      yield* Effect.sleep("400 millis")
      yield* type("y")
      yield* eventually("the command runs", () => existsSync(file("there")))
      yield* type("heard?\n")
      yield* see("hears it at its next step")
      process.kill(Number(readFileSync(`${base}/pid`, "utf8")), "SIGINT")
      yield* see("Interrupted.")
      yield* see("Not heard: heard?")
      assert.deepInclude(logOf(home).at(-1), { _tag: "TurnInterrupted", reason: "SIGINT" })
      yield* type("again\n")
      yield* see("Third.")
      yield* type("/quit\n")
      const { code, stdout } = yield* started.result
      assert.strictEqual(code, 0)
      assert.notInclude(stdout, "\u001B")
      assert.include(stdout, "To go on: effixir chat --resume")
      assert.lengthOf(yield* simulator.requests, 3)
    }))
})

describe.runIf(isPtyThere)("a line that is typed before the program takes the keys", () => {
  test("counts as one, also where the program takes its time", () =>
    Effect.gen(function*() {
      const { base, run } = yield* machine(Script.fromTurns([]))
      const slow = `${base}/slow.cjs`
      writeFileSync(slow, "const now = Date.now; let late = 0; Date.now = () => now() + (late += 50)")
      const { code, stdout } = yield* run(["chat"], {
        stdin: "/quit\r",
        through: pty(80, 24),
        env: { TERM: "xterm", NODE_OPTIONS: `--require ${slow}` }
      })
      assert.strictEqual(code, 0, stdout)
    }))
})

describe("a conversation without a terminal", () => {
  test("costs nothing where there is none", () =>
    Effect.gen(function*() {
      const { base, run } = yield* machine(Script.fromTurns([say("Hi.")]))
      const list = `${base}/loaded.cjs`
      writeFileSync(
        list,
        "process.on('exit', () => process._rawDebug('loaded ' + Object.keys(require.cache).map((path) => path.split('/').pop()).join(' ')))"
      )
      for (const args of [["--version"], ["run", "hello"]]) {
        const { code, stderr } = yield* run(args, { env: { NODE_OPTIONS: `--require ${list}` } })
        assert.strictEqual(code, 0, stderr)
        assert.match(stderr, /^loaded .*effixir\.js/m)
        assert.notMatch(stderr, /loaded .*(?:chat|TerminalFront|PlainFront|Terminal|Markdown)\.js/)
      }
    }))

  test("is refused in a sentence", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(Script.fromTurns([]))
      const { code, stderr, stdout } = yield* run(["chat"])
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.match(stderr, /^effixir: A conversation needs a terminal[^]*effixir run/)
    }))
})
