import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import * as zlib from "node:zlib"

/** One request as it came in; a body that is JSON or a form is parsed. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** As it was sent, without its question mark. */
  readonly rawQuery: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Stream.Stream<string>
  /** Whether the connection is cut instead of sending it. */
  readonly isLost?: boolean
}

/** Answers a request; its failure is sent as an answer too. */
export type Handler = (received: Received) => Effect.Effect<Reply, Reply>

export const json = (status: number, body: unknown, headers: Reply["headers"] = {}): Reply => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: Predicate.isString(body) ? body : JSON.stringify(body)
})

/** A refusal in the form of the ChatGPT host. */
export const detail = (status: number, text: string): Reply => json(status, { detail: text })

/** A refusal in the form of all other hosts. */
export const error = (status: number, error: {
  readonly message: string
  readonly code: string | null
  readonly param?: string
}): Reply => json(status, { error: { type: "invalid_request_error", param: null, ...error } })

export const redirect = (location: string): Reply => ({ status: 302, headers: { location }, body: "" })

/** A question to a person at a browser, who continues by a link. */
export const page = (question: string, url: string): Reply => ({
  status: 200,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: `<!doctype html><title>Sign in</title><p>${escape(question)}</p><p><a href="${escape(url)}">Continue</a></p>`
})

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

/** The S256 challenge of a verifier. */
export const challengeOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url")

/** A text of a body that is JSON or a form; empty where there is none. */
export const text = (body: unknown, name: string): string =>
  Predicate.hasProperty(body, name) && Predicate.isString(body[name]) ? body[name] : ""

/** A server on a free port of this machine. It and its connections are closed with the scope. */
export const listen = Effect.acquireRelease(
  Effect.async<Server>((resume) => {
    const server = createServer()
    server.once("error", (cause) => resume(Effect.die(cause)))
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) =>
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
)

export const urlOf = (server: Server): string => {
  const address = server.address()
  return `http://127.0.0.1:${Predicate.isObject(address) && "port" in address ? address.port : 0}`
}

/** Answers with `handler`, each request in a fiber of its own that ends when the client hangs up. */
export const respond = Effect.fnUntraced(function*(server: Server, handler: Handler) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  server.on("request", (incoming, outgoing) => {
    const fiber = Effect.flatMap(receive(incoming), handler).pipe(
      Effect.merge,
      // If a bug prevents an answer, the client must not wait for ever.
      Effect.catchAllDefect((defect) =>
        Effect.succeed(error(500, { message: String(defect), code: "simulator_defect" }))
      ),
      Effect.flatMap((reply) => send(outgoing, reply)),
      run
    )
    outgoing.on("close", () => fiber.unsafeInterruptAsFork(FiberId.none))
  })
})

const receive = (incoming: IncomingMessage): Effect.Effect<Received, Reply> =>
  bytesOf(incoming).pipe(
    Effect.flatMap((bytes) => unpacked(bytes, incoming)),
    Effect.map((text) => received(incoming, text))
  )

/** Only the ChatGPT host takes bodies that are packed, as Codex packs them where somebody has signed in. */
const unpacked = (bytes: Buffer, { headers, url = "/" }: IncomingMessage): Effect.Effect<string, Reply> => {
  const encoding = headers["content-encoding"] ?? "identity"
  if (encoding === "identity") return Effect.succeed(bytes.toString("utf8"))
  if (encoding !== "zstd" || !url.startsWith("/backend-api/")) {
    return Effect.fail(error(415, { message: `Unsupported content encoding: ${encoding}`, code: null }))
  }
  // Since Node 22.15.
  const unpack = Reflect.get(zlib, "zstdDecompressSync")
  return typeof unpack === "function"
    ? Effect.try({
      try: () => String(unpack(bytes)),
      catch: () => detail(400, "Request body is not valid zstd")
    })
    : Effect.fail(detail(415, "The simulator needs Node 22.15 or later to unpack zstd"))
}

export const received = (incoming: IncomingMessage, text: string): Received => {
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1")
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(oneHeader))
  return {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    rawQuery: url.search.slice(1),
    headers,
    body: parse(text, headers["content-type"])
  }
}

const oneHeader = ([name, value]: [string, string | Array<string> | undefined]): [string, string] => [
  name,
  Array.isArray(value) ? value.join(", ") : value ?? ""
]

const bytesOf = (incoming: IncomingMessage): Effect.Effect<Buffer> =>
  Effect.async((resume) => {
    const chunks: Array<Uint8Array> = []
    incoming.on("data", (chunk) => chunks.push(chunk))
    incoming.on("end", () => resume(Effect.sync(() => Buffer.concat(chunks))))
  })

export const parse = (text: string, contentType?: string): unknown => {
  if (contentType?.startsWith("application/x-www-form-urlencoded") === true) {
    const fields = Array.from(new URLSearchParams(text))
    // A name that stands there twice is ambiguous, so its second value shows under another name.
    return Object.fromEntries(
      fields.map(([name, value], index) =>
        fields.findIndex(([other]) => other === name) < index ? [`${name}#2`, value] : [name, value]
      )
    )
  }
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export const send = (outgoing: ServerResponse, reply: Reply): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (reply.isLost === true) {
      outgoing.destroy()
      return Effect.void
    }
    outgoing.writeHead(reply.status, reply.headers)
    if (Predicate.isString(reply.body)) {
      outgoing.end(reply.body)
      return Effect.void
    }
    outgoing.flushHeaders()
    const chunks = Stream.runForEach(reply.body, (chunk) => write(outgoing, chunk))
    return Effect.map(chunks, () => void outgoing.end())
  })

const write = (outgoing: ServerResponse, chunk: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    outgoing.write(chunk, () => resume(Effect.void))
  })
