/** An agent of one's own for editors: what it can do is `Conversations`, and the rest is the protocol. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Readable, Writable } from "node:stream"
import { AcpAgent, type Conversations } from "../src/acp/index.ts"

export const serve = <E, R>(conversations: Layer.Layer<Conversations.Conversations, E, R>) =>
  AcpAgent.serve(
    Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    Writable.toWeb(process.stdout)
  ).pipe(Effect.scoped, Effect.provide(conversations))
