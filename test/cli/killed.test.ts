import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import bundle from "../../rolldown.config.ts"
import { summarize } from "../../src/prompts/Compaction.ts"
import * as Conversation from "../../src/prompts/Conversation.ts"
import { isFunctionCallOutput, type Item, text } from "../../src/responses/Item.ts"
import type { Script } from "../../src/testing/Script.ts"
import * as Scripts from "../../src/testing/Script.ts"
import { eventually, type Line, lines, machine, platform } from "./support.ts"

/** A thousand of them take two hours on a busy machine with two processors: `EFFIXIR_TEST_KILLS=1000`. */
const kills = Number(process.env["EFFIXIR_TEST_KILLS"] ?? 20)

const calls = 7

/** So many tokens that the outputs of four calls fill it. */
const window = 16_000

/** Each call leaves a line outside of the log: a witness of what has run. Its output is long. */
const call = (n: number) => {
  const output = "head -c 11000 /dev/zero | tr '\\0' . | fold -w 100"
  return Scripts.call("bash", { command: `sleep 0.03; echo ${n} >> done.txt; ${output}` }, `c${n}`)
}

/** How many calls a request knows to have ended: the outputs tell it, and the summary of what went before them. */
const ended = (input: ReadonlyArray<Item>): number =>
  input.reduce((known, item) => {
    const told = isFunctionCallOutput(item) ? item.call_id.slice(1) : /The last call was (\d+)/.exec(text(item))?.[1]
    return told === undefined ? known : Math.max(known, Number(told) + 1)
  }, 0)

/**
 * Calls one after the other, once two in one response, and an answer: what comes next follows from the request. On the
 * way the conversation is compacted, by a summary.
 */
const script: Script = ({ input }) => {
  const n = ended(input)
  if (text(input.at(-1) ?? Scripts.say("")) === summarize) {
    return Scripts.answer(Scripts.say(`The last call was ${n - 1}.`))
  }
  if (n === calls) return Scripts.answer(Scripts.say("All done."))
  return n === 2 ? Scripts.answer(call(2), call(3)) : Scripts.answer(call(n))
}

const setup = Effect.gen(function*() {
  const here = yield* machine(script, { context: { window } })
  const { file, fs, home, path, run, start } = here
  const folder = (name: string) => Effect.as(fs.makeDirectory(file(name)), file(name))
  // The first start of a home compiles the program, and is longer than those that follow.
  yield* run(["run", "--json", "-C", yield* folder("first"), "Count"])
  const whole = yield* run(["run", "--json", "-C", yield* folder("whole"), "Count"])
  assert.strictEqual(whole.code, 0)
  assert.include(whole.stdout, "compaction.completed")
  const length = lines(whole.stdout).length

  /** Kills a turn at the n-th of so many moments, and resumes it; `undefined` if it had not begun, or was over. */
  const killed = Effect.fnUntraced(function*(n: number, of: number, resume: typeof run = run) {
    const place = yield* folder(`killed-${n}`)
    const { child, output, result } = yield* start(["run", "--json", "-C", place, "Count"])
    // However fast the machine is: so far in the turn, and then somewhere in what comes next.
    const told = Math.floor(length * n / of)
    yield* eventually(
      `${told} lines are told`,
      () => output().stdout.split("\n").length > told || child.exitCode !== null
    )
    yield* Effect.sleep(7 * (n % 6))
    child.kill("SIGKILL")
    const whole = (yield* result).stdout.split("\n").slice(0, -1).join("\n")
    const before = lines(whole)
    const id = before[0]?.["thread_id"]
    if (id === undefined) return undefined
    const log = fs.readFileString(path.join(home, "sessions", String(id), "log.ndjson"))
    const left = yield* log
    if (!left.includes("\"_tag\":\"TurnStarted\"") || left.includes("\"_tag\":\"TurnCompleted\"")) return undefined
    const { code, stderr, stdout } = yield* resume(["resume", String(id), "--json"])
    return {
      stderr,
      steps: lines(stdout).filter(({ type }) => type === "usage").length,
      violations: judge({
        code,
        told: before,
        resumed: lines(stdout),
        left,
        log: yield* log,
        witness: yield* Effect.orElseSucceed(fs.readFileString(path.join(place, "done.txt")), () => "")
      })
    }
  }, Effect.scoped)
  return { ...here, killed }
})

interface Evidence {
  readonly code: number | null
  /** The lines before the kill, and those of the process that has resumed the turn. */
  readonly told: ReadonlyArray<Line>
  readonly resumed: ReadonlyArray<Line>
  /** The log after the kill, and at the end. */
  readonly left: string
  readonly log: string
  /** What the calls have left outside of it. */
  readonly witness: string
}

interface Event {
  readonly _tag: string
  readonly call?: { readonly call_id: string }
  readonly status?: string
  readonly output?: unknown
}

