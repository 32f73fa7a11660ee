/** One measurement in a process of its own; the answer goes to the parent. */
import { type Name, sides } from "./sides.ts"
import * as Wire from "./wire.ts"

export interface Decoded {
  readonly cpuSeconds: number
  readonly seconds: number
  readonly events: number
  /** Of a type, or of a shape, that the reader did not know. */
  readonly unknown: number
}

const collect = (): void => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc")
  for (let n = 0; n < 3; n++) globalThis.gc()
}

const cpuSeconds = (since?: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(since)
  return (system + user) / 1e6
}

/**
 * One long stream as fast as it goes, the second time: what loads modules, makes schemas and is compiled at its first
 * call would be compared with what does so when it is loaded.
 */
export const decode = async (name: Name, url: string): Promise<Decoded> => {
  const listen = await sides[name](url)
  await listen(() => {})
  let events = 0
  let unknown = 0
  collect()
  const cpu = process.cpuUsage()
  const start = Wire.now()
  await listen((event) => {
    events++
    if (event.type === "unknown") unknown++
  })
  return { cpuSeconds: cpuSeconds(cpu), seconds: (Wire.now() - start) / 1e6, events, unknown }
}

export interface Opened {
  readonly cpuShare: number
  /** How long the server took to send all of it; more than it was told to if it had not enough of the machine. */
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Bytes for every open stream, while all are silent and after all have talked. */
  readonly heapIdle: number
  readonly heapBusy: number
  readonly rssIdle: number
  readonly rssBusy: number
}

/** Many streams at once. */
export const open = async (name: Name, url: string, count: number, expected: number): Promise<Opened> => {
  const listen = await sides[name](`${url}/paced`)
  const memory = () => {
    collect()
    const { external, heapUsed, rss } = process.memoryUsage()
    return { heap: heapUsed + external, rss }
  }

  const latencies = new Float64Array(expected)
  let opened = 0
  let received = 0
  let onOpened = () => {}
  let onReceived = () => {}
  const allOpened = new Promise<void>((resolve) => onOpened = resolve)
  const allReceived = new Promise<void>((resolve) => onReceived = resolve)

  const before = memory()
  const listening = Array.from({ length: count }, () =>
    listen((event) => {
      if (event.type === "response.in_progress" && ++opened === count) onOpened()
      if (typeof event["sent"] !== "number") return
      latencies[received++] = Wire.now() - event["sent"]
      if (received === expected) onReceived()
    }))
  const ended = Promise.all(listening)
  await Promise.race([allOpened, ended])
  const idle = memory()

  const cpu = process.cpuUsage()
  const start = Wire.now()
  await (await fetch(`${url}/go`)).text()
  await Promise.race([allReceived, ended])
  const seconds = (Wire.now() - start) / 1e6
  const cpuShare = cpuSeconds(cpu) / seconds
  const busy = memory()
  await ended

  if (received !== expected) throw new Error(`${name} received ${received} of ${expected} events`)
  latencies.sort()
  const at = (share: number) => (latencies[Math.min(expected - 1, Math.floor(share * expected))] ?? 0) / 1000
  return {
    cpuShare,
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    heapIdle: (idle.heap - before.heap) / count,
    heapBusy: (busy.heap - before.heap) / count,
    rssIdle: (idle.rss - before.rss) / count,
    rssBusy: (busy.rss - before.rss) / count
  }
}

export interface Soaked {
  readonly events: number
  /** In bytes, at every so many events. */
  readonly heaps: ReadonlyArray<number>
}

/** One stream that does not end for long. */
export const soak = async (name: Name, url: string, every: number): Promise<Soaked> => {
  const Response = await import("../../src/responses/Response.ts")
  const listen = await sides[name](url)
  const heaps: Array<number> = []
  let events = 0
  let response = Response.empty
  await listen((event) => {
    response = Response.add(response, event as Parameters<typeof Response.add>[1])
    if (++events % every !== 0) return
    collect()
    heaps.push(process.memoryUsage().heapUsed)
  })
  return { events, heaps }
}
