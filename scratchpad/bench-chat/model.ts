/** A model that writes its answer at an even pace, however many tokens a second, to whichever program asks for it. */
import { once } from "node:events"
import { createServer, type Server, type ServerResponse } from "node:http"
import { setTimeout } from "node:timers/promises"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptEvents from "../../src/testing/ScriptEvents.ts"
import { tokens } from "./answer.ts"

/** The last words of each answer. */
export const lastWords = "That is all of it."

/** So long is a program left alone before its answer begins, in milliseconds: what it does as it starts is not drawing. */
const settling = 2000

/** Pieces go out together that are due within this time, in milliseconds. */
const tick = 5

export interface Model {
  readonly url: string
  /** Answers the next request. */
  readonly next: () => Answering
  readonly close: () => void
}

export interface Answering {
  /** Whether the request has come. */
  readonly isAsked: () => boolean
  /** Ends with the first token. */
  readonly begun: Promise<void>
  /** Ends with the last one. */
  readonly sent: Promise<void>
}

export const start = async (count: number, perSecond: number): Promise<Model> => {
  let waiting: { readonly begin: () => void; readonly end: () => void } | undefined
  const events = written(count)
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      const asked = waiting
      if (request.method !== "POST" || request.url?.endsWith("/responses") !== true || asked === undefined) {
        response.writeHead(404, { "content-type": "application/json" }).end(
          `{"error":{"message":"There is no such thing"}}`
        )
        return
      }
      waiting = undefined
      void send(response, events, perSecond, asked.begin).then(asked.end)
    })
  })
  // A WebSocket is refused, so that all sides take the same way.
  server.on("upgrade", (_request, socket) => void socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n"))
  await once(server.listen(0, "127.0.0.1"), "listening")
  return {
    url: `http://127.0.0.1:${portOf(server)}/v1`,
    next: () => {
      let sent = Promise.resolve()
      const begun = new Promise<void>((begin) => {
        sent = new Promise((end) => waiting = { begin, end })
      })
      return { isAsked: () => waiting === undefined, begun, sent }
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** The events of the answer, with a delta for each of its tokens, as they are sent. */
const written = (count: number) => {
  const pieces = [...tokens(count), `\n\n${lastWords}\n`]
  const turn = Script.answer(Script.say(pieces.join("")))
  const all = ScriptEvents.events(turn, { model: "gpt-6.2-sol", responseId: "resp_bench", hasFinalOutput: true })
  const isDelta = ({ type }: ScriptEvents.JsonEvent) => type === "response.output_text.delta"
  const [from, to] = [all.findIndex(isDelta), all.findLastIndex(isDelta)]
  const deltas = pieces.map((delta, at) => ({
    ...all[from],
    type: "response.output_text.delta",
    delta,
    sequence_number: from + at
  }))
  const after = all.slice(to + 1).map((event, at) => ({ ...event, sequence_number: from + pieces.length + at }))
  const sse = (events: ReadonlyArray<ScriptEvents.JsonEvent>) => events.map(ScriptEvents.toSse)
  return { before: sse(all.slice(0, from)), deltas: sse(deltas), after: sse(after) }
}

const send = async (
  response: ServerResponse,
  { after, before, deltas }: ReturnType<typeof written>,
  perSecond: number,
  begin: () => void
): Promise<void> => {
  response.writeHead(200, { "content-type": "text/event-stream" }).write(before.join(""))
  await setTimeout(settling)
  begin()
  const from = performance.now()
  for (let done = 0; done < deltas.length;) {
    const due = Math.min(deltas.length, Math.floor((performance.now() - from) / 1000 * perSecond))
    if (due > done) response.write(deltas.slice(done, due).join(""))
    done = due
    await setTimeout(tick)
  }
  response.end(after.join(""))
}
