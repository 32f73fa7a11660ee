/** Starts the processes of all measurements and tells what they found. */
import { type ChildProcess, fork } from "node:child_process"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import OpenAI from "openai"
import { rolldown } from "rolldown"
import { median, ratio, type Row, say, tell } from "../table.ts"
import type { Decoded, Opened, Soaked } from "./measure.ts"
import type { Options } from "./server.ts"
import type { Name } from "./sides.ts"
import * as Wire from "./wire.ts"

const titles: Readonly<Record<Name, string>> = {
  floor: "floor: fetch + parser + JSON",
  floorOverHttp: "floor over node:http",
  ours: "effixir, FetchHttpClient",
  oursDefault: "effixir, its own network layer",
  openaiCreate: "openai, responses.create",
  openaiStream: "openai, responses.stream",
  aiOpenai: "@effect/ai-openai"
}

const folder = fileURLToPath(new URL("../../node_modules/.cache/bench-stream/", import.meta.url))

/** Who is measured, by which program: a checkout of an earlier commit is bundled as well, and told as `before`. */
interface Measured {
  readonly title: string
  readonly name: Name
  readonly program: string
}
const eventsPerSecond = 50

interface Server {
  readonly url: string
  readonly events: Readonly<Record<string, number>>
  readonly bytes: Readonly<Record<string, number>>
}

export const compare = async (args: Array<string>): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: {
      soak: { type: "boolean", default: false },
      runs: { type: "string", default: "7" },
      size: { type: "string" },
      streams: { type: "string", default: "1000" },
      seconds: { type: "string", default: "10" },
      only: { type: "string", default: "decode,open" },
      sides: { type: "string", default: Object.keys(titles).join(",") },
      before: { type: "string" }
    }
  })
  const names = values.sides.split(",") as Array<Name>
  const program = await build("bench-stream", fileURLToPath(new URL("../..", import.meta.url)))
  const before = values.before === undefined ? undefined : await build("before", values.before)
  const sides = names.flatMap((name): Array<Measured> => [
    { title: titles[name], name, program },
    ...before !== undefined && name.startsWith("ours")
      ? [{ title: `${titles[name]}, before`, name, program: before }]
      : []
  ])
  const without = names.includes("openaiStream") ? await unreadable() : []
  const options: Options = {
    size: Number(values.size ?? (values.soak ? 60 : 20)) * 1e6,
    without: { openaiStream: without },
    eventsPerSecond,
    seconds: Number(values.seconds)
  }
  const child = start(program, "server", options)
  const server = await answer<Server>(child)
  try {
    if (values.soak) return await soak(server, sides)
    if (values.only.includes("decode")) {
      await decode(server, sides, Number(values.runs))
      if (without.length > 0) say(`openai's responses.stream throws on ${without.join(", ")}: left out for it`)
    }
    if (values.only.includes("open")) {
      await open(server, sides, Math.min(3, Number(values.runs)), Number(values.streams), options.seconds)
    }
  } finally {
    child.disconnect()
  }
}

/** Only the readers are of the checkout: all are measured in the same way. */
const build = async (name: string, checkout: string): Promise<string> => {
  const dir = `${folder}${name}`
  const bundle = await rolldown({
    input: fileURLToPath(new URL("../bench-stream.ts", import.meta.url)),
    platform: "node",
    external: (id) => !/^[./]/.test(id),
    plugins: [{
      name: "readers",
      resolveId: (id) => id === "./sides.ts" ? resolve(checkout, "scratchpad/bench-stream/sides.ts") : null
    }]
  })
  await bundle.write({ dir, format: "esm", cleanDir: true, entryFileNames: "[name].js" })
  await bundle.close()
  return `${dir}/bench-stream.js`
}

/** The environment may name proxies, and certificates that Node 20 reads at every start. */
const start = (program: string, job: string, ...args: ReadonlyArray<unknown>): ChildProcess =>
  fork(program, [job, ...args.map((arg) => JSON.stringify(arg))], {
    execArgv: ["--expose-gc", ...process.env["BENCH_NODE_OPTIONS"]?.split(" ") ?? []],
    env: { PATH: process.env["PATH"], BENCH_RECORDINGS: Wire.folder }
  })

const answer = <A>(child: ChildProcess): Promise<A> =>
  new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as A))
    child.once("exit", (code) => reject(new Error(`a process ended with ${code} and told nothing`)))
  })

const measure = async <A>(program: string, job: string, ...args: ReadonlyArray<unknown>): Promise<A> => {
  const child = start(program, job, ...args)
  const ended = new Promise((resolve) => child.once("exit", resolve))
  const result = await answer<A>(child)
  child.disconnect()
  await ended
  return result
}

