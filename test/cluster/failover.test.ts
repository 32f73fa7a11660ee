import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Conversation from "../../src/prompts/Conversation.ts"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { eventually } from "../cli/support.ts"
import { hasPostgres } from "./databases.ts"
import * as Machines from "./machines.ts"

const calls = 4

/** Each call leaves lines outside of the log: a witness of what has run, and where. The second one takes its time. */
const command = (witness: string, n: number) =>
  `echo "begin ${n} $RUNNER_NAME" >> ${witness}; sleep ${n === 1 ? 2 : 0}; echo "end ${n}" >> ${witness}`

/** Calls one after the other, and then an answer. What is asked for names the witness. */
const script: Script.Script = ({ input }) => {
  const n = input.filter(isFunctionCallOutput).length
  if (JSON.stringify(input).includes("Wait a little")) {
    return n > 0
      ? Script.answer(Script.say("Waited."))
      : Script.answer(Script.call("wait_until", { time: "3 seconds" }, "wait"))
  }
  const witness = /witness-\w+/.exec(JSON.stringify(input))?.[0] ?? "nobody"
  return n === calls
    ? Script.answer(Script.say("All done."))
    : Script.answer(Script.call("bash", { command: command(witness, n) }, `c${n}`))
}

/** A turn to whose runner something happens in the middle of its second call. */
const turnThat = Effect.fnUntraced(function*(signal: "SIGKILL" | "SIGSTOP" | "SIGTERM") {
  const { bury, linesOf, post, read, simulator, two } = yield* Machines.Machines
  const witness = () => linesOf(`witness-${signal}`)
  const runners = yield* two
  const session = String((yield* post("/v1/sessions", {})).body["session_id"])
  const reader = yield* read(session)
  const start = post(`/v1/sessions/${session}/turns`, { input: `Count for witness-${signal}`, key: "k" })
  const { body: { turn_id: turn }, status } = yield* start
  assert.strictEqual(status, 202)
  yield* eventually("the second call has begun", () => witness().some((line) => line.startsWith("begin 1")))
  const victim = runners.find(({ name }) => witness().includes(`begin 1 ${name}`))
  assert.isDefined(victim)
  // One that comes again by its cursor, and one that stays.
  const before = yield* Effect.scoped(Effect.gen(function*() {
    const { ids } = yield* read(session)
    yield* eventually("the beginning is told", () => ids.length >= 3)
    return ids
  }))
  victim.child.kill(signal)
  const answers: Array<unknown> = []
  const asked = yield* Effect.fork(Effect.repeat(
    Effect.map(start, (answer) => void answers.push([answer.status, answer.body["turn_id"]])),
    Schedule.spaced("200 millis")
  ))
  yield* eventually("the turn has ended", () => reader.ends().length > 0)
  const after = yield* read(session, before.at(-1))
  yield* eventually("the end is told again", () => after.ends().length > 0)
  yield* Fiber.interrupt(asked)
  assert.deepStrictEqual(answers.filter((answer) => JSON.stringify(answer) !== JSON.stringify([202, turn])), [])

  if (signal === "SIGSTOP") {
    victim.child.kill("SIGCONT")
    const next = yield* post(`/v1/sessions/${session}/turns`, { input: `Again for witness-${signal}`, key: "next" })
    assert.strictEqual(next.status, 202, JSON.stringify(next.body))
    yield* eventually("the next turn has ended", () => reader.ends().length > 1)
    yield* eventually("and is told to the other reader", () => after.ends().length > 1)
  }
  const result = signal === "SIGTERM" ? yield* victim.result : undefined
  yield* bury(victim)

  const log = yield* Effect.scoped(Effect.gen(function*() {
    const all = yield* read(session)
    yield* eventually("the log is told", () => all.ends().length === reader.ends().length)
    return all.ids
  }))
  assert.deepStrictEqual(reader.ids, log, "one that stays has seen what the log holds, once and in order")
  assert.deepStrictEqual([...before, ...after.ids], log, "and so has one that came again")
  assert.deepStrictEqual(new Set(reader.ends()), new Set(["turn.completed"]))
  assert.lengthOf(reader.ends(), signal === "SIGSTOP" ? 2 : 1)
  const begun = witness().filter((line) => line.startsWith("begin"))
  assert.deepStrictEqual(begun.map((line) => line.slice(0, 7)), ["begin 0", "begin 1", "begin 2", "begin 3"])
  const heard = JSON.stringify((yield* simulator.requests).at(-1)?.body)
  return { lastBegunBy: begun.at(-1)?.slice(8), heard, victim, result }
})

