/** What the server says: recorded streams one behind the other, or one token after another. */
import { readdirSync, readFileSync } from "node:fs"

export interface Recording {
  readonly name: string
  readonly blocks: ReadonlyArray<string>
}

/** The recordings are read in place and are no part of the project; the programs are built to another folder. */
export const folder = process.env["BENCH_RECORDINGS"] ??
  new URL("../../../shared/recordings/", import.meta.url).pathname

const terminal: ReadonlySet<unknown> = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.done",
  "error"
])
const completed = `event: response.completed\ndata: {"type":"response.completed","response":{"id":"resp_1","object":` +
  `"response","created_at":1,"status":"completed","model":"gpt-6.2-sol","output":[],"error":null,"incomplete_details":null,` +
  `"instructions":null,"metadata":{},"parallel_tool_calls":true,"temperature":1,"tool_choice":"auto","tools":[],` +
  `"top_p":1},"sequence_number":9}\n\n`

/** The recorded streams, without the events that would end them. */
export const recordings = (): ReadonlyArray<Recording> =>
  readdirSync(folder).filter((name) => name.endsWith(".sse")).map((name) => ({
    name,
    blocks: readFileSync(`${folder}/${name}`, "utf8").split(/\r?\n\r?\n/).filter((block) => {
      const data = /^data: ?(\{.*)$/m.exec(block)?.[1]
      return data !== undefined && !terminal.has(JSON.parse(data).type)
    }).map((block) => `${block}\n\n`)
  }))

/** One recording as a stream of its own. */
export const alone = ({ blocks }: Recording): string => `${blocks.join("")}${completed}`

export interface Wire {
  readonly bytes: Buffer
  readonly events: number
}

/** About so many bytes of recordings, again and again, as one stream with one end. */
export const long = (size: number, without: ReadonlySet<string>): Wire => {
  const blocks = recordings().filter(({ name }) => !without.has(name)).flatMap(({ blocks }) => blocks)
  const round = Buffer.from(blocks.join(""))
  const rounds = Math.max(1, Math.round(size / round.length))
  return {
    bytes: Buffer.concat([...Array.from({ length: rounds }, () => round), Buffer.from(completed)]),
    events: rounds * blocks.length + 1
  }
}

/** Microseconds on a clock that all processes of the machine share. */
export const now = (): number => Number(process.hrtime.bigint() / 1000n)

const data = (event: { readonly type: string }) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

export const opening = data({ type: "response.in_progress", response: { id: "resp_1", status: "in_progress" } } as {
  type: string
})

/** A token as the API tells it, and when it was sent. Put together by hand: the server must keep up with all streams. */
export const token = (sequence: number): string =>
  "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"content_index\":0,\"delta\":\" token\"," +
  "\"item_id\":\"msg_68a1c9d0b1a0819c8d7f7f0a6f6f4f1b0a6f6f4f1b\",\"logprobs\":[],\"obfuscation\":\"q3TzAx0Rkd\"," +
  `"output_index":0,"sequence_number":${sequence},"sent":${now()}}\n\n`

export const ending = completed
