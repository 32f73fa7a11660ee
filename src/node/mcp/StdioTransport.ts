/**
 * How messages go to and from an MCP server that is a program: a line of JSON each, over its stdin and stdout.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { parse } from "../../internal/json.ts"
import { ErrorCode, JSONRPCMessageSchema, McpError, type Transport } from "../../vendor/mcp.ts"
import * as ProcessGroup from "../process/ProcessGroup.ts"
import type { ProcessWatcher } from "../process/ProcessWatcher.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly watcher: ProcessWatcher
  readonly words: ReadonlyArray<string>
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

/** @since 0.1.0 @category models */
export interface Stdio {
  readonly transport: Transport
  /** How the program has ended, as the end of a sentence; nothing while it runs. */
  readonly ending: () => string | undefined
  /** The last lines that it has written to stderr. */
  readonly said: () => string
  /** Whether it was stopped because a message was larger than {@link maxMessage}. */
  readonly isTooMuch: () => boolean
}

/** How large a message may be, in bytes: two images of the largest size that a model is shown fit into it. */
export const maxMessage = 16 * 1024 * 1024

/** How much of its stderr is kept, and how much of that is told. */
const keptOfStderr = 4096
const toldLines = 3

/** How long a server may go on after it was told to stop, in milliseconds. */
const grace = 1000

/** How long the pipes of a program that has ended are read, in milliseconds. */
const untilClosed = 200

/**
 * Starts the program. It is stopped with the Scope, and earlier when it sends more than it may, or goes on with what it
 * was told to stop.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*({ env, folder, watcher, words }: Options) {
  const child = yield* ProcessGroup.talkTo(watcher, words, folder, env)
  const clock = yield* Effect.clock
  let stderr = ""
  let isTooMuch = false
  let isClosed = false
  /** When a request was cancelled, by its number. */
  const cancelled = new Map<unknown, number>()
  const waiting = new Set<unknown>()

  const closed = () => {
    if (isClosed) return
    isClosed = true
    child.stdout.destroy()
    child.stdin.destroy()
    transport.onclose?.()
  }

  const receive = (line: string) => {
    // Programs log to stdout that should not: what is no message is not for us.
    const message = JSONRPCMessageSchema.safeParse(parse(line))
    if (!message.success) return
    const { data } = message
    if ("id" in data && !("method" in data)) {
      waiting.delete(data.id)
      cancelled.delete(data.id)
    }
    if ("method" in data && data.method === "notifications/progress") {
      const since = cancelled.get(data.params?.["progressToken"])
      const isGoingOn = since !== undefined && clock.unsafeCurrentTimeMillis() - since > grace
      if (isGoingOn && waiting.size === 0) return closed()
    }
    transport.onmessage?.(data)
  }

  const listen = () => {
    let pieces: Array<Buffer> = []
    let size = 0
    child.stdout.on("data", (chunk: Buffer) => {
      let rest = chunk
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
        const line = Buffer.concat([...pieces, rest.subarray(0, end)]).toString()
        pieces = []
        size = 0
        rest = rest.subarray(end + 1)
        if (line.trim() !== "" && !isClosed) receive(line)
      }
      pieces.push(rest)
      size += rest.length
      if (size <= maxMessage) return
      isTooMuch = true
      pieces = []
      closed()
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-keptOfStderr)
    })
    child.stdin.on("error", () => {})
    child.stdout.on("error", () => {})
    child.stderr.on("error", () => {})
    // Not before all that it has written is read.
    child.once("close", closed)
    child.once("exit", () => {
      // A process that it has left behind may hold the pipes open.
      setTimeout(closed, untilClosed).unref()
    })
    if (child.exitCode !== null || child.signalCode !== null) setTimeout(closed, untilClosed).unref()
  }

  const transport: Transport = {
    start: () => Promise.resolve(listen()),
    send: (message) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new McpError(ErrorCode.ConnectionClosed, "Connection closed"))
        if ("method" in message) {
          if ("id" in message) waiting.add(message.id)
          if (message.method === "notifications/cancelled") {
            waiting.delete(message.params?.["requestId"])
            cancelled.set(message.params?.["requestId"], clock.unsafeCurrentTimeMillis())
          }
        }
        child.stdin.write(`${JSON.stringify(message)}\n`, (error) => {
          if (error == null) return resolve()
          // How the program has ended, and what it has said, is known a little later.
          const refuse = () => {
            closed()
            reject(new McpError(ErrorCode.ConnectionClosed, "Connection closed"))
          }
          const waited = setTimeout(refuse, untilClosed)
          child.once("close", () => {
            clearTimeout(waited)
            refuse()
          })
        })
      }),
    close: () => Promise.resolve(closed())
  }

  const stdio: Stdio = {
    transport,
    ending: () =>
      child.exitCode !== null
        ? `it ended with exit code ${child.exitCode}`
        : child.signalCode !== null
        ? `it was ended by ${child.signalCode}`
        : undefined,
    said: () =>
      stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "").slice(-toldLines).join(" | "),
    isTooMuch: () => isTooMuch
  }
  return stdio
})
