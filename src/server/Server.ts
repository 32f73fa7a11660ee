/**
 * A server of sessions: the API over whatever HTTP server, store and agents a host has.
 *
 * ```ts
 * const store = EventFeeds.layerStore.pipe(Layer.provideMerge(EventFeeds.layer()), Layer.provide(SessionStore.layerMemory))
 * const agents = ServedAgents.layer.pipe(Layer.provide(agent), Layer.provide(Questions.layerApprover))
 * const server = Server.layer({ token, hosts: ["127.0.0.1"] }).pipe(
 *   Layer.provide(agents),
 *   Layer.provide(store),
 *   Layer.provide(Questions.layer),
 *   Layer.provide(NodeHttpServer.layer(createServer, { port: 8000 }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServer from "@effect/platform/HttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SessionStore } from "../session/SessionStore.ts"
import { Api } from "./Api.ts"
import { EventFeeds } from "./EventFeeds.ts"
import * as Guard from "./Guard.ts"
import * as Handlers from "./Handlers.ts"
import * as Pages from "./Pages.ts"
import type { Questions } from "./Questions.ts"
import type { ServedAgents } from "./ServedAgents.ts"
import * as Turns from "./Turns.ts"

/** @since 0.1.0 @category models */
export interface Options extends Guard.Options, Turns.Options {
  /** How long turns that run may go on when the server ends; 10 seconds by default. */
  readonly grace?: Duration.DurationInput | undefined
}

/**
 * Serves until the Scope closes, and first goes on with the turns that the end of an earlier server has cut off. At the
 * end, turns that run have some time to end; those that do not are interrupted, and go on at the next start.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<
  never,
  never,
  EventFeeds | HttpRouter.HttpRouter.DefaultServices | HttpServer.HttpServer | Questions | ServedAgents | SessionStore
> => Layer.provide(layerOver(options), Turns.layer(options))

/**
 * The same over turns that run elsewhere.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOver = (
  options: Omit<Options, "maxTurns">
): Layer.Layer<
  never,
  never,
  | EventFeeds
  | HttpRouter.HttpRouter.DefaultServices
  | HttpServer.HttpServer
  | Questions
  | ServedAgents
  | SessionStore
  | Turns.Turns
> =>
  lifetime(options).pipe(
    // What is built last ends first: readers are told the ends of turns before the server closes.
    Layer.provideMerge(HttpApiBuilder.serve()),
    Layer.provide(Pages.layer),
    Layer.provide(HttpApiBuilder.api(Api)),
    Layer.provide(Handlers.layer),
    Layer.provide(Guard.layer(options))
  )

const lifetime = ({ grace = Duration.seconds(10) }: Options): Layer.Layer<never, never, EventFeeds | Turns.Turns> =>
  Layer.scopedDiscard(Effect.gen(function*() {
    const { drain, goOn } = yield* Turns.Turns
    const feeds = yield* EventFeeds
    yield* Effect.addFinalizer(() => Effect.zipRight(drain(grace), feeds.end))
    yield* Effect.forkScoped(goOn)
  }))