/** Which promises were broken. */
const judge = ({ code, left, log, resumed, told, witness }: Evidence): ReadonlyArray<string> => {
  const stored = (text: string) =>
    lines(text.slice(0, text.lastIndexOf("\n") + 1)).map(({ event, key, seq }) => ({ key, seq, event: event as Event }))
  const broken: Array<string> = []
  const expect = (what: string, isSo: boolean) => {
    if (!isSo) broken.push(what)
  }
  const [atKill, atEnd] = [stored(left), stored(log)]
  for (const { item, seq, type } of told) {
    if (type === "compaction.completed") {
      expect("a compaction that was told is lost", atKill.some(({ event }) => event._tag === "Compacted"))
    }
    if (item?.type !== "tool_call" || type === "item.updated") continue
    const tag = type === "item.started" ? "ToolStarted" : "ToolEnded"
    expect("an acknowledged event is lost", atKill.some((one) => one.seq === seq && one.event._tag === tag))
  }
  expect("the conversation was not compacted", atEnd.some(({ event }) => event._tag === "Compacted"))
  expect("a step is there twice", new Set(atEnd.map(({ key }) => key)).size === atEnd.length)
  expect("the log was rewritten", log.startsWith(left.slice(0, left.lastIndexOf("\n") + 1)))
  const ran = witness.split("\n").filter((line) => line !== "")
  expect("a call ran twice", new Set(ran).size === ran.length)
  const done = atEnd.filter(({ event }) => event._tag === "ToolEnded")
  expect("a call has not ended once", new Set(done.map(({ event }) => event.call?.call_id)).size === calls)
  expect("a call has ended twice", done.length === calls)
  const lost = done.filter(({ event }) => event.output === Conversation.unknownOutcome)
  expect("more than the calls that ran side by side are unknown", lost.length <= 2)
  for (const { event } of done) {
    const n = event.call?.call_id.slice(1) ?? ""
    if (event.status === "completed") expect("a call that is said to have run has not", ran.includes(n))
  }
  const ends = atEnd.filter(({ event }) => /^Turn(?:Completed|Failed|Interrupted|Limited)$/.test(event._tag))
  expect(
    `the turn has not one end in the log: ${JSON.stringify(ends)}`,
    ends.length === 1 && ends[0]?.event._tag === "TurnCompleted"
  )
  const terminal = resumed.filter(({ type }) => /^turn\.(?!started)/.test(type)).map(({ type }) => type)
  expect("the turn has not one last line", terminal.join() === "turn.completed")
  expect("the last line is not the last", resumed.at(-1)?.type.startsWith("turn.") === true)
  expect("the exit code is not 0", code === 0)
  return broken
}

/** The program with a journal in which nothing is ever found. */
const forgetful = Effect.promise(async () => {
  const dir = fileURLToPath(new URL("../../node_modules/.cache/effixir-forgetful", import.meta.url))
  const lookup = "    lookup,\n"
  const store = fileURLToPath(new URL("../../src/session/Session.ts", import.meta.url))
  assert.include(readFileSync(store, "utf8"), lookup)
  const { output, ...input } = bundle as { readonly output: object }
  const built = await rolldown({
    ...input,
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    plugins: [{
      name: "forgetful",
      transform: (code, id) =>
        id === store ? code.replace(lookup, "    lookup: () => Effect.succeed(Option.none()),\n") : null
    }]
  })
  await built.write({ ...output, dir })
  await built.close()
  writeFileSync(`${dir}/package.json`, "{\"type\":\"commonjs\"}")
  return `${dir}/effixir.js`
})

describe("kill -9", () => {
  it.scopedLive(
    "at growing moments of a turn: each is resumed to its end, nothing told is lost, and no call runs twice",
    () =>
      Effect.gen(function*() {
        const { killed } = yield* setup
        const left: Array<number> = []
        for (let n = 0; n < kills; n++) {
          const found = yield* killed(n, kills)
          if (found === undefined) continue
          assert.deepStrictEqual(found.violations, [], `kill ${n}: ${found.stderr}`)
          left.push(found.steps)
        }
        // The kills came at different steps.
        assert.isAbove(new Set(left).size, 2, `${left.length} kills, steps left: ${left.join(" ")}`)
      }).pipe(Effect.provide(platform)),
    600_000 + kills * 5_000
  )

  it.scopedLive(
    "is found to repeat calls by the same judge where the journal is not looked at",
    () =>
      Effect.gen(function*() {
        const { killed, run } = yield* setup
        const program = yield* forgetful
        const resume: typeof run = (args, how) =>
          run(args, { ...how, through: ["sh", "-c", `node="$1"; shift 2; exec "$node" "${program}" "$@"`, "sh"] })
        const broken = new Set<string>()
        for (const n of [8, 11, 14]) {
          const found = yield* killed(n, 20, resume)
          for (const violation of found?.violations ?? []) broken.add(violation)
        }
        assert.include([...broken], "a call ran twice")
      }).pipe(Effect.provide(platform)),
    600_000
  )
})
