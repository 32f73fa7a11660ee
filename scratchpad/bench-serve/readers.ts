/**
 * Readers of a server, in a process of their own: each begins a session if the server has such, and reads what is told.
 * It tells when all of them read, and the delays between saying and reading whenever its parent asks.
 */
import { Agent, type IncomingMessage, request } from "node:http"

const [kind = "ours", port = "0", count = "1", mode = "stream"] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
let delays: Array<number> = []
let closed = 0

const ask = (path: string, body: object): Promise<Record<string, string>> =>
  new Promise((resolve, reject) => {
    const asked = request(
      { agent, port, path, method: "POST", headers: { authorization: "Bearer token" } },
      (answer) => {
        let text = ""
        answer.setEncoding("utf8").on("data", (piece: string) => text += piece).once("end", () =>
          resolve(JSON.parse(text)))
      }
    )
    asked.once("error", reject).end(JSON.stringify(body))
  })

const listen = (answer: IncomingMessage) => {
  answer.once("close", () => closed++)
  if (mode === "deaf") return void answer.pause()
  answer.setEncoding("utf8").on("data", (text: string) => {
    const now = Date.now()
    for (const [, at] of text.matchAll(/"at (\d+) /g)) delays.push(now - Number(at))
  })
}

const read = (path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    request({ agent: false, port, path, headers: { authorization: "Bearer token" } }, (answer) => {
      listen(answer)
      resolve()
    }).once("error", reject).end()
  })

let shared: string | undefined

const begin = async (): Promise<void> => {
  if (kind === "bare") return read("/")
  if (mode === "deaf" && shared !== undefined) return read(`/v1/sessions/${shared}/events`)
  const { session_id: session = "" } = await ask("/v1/sessions", {})
  shared = session
  await read(`/v1/sessions/${session}/events`)
  if (mode !== "idle") await ask(`/v1/sessions/${session}/turns`, { input: "go" })
}

process.on("message", () => {
  process.send?.({ delays: delays.toSorted((a, b) => a - b), closed })
  delays = []
})

if (mode === "deaf") await begin()
const left = Array.from({ length: Number(count) }, (_, n) => n)
await Promise.all(Array.from({ length: 32 }, async () => {
  while (left.pop() !== undefined) await begin()
}))
process.send?.({ ready: true })
