/**
 * Asks the server that the page comes from.
 */
import { createParser } from "eventsource-parser"
import type { JsonLine } from "../agent/JsonLine.ts"
import type { Answer, NewSession, NewTurn, ServedSession } from "../server/Api.ts"
import type * as SessionJson from "../session/SessionJson.ts"

export type Session = typeof ServedSession.Type
export type SessionDetails = typeof SessionJson.SessionDetails.Type

/** The server has answered that it will not do something. */
export class Refused extends Error {
  readonly status: number
  readonly kind: string
  constructor(status: number, kind: string, message: string) {
    super(message)
    this.status = status
    this.kind = kind
  }
}

/** How it stands with the events of a session. */
export type Connection = "live" | "lost" | Refused

export interface Server {
  readonly sessions: () => Promise<ReadonlyArray<Session>>
  readonly session: (id: string) => Promise<SessionDetails>
  readonly begin: (session: typeof NewSession.Encoded) => Promise<string>
  readonly turn: (session: string, turn: typeof NewTurn.Encoded) => Promise<void>
  readonly steer: (session: string, text: string) => Promise<void>
  readonly interrupt: (session: string) => Promise<void>
  readonly answer: (session: string, item: string, answer: typeof Answer.Encoded) => Promise<void>
  /** Tells the lines of a session, from its first on, until the signal; it comes back where the connection is lost. */
  readonly follow: (
    session: string,
    on: { readonly line: (line: JsonLine) => void; readonly connection: (state: Connection) => void },
    signal: AbortSignal
  ) => Promise<void>
}

/** `onUnauthorized` is called when the token turns out to be wrong. */
export const make = (token: string, onUnauthorized: () => void): Server => {
  const authorization = `Bearer ${token}`

  const refused = async (response: Response): Promise<Refused> => {
    const { error }: { error?: { kind: string; message: string } } = await response.json().catch(() => ({}))
    if (response.status === 401) onUnauthorized()
    return new Refused(response.status, error?.kind ?? "", error?.message ?? `The server answered ${response.status}`)
  }

  const ask = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(path, {
      method,
      headers: { authorization },
      cache: "no-store",
      redirect: "error",
      ...body === undefined ? {} : { body: JSON.stringify(body) }
    }).catch(() => {
      throw new Error("The server does not answer; it may have been stopped")
    })
    if (!response.ok) throw await refused(response)
    return response
  }

  const of = (session: string, ...rest: ReadonlyArray<string>) =>
    ["/v1/sessions", session, ...rest].map((part, index) => index === 0 ? part : encodeURIComponent(part)).join("/")

  return {
    sessions: async () => {
      const { sessions }: { sessions: ReadonlyArray<Session> } = await (await ask("GET", "/v1/sessions")).json()
      return sessions
    },
    session: async (id) => (await ask("GET", of(id))).json(),
    begin: async (session) => {
      const { session_id }: { session_id: string } = await (await ask("POST", "/v1/sessions", session)).json()
      return session_id
    },
    turn: async (session, turn) => void await ask("POST", of(session, "turns"), turn),
    steer: async (session, text) => void await ask("POST", of(session, "steer"), { text }),
    interrupt: async (session) => void await ask("POST", of(session, "interrupt")),
    answer: async (session, item, answer) => void await ask("POST", of(session, "permissions", item), answer),
    follow: async (session, on, signal) => {
      let last = "0"
      const parser = createParser({
        onEvent: ({ data, id }) => {
          if (id !== undefined) last = id
          on.line(JSON.parse(data))
        }
      })
      while (!signal.aborted) {
        try {
          const headers = { authorization, "last-event-id": last }
          const response = await fetch(of(session, "events"), { headers, signal, cache: "no-store", redirect: "error" })
          if (!response.ok || response.body === null) throw await refused(response)
          on.connection("live")
          await read(response.body, parser.feed)
        } catch (error) {
          if (signal.aborted) return
          if (error instanceof Refused && error.status !== 503) return on.connection(error)
        }
        parser.reset()
        on.connection("lost")
        await pause(signal)
      }
    }
  }
}

const read = async (body: ReadableStream<Uint8Array>, feed: (text: string) => void): Promise<void> => {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    feed(decoder.decode(value, { stream: true }))
  }
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, 1000)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
