/**
 * What an agent stands on, for a test of it: a model that follows a script, sessions in memory, a decision about each call,
 * and a clock that the test sets. Put it under the layer of your agent.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as TestContext from "effect/TestContext"
import { Agent } from "../agent/Agent.ts"
import type { AgentError } from "../agent/AgentError.ts"
import * as AgentEvent from "../agent/AgentEvent.ts"
import type { Responses } from "../responses/Responses.ts"
import * as SessionStore from "../session/SessionStore.ts"
import * as Approver from "../tools/permission/Approver.ts"
import * as Grants from "../tools/permission/Grants.ts"
import * as Permission from "../tools/permission/Permission.ts"
import * as Script from "./Script.ts"
import * as ScriptedResponses from "./ScriptedResponses.ts"
import * as SentRequests from "./SentRequests.ts"

/** @since 0.1.0 @category services */
export class TestAgent extends Context.Tag("effixir/testing/TestAgent")<TestAgent, {
  /** What the model was asked so far. */
  readonly requests: Effect.Effect<SentRequests.SentRequests>
  /** What the approver was asked so far, the oldest first. */
  readonly questions: Effect.Effect<ReadonlyArray<Approver.Question>>
  /** How many turns of the script have not been played; 0 at the end of most tests. */
  readonly left: Effect.Effect<number>
}>() {}

/** @since 0.1.0 @category models */
export interface Options {
  /**
   * What the model does, in order. A turn may be a function of its request that throws where that is not the expected
   * one. One call more than there are turns is a defect, and fails the test.
   */
  readonly script: ReadonlyArray<Script.Step>
  /**
   * What is answered when a call would run: with it each call of a tool is asked about, and a question more than there
   * are answers is a defect. Without it every call runs.
   */
  readonly answers?: ReadonlyArray<Approver.Answer>
  /** How the model differs from the usual one. */
  readonly model?: ScriptedResponses.Options
}

/** @since 0.1.0 @category models */
export type Services =
  | TestAgent
  | ScriptedResponses.ScriptedResponses
  | Responses
  | SessionStore.SessionStore
  | Permission.Permission

/**
 * All that `Agent.layer` needs beside its tools, for one test: `MyAgent.pipe(Layer.provideMerge(TestAgent.layer({ script })))`.
 * Time stands still until the test moves it by `TestClock.adjust`.
 *
 * @example
 * ```ts
 * import { assert, it } from "@effect/vitest"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Agent, ToolExecutor, Toolkit } from "effixir"
 * import { Script, TestAgent } from "effixir/testing"
 *
 * const Greeter = Agent.layer({ model: "gpt-6.2-sol", instructions: "Greet." }).pipe(
 *   Layer.provide(ToolExecutor.layer(Toolkit.empty))
 * )
 *
 * it.effect("greets", () =>
 *   Effect.gen(function*() {
 *     assert.strictEqual(yield* TestAgent.ask("Hello?"), "Hello!")
 *     const { requests } = yield* TestAgent.TestAgent
 *     assert.deepStrictEqual((yield* requests).last.userTexts, ["Hello?"])
 *   }).pipe(Effect.provide(Layer.provideMerge(Greeter, TestAgent.layer({ script: [Script.answer(Script.say("Hello!"))] })))))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = ({ answers, model, script }: Options): Layer.Layer<Services> =>
  Layer.effectContext(Effect.gen(function*() {
    const questions = yield* Ref.make<ReadonlyArray<Approver.Question>>([])
    const scripted = yield* ScriptedResponses.make(Script.fromTurns(script), model)
    const { calls, requests } = Context.get(scripted, ScriptedResponses.ScriptedResponses)
    return scripted.pipe(
      Context.add(TestAgent, {
        requests: Effect.map(requests, SentRequests.make),
        questions: Ref.get(questions),
        left: Effect.map(calls, (calls) => Math.max(0, script.length - calls))
      }),
      Context.add(Approver.Approver, answering(answers ?? [], questions))
    )
  })).pipe(
    Layer.merge(SessionStore.layerMemory),
    Layer.merge(answers === undefined ? Permission.layerAllowAll : layerAskAlways),
    Layer.provideMerge(TestContext.TestContext)
  )

const answering = (
  answers: ReadonlyArray<Approver.Answer>,
  questions: Ref.Ref<ReadonlyArray<Approver.Question>>
): Approver.Asking => ({
  ask: (question) =>
    Effect.flatMap(Ref.getAndUpdate(questions, (asked) => [...asked, question]), (asked) => {
      const answer = answers[asked.length]
      return answer === undefined
        ? Effect.dieMessage(`There are ${answers.length} answers, and one more was asked for: ${question.text}`)
        : Effect.succeed(Option.some(answer))
    })
})

const layerAskAlways = Layer.succeed(Permission.Permission, {
  decide: ({ describe, tool }) =>
    Effect.succeed<Permission.Decision>({
      _tag: "Ask",
      rule: "the test asks",
      isByMode: true,
      question: describe,
      reason: undefined,
      scopes: Grants.ofTool(tool)
    }),
  remember: () => Effect.void
})

/**
 * The answer of the agent to one input, in a new session.
 *
 * @since 0.1.0
 * @category running
 */
export const ask = (input: string): Effect.Effect<string, AgentError, Agent> =>
  Effect.gen(function*() {
    const agent = yield* Agent
    return yield* AgentEvent.answer(agent.run(yield* SessionStore.makeId, input))
  })