describe.runIf(hasPostgres)("A turn whose runner", () => {
  // One database and one model for all. `layer` of @effect/vitest would change `it` for every file that comes after this one.
  let life: Scope.CloseableScope
  let machines: Context.Context<Machines.Machines>
  beforeAll(async () => {
    life = await Effect.runPromise(Scope.make())
    machines = await Effect.runPromise(Layer.buildWithScope(Machines.layer(script), life))
  }, 120_000)
  afterAll(() => Effect.runPromise(Scope.close(life, Exit.void)), 120_000)

  const test = <E>(name: string, body: () => Effect.Effect<void, E, Machines.Machines | Scope.Scope>) =>
    it.scopedLive(name, () => Effect.provide(body(), machines))

  test("is killed goes on at another one, and its model hears of the call that was cut", () =>
    Effect.gen(function*() {
      const { heard, lastBegunBy, victim } = yield* turnThat("SIGKILL")
      assert.notStrictEqual(lastBegunBy, victim.name)
      assert.include(heard, Conversation.unknownOutcome)
    }))

  test("hangs goes on at another one, and the first adds nothing when it wakes up", () =>
    Effect.gen(function*() {
      const { heard, lastBegunBy, victim } = yield* turnThat("SIGSTOP")
      assert.notStrictEqual(lastBegunBy, victim.name)
      assert.include(heard, Conversation.unknownOutcome)
    }))

  test("is asked to end ends there, and the runner when the turn has", () =>
    Effect.gen(function*() {
      const { heard, lastBegunBy, result, victim } = yield* turnThat("SIGTERM")
      assert.strictEqual(lastBegunBy, victim.name)
      assert.notInclude(heard, Conversation.unknownOutcome)
      assert.deepInclude(result, { code: 0, stderr: "" })
    }))

  test("waits when all runners die goes on at the next one", () =>
    Effect.gen(function*() {
      const { bury, post, read, two } = yield* Machines.Machines
      const runners = yield* two
      const session = String((yield* post("/v1/sessions", {})).body["session_id"])
      const reader = yield* read(session)
      yield* post(`/v1/sessions/${session}/turns`, { input: "Wait a little" })
      yield* eventually("the call has begun", () => JSON.stringify(reader.seen).includes("wait_until"))
      for (const runner of runners) yield* bury(runner)
      yield* two
      yield* eventually("the turn has ended", () => reader.ends().length > 0)
      assert.deepStrictEqual(reader.ends(), ["turn.completed"])
      assert.include(JSON.stringify(reader.seen), "The time has come.")
    }))

  test("dies with a question asks it again, and hears the answer of another machine that comes meanwhile", () =>
    Effect.gen(function*() {
      const { bury, gateway, linesOf, post, read, runner, two } = yield* Machines.Machines
      for (const before of yield* two) yield* bury(before)
      const [first, other] = yield* Effect.all([runner("ask"), gateway], { concurrency: 2 })
      const session = String((yield* post("/v1/sessions", {})).body["session_id"])
      const reader = yield* read(session)
      // Asked for at both at once, by one key.
      const turn = [`/v1/sessions/${session}/turns`, { input: "Count for witness-asked", key: "k" }] as const
      const started = yield* Effect.all([post(...turn), other.post(...turn)], { concurrency: 2 })
      assert.deepStrictEqual(started.map(({ body, status }) => [status, body["turn_id"]]), [
        [202, "turn-1"],
        [202, "turn-1"]
      ])
      const questions = () =>
        reader.seen.flatMap(({ item, type }) => type === "permission.requested" && item !== undefined ? [item.id] : [])
      yield* eventually("it is asked", () => questions().length > 0)
      yield* runner("ask")
      yield* bury(first)
      for (let call = 0; call < calls; call++) {
        yield* eventually(`call ${call} is asked for`, () => new Set(questions()).size > call)
        const item = [...new Set(questions())][call] ?? ""
        const answered = yield* other.post(`/v1/sessions/${session}/permissions/${item}`, { answer: "yes" })
        assert.strictEqual(answered.status, 202, JSON.stringify(answered.body))
      }
      yield* eventually("the turn has ended", () => reader.ends().length > 0)
      assert.deepStrictEqual(reader.ends(), ["turn.completed"])
      assert.lengthOf(linesOf("witness-asked").filter((line) => line.startsWith("begin")), calls)
    }))
})
