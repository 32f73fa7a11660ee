/** Evals: a table of cases over a Stream, with a score for each and a report. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { Agent, AgentEvent, SessionStore } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

interface Case {
  readonly question: string
  /** From 0, wrong, to 1, right. */
  readonly score: (answer: string) => number
}

const has = (...words: ReadonlyArray<string>) => (answer: string): number =>
  words.filter((word) => answer.includes(word)).length / words.length

const cases: ReadonlyArray<Case> = [
  { question: "What license has the project in this folder?", score: has("MIT") },
  { question: "Which versions of Node does it run on?", score: has("20", "22") },
  { question: "Is there a file named nothing.txt? Say yes or no.", score: has("no") }
]

const evaluate = ({ question, score }: Case) =>
  Effect.gen(function*() {
    const agent = yield* Agent.Agent
    const session = yield* SessionStore.makeId
    const answer = yield* Effect.either(AgentEvent.answer(agent.run(session, question, { limits: { steps: 20 } })))
    return { question, session, score: Either.isRight(answer) ? score(answer.right) : 0 }
  })

const program = Stream.fromIterable(cases).pipe(
  Stream.mapEffect(evaluate, { concurrency: 2 }),
  Stream.tap(({ question, score, session }) => Console.log(`${score.toFixed(2)}  ${question}  (${session})`)),
  Stream.runFold(0, (sum, { score }) => sum + score),
  Effect.flatMap((sum) => Console.log(`${(sum / cases.length).toFixed(2)}  on average`)),
  Effect.provide(NodeAgent.layer({ workspace: ".", model: "gpt-6.2-sol", permission: "read-only" }))
)

await Effect.runPromise(program)