/** The recordings on which the helper of the `openai` package throws. */
const unreadable = async (): Promise<ReadonlyArray<string>> => {
  const names: Array<string> = []
  for (const recording of Wire.recordings()) {
    const client = new OpenAI({ apiKey: "sk-bench", fetch: async () => new Response(Wire.alone(recording)) })
    try {
      for await (const _ of client.responses.stream({ model: "gpt-6.2-sol", input: "Hi" }));
    } catch {
      names.push(recording.name)
    }
  }
  return names
}

const inTurns = async <A>(sides: ReadonlyArray<Measured>, runs: number, run: (side: Measured) => Promise<A>) => {
  const results = new Map(sides.map((side) => [side, [] as Array<A>]))
  for (let n = 0; n < runs; n++) {
    for (const side of sides) results.get(side)?.push(await run(side))
  }
  return results
}

const decode = async (server: Server, sides: ReadonlyArray<Measured>, runs: number): Promise<void> => {
  const pathOf = (name: Name) => name in server.events ? name : "all"
  const results = await inTurns(
    sides,
    runs,
    ({ name, program }) => measure<Decoded>(program, "decode", name, `${server.url}/${pathOf(name)}`)
  )
  const rows: Array<Row> = []
  let floor: ReadonlyArray<number> | undefined
  for (const [{ name, title }, all] of results) {
    const path = pathOf(name)
    const cpu = all.map(({ cpuSeconds }) => cpuSeconds)
    const [last] = all
    const [events = 0, bytes = 0] = [server.events[path], server.bytes[path]]
    const perEvent = cpu.map((seconds) => seconds / events)
    const cells = [
      median(cpu).toFixed(2),
      `${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)}`,
      (events / median(all.map(({ seconds }) => seconds))).toFixed(0),
      mega(bytes / median(cpu)),
      String(last?.events ?? 0),
      String(last?.unknown ?? 0)
    ]
    rows.push({
      name: title,
      cells,
      times: floor === undefined ? undefined : { ratio: ratio(perEvent, floor), of: "the floor" }
    })
    floor ??= perEvent
  }
  tell({
    title: `reading ${server.events["all"]} events in ${mega(server.bytes["all"] ?? 0)} MB, medians of ${runs} runs`,
    columns: ["CPU s", "(spread)", "events/s", "MB/CPU s", "read", "unknown"],
    rows
  })
}

const open = async (
  server: Server,
  sides: ReadonlyArray<Measured>,
  runs: number,
  streams: number,
  seconds: number
): Promise<void> => {
  const compared = sides.filter(({ name }) => name.startsWith("floor") || name.startsWith("ours"))
  const results = await inTurns(
    compared,
    runs,
    ({ name, program }) =>
      measure<Opened>(program, "open", name, server.url, streams, streams * eventsPerSecond * seconds)
  )
  const shares = [...results.values()].map((all) => all.map(({ cpuShare }) => cpuShare))
  const rows = [...results].map(([{ title }, all], at): Row => {
    const of = (field: keyof Opened) => median(all.map((result) => result[field]))
    const cells = [
      `${(of("cpuShare") * 100).toFixed(0)} %`,
      ...(["seconds", "p50", "p99", "max"] as const).map((field) => of(field).toFixed(1)),
      `${kilo(of("heapIdle"))}, ${kilo(of("heapBusy"))} after`,
      `${kilo(of("rssIdle"))}, ${kilo(of("rssBusy"))} after`
    ]
    return {
      name: title,
      cells,
      times: at === 0 ? undefined : { ratio: ratio(shares[at] ?? [], shares[0] ?? []), of: "the floor" }
    }
  })
  tell({
    title: `${streams} open streams of ${eventsPerSecond} events/s for ${seconds} s, medians of ${runs} runs`,
    columns: ["CPU", "took s", "p50 ms", "p99 ms", "max ms", "heap KB/stream", "rss KB/stream"],
    rows
  })
}

const soak = async (server: Server, sides: ReadonlyArray<Measured>): Promise<void> => {
  const { all = 0 } = server.events
  say(`${all} events in one stream, ${(all / eventsPerSecond / 3600).toFixed(1)} hours of ${eventsPerSecond} events/s`)
  say("the heap in MB after every 10,000")
  for (const { name, program, title } of sides.filter(({ name }) => /^(?:floor|ours)/.test(name))) {
    const { events, heaps } = await measure<Soaked>(program, "soak", name, `${server.url}/all`, 10_000)
    if (events !== all) throw new Error(`${name} read ${events} of ${all} events`)
    say(`${title.padEnd(40)}${heaps.map(mega).join(" ")}`)
  }
}

const mega = (bytes: number): string => (bytes / 1e6).toFixed(1)
const kilo = (bytes: number): string => (bytes / 1e3).toFixed(1)
