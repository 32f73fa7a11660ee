/**
 * An `HttpClient` over `node:http`. A body can be read without a stream: one that stays open for long then takes a
 * tenth of the memory, and each chunk costs a third as much.
 *
 * @since 0.1.0
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type { HttpBody } from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError, ResponseError } from "@effect/platform/HttpClientError"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Http from "node:http"
import * as Https from "node:https"
import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import * as ReceiveBuffer from "../../responses/transport/ReceiveBuffer.ts"
import * as ContentEncoding from "./ContentEncoding.ts"

/**
 * Its connections are closed with the Scope. Redirects are not followed.
 *
 * @example
 * ```ts
 * import { NodeHttp } from "effixir/node"
 *
 * const client = NodeHttp.make({ keepAlive: true, timeout: 30_000 })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Https.AgentOptions) {
  const http = yield* agent(() => new Http.Agent(options))
  const https = yield* agent(() => new Https.Agent(options))

  const execute = Effect.fnUntraced(function*(request: HttpClientRequest) {
    const failed = (reason: "Encode" | "InvalidUrl" | "Transport") => (cause: unknown) =>
      new RequestError({ request, reason, cause })
    const url = yield* Effect.mapError(
      UrlParams.makeUrl(request.url, request.urlParams, request.hash),
      failed("InvalidUrl")
    )
    const body = yield* encode(request.body, failed("Encode"))
    const [protocol, agent] = url.protocol === "https:" ? [Https, https] as const : [Http, http] as const
    const { method } = request
    const headers = { ...request.headers, ...body.headers }
    const sent = yield* Effect.try({
      // It throws on a header that cannot be sent.
      try: () => protocol.request(url, { agent, method, headers }),
      catch: failed("Encode")
    })
    const message = yield* Effect.async<Http.IncomingMessage, RequestError>((resume) => {
      // The listener stays: the body reports errors after the head, but without a listener here they would end the
      // process.
      sent.on("error", (cause) => resume(failed("Transport")(cause)))
      sent.on("response", (message) => resume(Effect.succeed(message)))
      sent.end(body.bytes)
      return Effect.sync(() => sent.destroy())
    })
    const response = new NodeResponse(request, message)
    forgotten.register(response, new WeakRef(message))
    return response
  })
  const client: HttpClient.HttpClient = HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest>) => Effect.flatMap(request, execute),
    Effect.succeed
  )
  return client
})

const agent = <A extends Http.Agent>(make: () => A): Effect.Effect<A, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(make), (agent) => Effect.sync(() => agent.destroy()))

/** An interruption between the head and the body would leave a connection open that nothing reads. */
const forgotten = new FinalizationRegistry<WeakRef<Http.IncomingMessage>>((message) => message.deref()?.destroy())

interface Encoded {
  readonly bytes?: string | Uint8Array
  readonly headers?: { readonly "content-type": string }
}

/** What is sent is small: all of it is in memory first. */
const encode = (
  body: HttpBody,
  failed: (cause: unknown) => RequestError
): Effect.Effect<Encoded, RequestError> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({})
    case "Uint8Array":
      return Effect.succeed({ bytes: body.body })
    case "Raw":
      return Effect.succeed({ bytes: String(body.body) })
    case "FormData": {
      const form = new Response(body.formData)
      return Effect.map(Effect.tryPromise({ try: () => form.arrayBuffer(), catch: failed }), (bytes) => ({
        bytes: new Uint8Array(bytes),
        headers: { "content-type": form.headers.get("content-type") ?? "multipart/form-data" }
      }))
    }
    case "Stream":
      return Stream.runCollect(Stream.mapError(body.stream, failed)).pipe(
        Effect.map((chunks) => ({ bytes: Buffer.concat(Array.from(chunks)) }))
      )
  }
}

class NodeResponse extends Inspectable.Class
  implements HttpClientResponse.HttpClientResponse, ReceiveBuffer.Source<Uint8Array, ResponseError>
{
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly request: HttpClientRequest
  private readonly message: Http.IncomingMessage
  private readonly encodings: ReadonlyArray<string>
  private collected: Promise<Buffer> | undefined

  constructor(request: HttpClientRequest, message: Http.IncomingMessage) {
    super()
    this.request = request
    this.message = message
    this.encodings = ContentEncoding.fromHeader(message.headers["content-encoding"])
  }

  private readonly body = (): Readable =>
    this.encodings.length === 0
      ? readable(this.message)
      : ContentEncoding.decode(readable(this.message), this.encodings)

  get status(): number {
    return this.message.statusCode ?? 0
  }

  get headers(): Headers.Headers {
    const headers = Headers.fromInput(this.message.headers as Headers.Input)
    // They are about what is read no more.
    return this.encodings.length > 0 && ContentEncoding.areKnown(this.encodings)
      ? Headers.remove(headers, ["content-encoding", "content-length"])
      : headers
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.message.headers["set-cookie"] ?? [])
  }

  get remoteAddress(): Option.Option<string> {
    return Option.fromNullable(this.message.socket.remoteAddress)
  }

  private readonly broken = (cause: unknown): ResponseError =>
    new ResponseError({
      request: this.request,
      response: this,
      reason: "Decode",
      cause: ContentEncoding.errorOf(cause, this.encodings)
    })

  private read<A>(convert: (bytes: Buffer) => A | Promise<A>): Effect.Effect<A, ResponseError> {
    return Effect.tryPromise({
      try: () => (this.collected ??= buffer(this.body())).then(convert),
      catch: this.broken
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => this.message.destroy())))
  }

  get arrayBuffer() {
    return this.read((bytes) => new Uint8Array(bytes).buffer)
  }

  get text() {
    return this.read((bytes) => new TextDecoder().decode(bytes))
  }

  get json() {
    return this.read((bytes): unknown => bytes.length === 0 ? null : JSON.parse(new TextDecoder().decode(bytes)))
  }

  get urlParamsBody() {
    return this.read((bytes) => UrlParams.fromInput(new URLSearchParams(bytes.toString())))
  }

  get formData() {
    return this.read((bytes) => new Response(new Uint8Array(bytes), { headers: this.headers }).formData())
  }

  get stream(): Stream.Stream<Uint8Array, ResponseError> {
    return NodeStream.fromReadable<ResponseError, Uint8Array>(this.body, this.broken)
  }

  [ReceiveBuffer.SourceTypeId](inlet: ReceiveBuffer.Producer<Uint8Array, ResponseError>) {
    const message = this.body()
    inlet.onRoom = () => message.resume()
    message.on("data", (piece: Buffer) => {
      inlet.offer(piece)
      if (inlet.isFull()) message.pause()
    })
    message.on("end", () => inlet.end(Exit.void))
    message.on("error", (cause) => inlet.end(Exit.fail(this.broken(cause))))
    return (isOver: boolean) => {
      if (isOver) linger(message)
      else if (!message.closed) message.destroy()
    }
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "NodeResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

/**
 * A body that broke off before a listener was attached emits no error any more; what it had received is still
 * readable.
 */
const readable = (message: Http.IncomingMessage): Readable =>
  message.destroyed ? Readable.from(remains(message)) : message

const remains = function*(message: Http.IncomingMessage): Iterable<Uint8Array> {
  for (let piece = message.read(); piece !== null; piece = message.read()) yield piece
  throw message.errored
}

/** The end of a body mostly follows the last event at once, and the connection can be used again then. */
const linger = (message: Readable): void => {
  if (message.closed) return
  const late = setTimeout(() => message.destroy(), 200)
  message.once("close", () => clearTimeout(late))
  message.resume()
}
