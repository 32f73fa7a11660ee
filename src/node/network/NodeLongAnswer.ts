/**
 * Writes the answers of `LongAnswer` to their connections without a fiber: what comes is written at once while a connection
 * takes it, and what a full one does not take waits in its source.
 *
 * @internal
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { ServerResponse } from "node:http"
import { LongAnswer, openOf, type Options, type Source, streamed } from "../../internal/LongAnswer.ts"

export const layer: Layer.Layer<LongAnswer> = Layer.succeed(LongAnswer, {
  respond: <E>(
    texts: Stream.Stream<string, E>,
    options: Options
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, E, HttpServerRequest.HttpServerRequest> =>
    Effect.gen(function*() {
      const open = openOf(texts)
      if (open === undefined) return streamed(texts, options)
      const request = yield* HttpServerRequest.HttpServerRequest
      const answer = HttpServerResponse.empty({
        status: 200,
        headers: { ...options.headers, "content-type": options.contentType }
      })
      if (request.method === "HEAD") return answer
      const response = NodeHttpServerRequest.toServerResponse(request)
      const source = yield* open(() => response.destroy())
      response.once("close", source.close)
      if (response.destroyed) source.close()
      afterHeaders(response, () => send(source, response))
      return answer
    })
})

/**
 * For the platform the answer is empty and has ended, and so has the fiber that made it, with all that it held; what would
 * end the response begins to send instead.
 */
const afterHeaders = (response: ServerResponse, begin: () => void) => {
  const end = response.end
  Object.assign(response, {
    end: (...said: ReadonlyArray<unknown>) => {
      response.end = end
      // An error takes the place of the answer.
      if (said.length > 0) return Reflect.apply(end, response, said)
      begin()
      return response
    }
  })
}

const send = ({ take }: Source, response: ServerResponse): void => {
  const more = () => {
    while (!response.destroyed) {
      const text = take(more)
      if (text === undefined) return
      if (text === null) return void response.end()
      if (!response.write(text)) return void response.once("drain", more)
    }
  }
  more()
}
