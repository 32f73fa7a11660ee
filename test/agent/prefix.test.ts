import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import * as Agent from "../../src/agent/Agent.ts"
import * as Inbox from "../../src/agent/Inbox.ts"
import { apiKey } from "../../src/auth/Credential.ts"
import * as Host from "../../src/auth/Host.ts"
import * as ModelProfile from "../../src/responses/account/ModelProfile.ts"
import * as Body from "../../src/responses/Body.ts"
import type { Item } from "../../src/responses/Item.ts"
import type { Request } from "../../src/responses/Request.ts"
import { Responses } from "../../src/responses/Responses.ts"
import type { Stored } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { chatGpt, subscription } from "../auth/tokens.ts"
import { forAll } from "../forAll.ts"
import { echo } from "./support.ts"

const model = "gpt-6.2-sol"
const addresses = { chatgptBaseUrl: "https://chatgpt.com/backend-api/codex", apiBaseUrl: "https://api.openai.com/v1" }
const hosts = [
  ["the Codex host", subscription({ accountId: "acct-1" })],
  ["the API, with a plan", chatGpt()],
  ["the API, with a key", apiKey(Redacted.make("sk-1"))]
] as const

/** A request as it goes out to a host. */
const bodyOf = (request: Request, wire: Host.Wire): Body.Body => {
  const profile = ModelProfile.profileOf(model)
  return JSON.parse(JSON.stringify(Body.encode(ModelProfile.fit(request, profile), profile, wire)))
}

/** What the model says to one request. Odd things stand in items that are sent back: they have to stay as they are. */
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.constant("\uD800"), fc.constant("fail"))
const odd = fc.record({ "1": fc.double(), z: fc.jsonValue(), ["__proto__"]: fc.jsonValue() }, { requiredKeys: [] })
const items = fc.record({
  isThinking: fc.boolean(),
  remark: fc.option(text),
  calls: fc.array(fc.record({ text: fc.oneof(text, fc.constant("x".repeat(120_000))), isBroken: fc.boolean() }), {
    maxLength: 3
  }),
  odd
})

type Items = typeof items extends fc.Arbitrary<infer A> ? A : never

const itemsOf = ({ calls, isThinking, odd, remark }: Items): ReadonlyArray<Item> => [
  ...isThinking ? [{ ...Script.think("Hm."), ...odd }] : [],
  ...remark === null ? [] : [Script.say(remark, { phase: "commentary" })],
  ...calls.map(({ isBroken, text }) =>
    isBroken ? { ...Script.call("echo", "{\"text\":"), ...odd } : Script.call("echo", { text })
  )
]

const ends = {
  answer: Script.answer(Script.say("Done.")),
  refusal: Script.refuse(400, { error: { message: "No.", code: "invalid_value" } }),
  short: Script.incomplete("max_output_tokens", Script.think("Hm."), Script.call("echo", { text: "cut" })),
  lost: Script.fail({ code: "server_error", message: "Oops." })
}

const deed = fc.record({
  kind: fc.constantFrom("run", "resume"),
  effort: fc.constantFrom<string | undefined>(undefined, "low", "high", "max"),
  steps: fc.array(items, { maxLength: 3 }),
  end: fc.constantFrom(...Object.keys(ends) as Array<keyof typeof ends>),
  limit: fc.option(fc.integer({ min: 1, max: 2 })),
  steer: fc.option(text),
  /** After how many events nobody listens any more. */
  heard: fc.option(fc.integer({ min: 1, max: 20 })),
  /** How much of what was written after the last request a crash leaves. */
  crash: fc.option(fc.double({ min: 0, max: 1, noNaN: true }))
})

type Deed = typeof deed extends fc.Arbitrary<infer A> ? A : never

interface Session {
  readonly log: ReadonlyArray<Stored>
  readonly sent: ReadonlyArray<Request>
}

