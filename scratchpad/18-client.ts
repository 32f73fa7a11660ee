/** Asks a server: `tsx scratchpad/18-client.ts URL TOKEN`, with what `effixir serve` prints. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { Client } from "../src/client/index.ts"

const [baseUrl = "", secret = ""] = process.argv.slice(2)
const token = Redacted.make(secret)

const program = Effect.gen(function*() {
  const client = yield* Client.make({ baseUrl, token })
  const { session_id: session } = yield* client.sessions.create({ payload: {} })
  yield* client.turns.start({ path: { session }, payload: { input: "Say hello" } })
  yield* Stream.runForEach(client.follow(session), ({ line }) => Console.log(line))
})

Effect.runFork(Effect.provide(program, FetchHttpClient.layer))
