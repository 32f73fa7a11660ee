/** The server of a measurement: in a process of its own, so that its work is not counted. */
import { createServer, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as Wire from "./wire.ts"

/** What one read of a socket may bring; larger than most, for a fast network. */
const chunkSize = 16 * 1024

export interface Options {
  readonly size: number
  /** The recordings that a peer cannot read, by the name of the path that leaves them out. */
  readonly without: Readonly<Record<string, ReadonlyArray<string>>>
  /** Of every open stream. */
  readonly eventsPerSecond: number
  readonly seconds: number
}

export const serve = (options: Options): void => {
  const wires = new Map<string, Wire.Wire>()
  const wireOf = (name: string): Wire.Wire => {
    const wire = wires.get(name) ?? Wire.long(options.size, new Set(options.without[name]))
    wires.set(name, wire)
    return wire
  }
  let open: Array<Socket> = []

  const server = createServer((request, response) => {
    request.resume()
    const [, name = ""] = (request.url ?? "").split("/")
    if (name === "go") {
      response.end()
      pace(open, options)
      open = []
    } else if (name === "paced") {
      const { socket } = request
      socket.on("error", () => {})
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
      socket.write(Wire.opening)
      open.push(socket)
    } else pour(wireOf(name).bytes, response)
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, "127.0.0.1", () => {
    for (const name of ["all", ...Object.keys(options.without)]) wireOf(name)
    const address = server.address()
    process.send?.({
      url: `http://127.0.0.1:${typeof address === "object" ? address?.port : address}`,
      events: Object.fromEntries(Array.from(wires, ([name, wire]) => [name, wire.events])),
      bytes: Object.fromEntries(Array.from(wires, ([name, wire]) => [name, wire.bytes.length]))
    })
  })
  process.on("disconnect", () => process.exit())
}

/** As fast as it is taken. */
const pour = (bytes: Buffer, response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  let at = 0
  const next = (): void => {
    while (at < bytes.length) {
      const isTaken = response.write(bytes.subarray(at, at + chunkSize))
      at += chunkSize
      if (!isTaken) return void response.once("drain", next)
    }
    response.end()
  }
  next()
}

/** The tokens of all streams evenly over time: one stream after another, and from the first again. */
const pace = (sockets: ReadonlyArray<Socket>, { eventsPerSecond, seconds }: Options): void => {
  const total = sockets.length * eventsPerSecond * seconds
  const start = Wire.now()
  let sent = 0
  const step = (): void => {
    const due = Math.min(total, Math.floor((Wire.now() - start) / 1e6 * sockets.length * eventsPerSecond))
    for (; sent < due; sent++) sockets[sent % sockets.length]?.write(Wire.token(Math.floor(sent / sockets.length)))
    if (sent < total) setTimeout(step, 1)
    else setTimeout(() => sockets.forEach((socket) => socket.end(Wire.ending)), 2000)
  }
  step()
}
