/** The assembled agent with parts of a host's own: its vault keeps the credential, and sessions stay in memory. */
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { Agent, AgentEvent, CredentialStore, SessionStore } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

/** A vault that holds one text, encrypted and shared in real life. */
const Vault = Layer.effect(
  CredentialStore.CredentialStore,
  Effect.gen(function*() {
    const api_key = Redacted.value(yield* Config.redacted("VAULT_KEY"))
    const secret = yield* Ref.make(Option.some(JSON.stringify({ kind: "api_key", api_key })))
    const lock = yield* Effect.makeSemaphore(1)
    return CredentialStore.makeEncoded({
      location: "the vault",
      read: Ref.get(secret),
      reserve: Effect.succeed((text) => Ref.set(secret, Option.some(text))),
      remove: Ref.set(secret, Option.none()),
      alone: (change) => lock.withPermits(1)(Effect.uninterruptible(change))
    })
  })
)

const AgentLive = NodeAgent.layer({
  workspace: ".",
  model: "gpt-6.2-sol",
  parts: Layer.merge(Vault, SessionStore.layerMemory)
})

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  yield* Console.log(yield* AgentEvent.answer(agent.run(session, "Say hello")))
})

await Effect.runPromise(Effect.provide(program, AgentLive))
