import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ChatGpt } from "../../src/auth/Credential.ts"
import type { Knobs } from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { anyCallbackPort } from "../callbackPorts.ts"
import { eventually, type Followed, machine } from "./support.ts"

type Ports = typeof anyCallbackPort

export const tokenPath = "/api/accounts/oauth/token"

/** A machine on which nobody is signed in, and a person who agrees to everything at the browser. */
export const fresh = Effect.fnUntraced(function*(knobs: Partial<Knobs> = {}, ports: Ports = anyCallbackPort) {
  yield* ports
  const here = yield* machine(() => Script.answer(Script.say("Hello!")), { signedIn: false, autoApprove: true, knobs })
  const { fs, home, path, simulator } = here
  const read = (name: string) =>
    Effect.map(fs.readFileString(path.join(home, name)), (text): unknown => JSON.parse(text))
  return {
    ...here,
    stored: Effect.flatMap(read("auth.json"), Schema.decodeUnknown(ChatGpt)),
    clients: Effect.map(
      Effect.flatMap(read("registrations.json"), Schema.decodeUnknown(Clients)),
      ({ registrations }) => registrations.map(({ client_id }) => client_id)
    ),
    hostId: Effect.map(
      Effect.flatMap(read("host.json"), Schema.decodeUnknown(Host)),
      ({ ext_agent_host_id }) => ext_agent_host_id
    ),
    count: (of: string) =>
      Effect.map(simulator.requests, (requests) => requests.filter(({ path }) => path === of).length)
  }
})

const Clients = Schema.Struct({ registrations: Schema.Array(Schema.Struct({ client_id: Schema.String })) })
const Host = Schema.Struct({ ext_agent_host_id: Schema.String })

/** The same, and somebody has signed in, to a server that takes no refresh for too early unless it is told to. */
export const signedIn = Effect.fnUntraced(function*(knobs: Partial<Knobs> = {}) {
  const here = yield* fresh({ earliest: knobs.earliest ?? "none" })
  const { output, result } = yield* here.follow(["login", "--chatgpt"])
  yield* visit(yield* urlOf(output))
  assert.strictEqual((yield* result).code, 0)
  yield* here.simulator.turn(knobs)
  const change = Effect.fnUntraced(function*(fields: object) {
    const json: object = JSON.parse(yield* here.fs.readFileString(here.auth))
    yield* here.fs.writeFileString(here.auth, JSON.stringify({ ...json, ...fields }))
  })
  return { ...here, change, expire: change({ expires_at: 1 }) }
})

/** The address that a sign-in shows, once it does. */
export const urlOf = (output: Followed["output"]) => {
  const find = () => /http\S+\/authorize\?\S+/.exec(output().stderr + output().stdout)?.[0]
  return Effect.map(
    eventually("the address is shown", () => find() !== undefined),
    () => (find() ?? "").replace(/".*/, "")
  )
}

/** The browser goes there and comes back, if somebody still waits for it. */
export const visit = (url: string) =>
  Effect.promise(() => fetch(url).then((response) => response.text(), () => "nobody there"))

/** Where the browser is sent when the person has agreed. */
export const answerOf = (url: string) =>
  Effect.promise(async () => (await fetch(url, { redirect: "manual" })).headers.get("location") ?? "")
