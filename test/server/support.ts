import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import * as Agent from "../../src/agent/Agent.ts"
import { field, text } from "../../src/internal/json.ts"
import * as NodeLongAnswer from "../../src/node/network/NodeLongAnswer.ts"
import * as EventFeeds from "../../src/server/EventFeeds.ts"
import * as Questions from "../../src/server/Questions.ts"
import * as ServedAgents from "../../src/server/ServedAgents.ts"
import * as Server from "../../src/server/Server.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import type * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { echo } from "../agent/support.ts"

export const token = "a-token-for-the-tests"

export interface Options extends Partial<Server.Options> {
  readonly toolkit?: Toolkit.Toolkit
  readonly permission?: Layer.Layer<Permission.Permission>
  readonly feeds?: EventFeeds.Options
  /** The sessions of an earlier server. */
  readonly store?: Layer.Layer<SessionStore.SessionStore>
}

/** A server over a real port whose model follows a script, as a host would put it together. */
export const serving = (script: Script.Script, options: Options = {}) => {
  const {
    feeds,
    permission = Permission.layerAllowAll,
    store = SessionStore.layerMemory,
    toolkit = Toolkit.make(echo),
    ...server
  } = options
  const told = EventFeeds.layerStore.pipe(Layer.provideMerge(EventFeeds.layer(feeds)))
  const agents = ServedAgents.layer.pipe(
    Layer.provide(Agent.layer({ model: "gpt-5.5", instructions: "Be brief." })),
    Layer.provide([ToolExecutor.layer(toolkit), permission, Questions.layerApprover])
  )
  return Server.layer({ token: Redacted.make(token), hosts: [], ...server }).pipe(
    Layer.provide(agents),
    Layer.provide(told),
    Layer.provide(Questions.layer),
    Layer.provideMerge(ScriptedResponses.layer(script)),
    Layer.provide(store),
    Layer.provide(NodeLongAnswer.layer),
    Layer.provideMerge(NodeHttpServer.layer(closing, { port: 0, host: "127.0.0.1" }))
  )
}

/** Readers that stay would keep it open. */
const closing = () => {
  const server = createServer()
  const close = server.close.bind(server)
  server.close = (callback) => {
    close(callback)
    server.closeAllConnections()
    return server
  }
  return server
}

/** Starts a server, and gives what asks it. */
export const start = (script: Script.Script, options?: Options) =>
  Effect.map(Layer.build(serving(script, options)), (services) => {
    const { address } = Context.get(services, HttpServer.HttpServer)
    const url = `http://127.0.0.1:${address._tag === "TcpAddress" ? address.port : 0}`
    return { ...asking(url), requests: Context.get(services, ScriptedResponses.ScriptedResponses).requests }
  })

export interface Told {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

export interface SseEvent {
  readonly id: string | undefined
  readonly line: { readonly type: string; readonly seq: number; readonly [field: string]: unknown }
}

export const asking = (url: string, bearer = token) => {
  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    Effect.promise(async (): Promise<Told> => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${bearer}`, ...headers },
        ...body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }
      })
      const text = await response.text()
      const isJson = response.headers.get("content-type")?.startsWith("application/json") === true
      return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
    })

  const begin = (session: object = {}) =>
    Effect.map(ask("POST", "/v1/sessions", session), ({ body }) => textOf(body, "session_id"))

  const turn = (session: string, input: string, more: object = {}) =>
    ask("POST", `/v1/sessions/${session}/turns`, { input, ...more })

  /** Reads events until one satisfies; the connection lasts as long as the Scope. */
  const reader = (
    session: string,
    after = "",
    headers: Record<string, string> = {}
  ): Effect.Effect<Reader, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.promise(async () => {
        const abort = new AbortController()
        const response = await fetch(`${url}/v1/sessions/${session}/events${after}`, {
          headers: { authorization: `Bearer ${bearer}`, ...headers },
          signal: abort.signal
        })
        return readerOf(response, abort)
      }),
      ({ abort }) => Effect.sync(() => abort.abort())
    )

  return { url, ask, begin, turn, reader }
}

/** A text in the body of an answer. */
export const textOf = (body: unknown, ...path: ReadonlyArray<string>): string =>
  text(path.reduce((value: unknown, name) => field(value, name), body)) ?? ""

export type Reader = ReturnType<typeof readerOf>

const readerOf = (response: Response, abort: AbortController) => {
  const body = response.body?.getReader()
  const decoder = new TextDecoder()
  const events: Array<SseEvent> = []
  const comments: Array<string> = []
  let rest = ""
  const state = { isOver: false }

  const more = async (): Promise<void> => {
    const { done, value } = await (body?.read() ?? { done: true, value: undefined })
    state.isOver = done
    rest += decoder.decode(value, { stream: true })
    const blocks = rest.split("\n\n")
    rest = blocks.pop() ?? ""
    for (const block of blocks) {
      if (block.startsWith(":")) comments.push(block)
      else {
        const id = /^id: (.*)$/m.exec(block)?.[1]
        events.push({ id, line: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "null") })
      }
    }
  }

  /** All events so far, once one of them is of this type, or the count of those that are. */
  const until = (type: string, count = 1) =>
    Effect.promise(async () => {
      while (!state.isOver && events.filter(({ line }) => line.type === type).length < count) await more()
      return events
    })

  /** All events, once the server has ended the stream. */
  const toEnd = Effect.promise(async () => {
    while (!state.isOver) {
      await more().catch(() => {
        state.isOver = true
      })
    }
    return events
  })

  const untilComment = (text: string) =>
    Effect.promise(async () => {
      while (!state.isOver && !comments.includes(text)) await more()
      return comments
    })

  return { status: response.status, headers: response.headers, events, comments, until, toEnd, untilComment, abort }
}

export const types = (events: ReadonlyArray<SseEvent>) =>
  events.map(({ line }) => line.type).filter((type) => type !== "item.delta")