/** A process of its own does it: what is known of the session is what its log says. */
const act = (before: Session, deed: Deed) =>
  Effect.gen(function*() {
    const sent = [...before.sent]
    let logged = before.log.length
    const script: Script.Script = (_, n) => {
      const step = deed.steps[n]
      return step === undefined ? ends[deed.end] : Script.answer(...itemsOf(step))
    }
    const store = Layer.effect(
      SessionStore.SessionStore,
      Effect.gen(function*() {
        const store = yield* SessionStore.makeMemory
        const session = yield* store.open("s")
        for (const { event, key } of before.log) yield* session.append(key, event)
        return store
      }).pipe(Effect.scoped, Effect.orDie)
    )
    const listening = Layer.effect(
      Responses,
      Effect.gen(function*() {
        const { account, stream } = yield* Responses
        const { read } = yield* SessionStore.SessionStore
        return {
          account,
          stream: (request: Request) =>
            Stream.unwrap(Effect.map(Effect.orDie(read("s")), (log) => {
              sent.push(request)
              logged = log.length
              return stream(request)
            }))
        }
      })
    )
    const inbox = yield* Inbox.make(4)
    if (deed.steer !== null) yield* Effect.ignore(inbox.steer(deed.steer))
    const options: Agent.RunOptions = {
      inbox,
      reasoning: deed.effort === undefined ? undefined : { effort: deed.effort },
      limits: deed.limit === null ? {} : { steps: deed.limit }
    }
    const log = yield* Effect.gen(function*() {
      const agent = yield* Agent.Agent
      const events = deed.kind === "run" ? agent.run("s", "Go on", options) : agent.resume("s", options)
      yield* Effect.ignore(Stream.runDrain(deed.heard === null ? events : Stream.take(events, deed.heard)))
      // One that goes on with nothing begins nothing.
      return yield* Effect.orElseSucceed((yield* SessionStore.SessionStore).read("s"), () => [])
    }).pipe(
      Effect.provide(
        Agent.layer({ model, instructions: "Be brief." }).pipe(
          Layer.provide([ToolExecutor.layer(Toolkit.make(echo)), Permission.layerAllowAll]),
          Layer.provide(listening),
          Layer.provide(ScriptedResponses.layer(script)),
          Layer.provideMerge(store)
        )
      ),
      Effect.orDie
    )
    // A log is read from a disk.
    const kept = deed.crash === null ? log.length : logged + Math.round((log.length - logged) * deed.crash)
    return { log: log.slice(0, kept), sent }
  })

describe("What was sent once", () => {
  it.effect("is sent the same ever after, whatever becomes of a session", () =>
    Effect.gen(function*() {
      const compared = yield* Ref.make(0)
      yield* forAll(fc.array(deed, { minLength: 2, maxLength: 5 }), (deeds) =>
        Effect.gen(function*() {
          const { sent } = yield* Effect.reduce(deeds, { log: [], sent: [] }, act)
          for (const [, credential] of hosts) {
            const bodies = sent.map((request) => bodyOf(request, Host.of(credential).wire(addresses)))
            for (const [index, next] of bodies.slice(1).entries()) {
              const { input = [], ...fields } = bodies[index] ?? {}
              const { input: longer, ...others } = next
              assert.deepStrictEqual(
                longer.slice(0, input.length).map((item) => JSON.stringify(item)),
                input.map((item) => JSON.stringify(item))
              )
              // Where the conversation may say it, nothing else of the request says how hard to think.
              if (credential.kind !== "chatgpt") assert.deepStrictEqual(others, fields)
              yield* Ref.update(compared, (n) => n + 1)
            }
          }
        }))
      assert.isAbove(yield* Ref.get(compared), 100)
    }))

  it.effect("has every effort where it was chosen, or says the last one beside the conversation", () =>
    Effect.gen(function*() {
      const quiet: Omit<Deed, "effort"> = {
        kind: "run",
        steps: [],
        end: "answer",
        limit: null,
        steer: null,
        heard: null,
        crash: null
      }
      const efforts = ["low", "high", undefined, "high", "ultra"]
      const { log, sent } = yield* Effect.reduce(
        efforts.map((effort): Deed => ({ ...quiet, effort })),
        { log: [], sent: [] },
        act
      )
      const last = sent.at(-1) ?? assert.fail("nothing was sent")
      const [codex, plan] = hosts.map(([, credential]) => bodyOf(last, Host.of(credential).wire(addresses)))
      assert.deepStrictEqual(codex?.["reasoning"], { effort: "low" })
      assert.deepStrictEqual(
        codex?.input.map((item) => item.type === "message" ? item["role"] : item["reasoning"]),
        [
          "developer",
          "user",
          "assistant",
          { effort: "high" },
          "user",
          "assistant",
          "user",
          "assistant",
          "user",
          "assistant",
          { effort: "max" },
          "user"
        ]
      )
      assert.deepStrictEqual(plan?.["reasoning"], { effort: "max" })
      assert.isFalse(plan?.input.some(({ type }) => type === "configuration_update"))
      const started = log.flatMap(({ event }) => event._tag === "TurnStarted" ? [event.effort] : [])
      assert.deepStrictEqual(started, efforts)
    }))
})
