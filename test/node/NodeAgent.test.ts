import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { Agent } from "../../src/agent/Agent.ts"
import * as AgentEvent from "../../src/agent/AgentEvent.ts"
import { Credentials } from "../../src/auth/Credentials.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import * as NodeAgent from "../../src/node/NodeAgent.ts"
import { Models } from "../../src/responses/account/Models.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import { CommandNotStarted, CommandRunner } from "../../src/tools/command/CommandRunner.ts"
import * as Approver from "../../src/tools/permission/Approver.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layer as platform, makeFolder, names } from "./support.ts"

/** A machine of its own: what the stack reads of the environment, and nothing of the one that runs the tests. */
const environment = (home: string, more: Record<string, string> = {}) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries({ EFFIXIR_HOME: home, ...more }))))

const withFolders = <A, E, R>(
  body: (folders: { readonly home: string; readonly workspace: string }) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const home = yield* makeFolder
    const workspace = yield* makeFolder
    return yield* body({ home, workspace })
  }).pipe(Effect.scoped, Effect.provide(platform))

const prompt = (words: string) =>
  Effect.gen(function*() {
    const { run } = yield* Agent
    return yield* AgentEvent.answer(run(yield* SessionStore.makeId, words))
  })

const says = (...turns: ReadonlyArray<Script.Turn>) => ScriptedResponses.layer(Script.fromTurns(turns))

class Database extends Context.Tag("test/Database")<Database, { readonly count: Effect.Effect<number> }>() {}

const counting = Tool.make({
  name: "count_rows",
  description: "How many rows there are",
  parameters: Schema.Struct({}),
  success: Schema.Number,
  handler: () => Effect.flatMap(Database, ({ count }) => count)
})

const outputs = Effect.map(ScriptedResponses.ScriptedResponses, ({ requests }) => requests).pipe(
  Effect.flatten,
  Effect.map((all) =>
    all.flatMap(({ input }) => input).filter(({ type }) => type === "function_call_output").map(({ output }) => output)
  )
)

describe("The assembled stack", () => {
  it.effect("takes tools that need what it does not have, and asks for that", () =>
    withFolders(({ home, workspace }) => {
      const model = says(Script.answer(Script.call("count_rows", {})), Script.answer(Script.say("Seven.")))
      const open = NodeAgent.layer({ workspace, model: "gpt-5.5", toolkit: Toolkit.make(counting), parts: model })
      // @ts-expect-error The database is missing.
      const closed: Layer.Layer<Agent, unknown> = open
      assert.isDefined(closed)
      return Effect.gen(function*() {
        assert.strictEqual(yield* prompt("How many rows?"), "Seven.")
        assert.deepStrictEqual(yield* outputs, ["7"])
      }).pipe(Effect.provide(
        open.pipe(
          Layer.provideMerge(model),
          Layer.provide(Layer.succeed(Database, { count: Effect.succeed(7) })),
          Layer.provide(environment(home))
        )
      ))
    }))

  it.effect("keeps credentials where the host keeps them, and writes none of its own", () =>
    withFolders(({ home, workspace }) => {
      const vault = CredentialStore.layerMemory({ kind: "api_key", api_key: Redacted.make("sk-of-the-vault") })
      return Effect.gen(function*() {
        const { selected } = yield* Credentials
        const { credential } = yield* selected
        assert.strictEqual(credential.kind === "api_key" && Redacted.value(credential.api_key), "sk-of-the-vault")
        const { clear } = yield* CredentialStore.CredentialStore
        yield* clear
        assert.isFalse((yield* names(home)).includes("auth.json"))
        assert.isTrue(Option.isNone(yield* Effect.option(selected)))
      }).pipe(Effect.provide(
        NodeAgent.layer({ workspace, model: "gpt-5.5", parts: vault }).pipe(Layer.provide(environment(home)))
      ))
    }))

  it.effect("keeps sessions where the host keeps them", () =>
    withFolders(({ home, workspace }) => {
      const parts = Layer.merge(says(Script.answer(Script.say("Yes."))), SessionStore.layerMemory)
      return Effect.gen(function*() {
        yield* prompt("Are you there?")
        const { list } = yield* SessionStore.SessionStore
        assert.strictEqual((yield* list).length, 1)
        assert.isFalse((yield* names(home)).includes("sessions"))
      }).pipe(Effect.provide(
        NodeAgent.layer({ workspace, model: "gpt-5.5", parts }).pipe(Layer.provide(environment(home)))
      ))
    }))

  it.effect("reaches every server by the client of the host", () =>
    withFolders(({ home, workspace }) =>
      Effect.gen(function*() {
        const asked = yield* Ref.make<ReadonlyArray<string>>([])
        const client = Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make((request, { pathname }) =>
            Ref.update(asked, (all) => [...all, pathname]).pipe(
              Effect.as(
                HttpClientResponse.fromWeb(request, Response.json({ error: { message: "No." } }, { status: 400 }))
              )
            )
          )
        )
        yield* Effect.gen(function*() {
          yield* Effect.exit(prompt("Are you there?"))
          yield* Effect.flatMap(Models, ({ list }) => list({ refresh: true }))
        }).pipe(Effect.provide(
          NodeAgent.layer({ workspace, model: "gpt-5.5", parts: client }).pipe(
            Layer.provide(environment(home, { OPENAI_API_KEY: "sk-test" }))
          )
        ))
        assert.deepStrictEqual([...new Set(yield* Ref.get(asked))].toSorted(), ["/v1/models", "/v1/responses"])
      })
    ))

  it.effect("runs commands by the runner of the host, and lets the host decide what runs", () =>
    withFolders(({ home, workspace }) =>
      Effect.gen(function*() {
        const decided = yield* Ref.make<ReadonlyArray<string>>([])
        const model = says(
          Script.answer(Script.call("bash", { command: "echo one" })),
          Script.answer(Script.call("bash", { command: "echo two" })),
          Script.answer(Script.say("Done."))
        )
        const runner = Layer.succeed(CommandRunner, {
          start: (command) => new CommandNotStarted({ problem: `${command} would run elsewhere` }),
          environment: Effect.succeed({})
        })
        const permission = Layer.succeed(Permission.Permission, {
          decide: ({ describe }) =>
            Effect.as(
              Ref.update(decided, (all) => [...all, describe]),
              describe.includes("two")
                ? { _tag: "Deny" as const, rule: "the host's", reason: "two is one too many" }
                : { _tag: "Allow" as const, rule: "the host's", isRoutine: true }
            ),
          remember: () => Effect.void
        })
        const parts = Layer.mergeAll(model, runner, permission)
        const said = yield* Effect.zipRight(prompt("Go"), outputs).pipe(Effect.provide(
          NodeAgent.layer({ workspace, model: "gpt-5.5", parts }).pipe(
            Layer.provideMerge(model),
            Layer.provide(environment(home))
          )
        ))
        assert.strictEqual((yield* Ref.get(decided)).length, 2)
        assert.include(String(said[0]), "echo one would run elsewhere")
        assert.include(String(said[said.length - 1]), "two is one too many")
      })
    ))

  it.effect("has one home, however often it is built", () =>
    withFolders(({ home, workspace }) =>
      Effect.gen(function*() {
        const [map, scope] = [yield* Layer.makeMemoMap, yield* Effect.scope]
        const build = (model: string) => Layer.buildWithMemoMap(NodeAgent.layer({ workspace, model }), map, scope)
        const [one, two] = [yield* build("gpt-5.5"), yield* build("gpt-6-luna")]
        assert.strictEqual(Context.get(one, Credentials), Context.get(two, Credentials))
        assert.notStrictEqual(Context.get(one, Agent), Context.get(two, Agent))
      }).pipe(Effect.scoped, Effect.provide(environment(home)))
    ))

  it.effect.each([["as an option", true], ["as a part", false]] as const)(
    "asks the approver that it was given %s",
    ([, isOption]) =>
      withFolders(({ home, workspace }) =>
        Effect.gen(function*() {
          const asked = yield* Ref.make<ReadonlyArray<string>>([])
          const ask = ({ tool }: Approver.Question) =>
            Effect.as(
              Ref.update(asked, (all) => [...all, tool]),
              Option.some<Approver.Answer>({ _tag: "Once" })
            )
          const model = says(
            Script.answer(Script.call("write", { path: "a.txt", content: "a" })),
            Script.answer(Script.say("Written."))
          )
          const common = { workspace, model: "gpt-5.5", permission: "ask" } as const
          const stack = isOption
            ? NodeAgent.layer({ ...common, parts: model, approver: { ask } })
            : NodeAgent.layer({ ...common, parts: Layer.merge(model, Approver.layer(ask)) })
          yield* Effect.provide(Effect.asVoid(prompt("Go")), Layer.provide(stack, environment(home)))
          assert.deepStrictEqual(yield* Ref.get(asked), ["write"])
          assert.deepStrictEqual(yield* names(workspace), ["a.txt"])
        })
      )
  )

  it.effect("passes over no setting: a mode beside a Permission of the host is an error", () =>
    withFolders(({ home, workspace }) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Layer.build(
          NodeAgent.layer({
            workspace,
            permission: "ask",
            parts: Layer.succeed(Permission.Permission, {
              decide: () => Effect.succeed({ _tag: "Allow", rule: "", isRoutine: true }),
              remember: () => Effect.void
            })
          }).pipe(Layer.provide(environment(home)))
        ))
        assert.include(String(error), "permission in the options of the layer cannot be used")
      }).pipe(Effect.scoped)
    ))

  it.effect("passes over no approver: one beside an Approver of the host is an error", () =>
    withFolders(({ home, workspace }) =>
      Effect.gen(function*() {
        const ask = () => Effect.succeedSome(Approver.once)
        const stack = NodeAgent.layer({ workspace, approver: { ask }, parts: Layer.merge(says(), Approver.layer(ask)) })
        const error = yield* Effect.flip(Layer.build(Layer.provide(stack, environment(home))))
        assert.include(String(error), "approver in the options of the layer cannot be used")
      }).pipe(Effect.scoped)
    ))

  it("refuses a layer that has no part of it", () => {
    const strange = Layer.succeed(Database, { count: Effect.succeed(7) })
    // @ts-expect-error A database is no part of the stack, and would be ignored.
    assert.isDefined(NodeAgent.layer({ workspace: ".", parts: strange }))
  })
})

describe("A tool with what it needs", () => {
  it.effect("keeps it, whatever it gets later", () =>
    Effect.gen(function*() {
      const given = Toolkit.provide(Toolkit.make(counting), Context.make(Database, { count: Effect.succeed(7) }))
      const [tool] = given.tools.values()
      const call = { callId: "call_1", sessionId: "s", progress: () => Effect.void }
      const result = yield* Effect.provideService(tool?.call({}, call) ?? Effect.dieMessage("none"), Database, {
        count: Effect.succeed(8)
      })
      assert.strictEqual(result.output, "7")
    }))
})
