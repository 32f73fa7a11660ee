/**
 * What a server costs that streams 1,000 sessions to as many readers, beside the least that a server with `node:http` must
 * do for the same lines; what 10,000 idle sessions with readers take, and what 200 readers that never read.
 * `npm run bench:serve`
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "1000" },
    idle: { type: "string", default: "10000" },
    seconds: { type: "string", default: "10" }
  }
})

const print = (line: string) => void process.stdout.write(`${line}\n`)

interface Used {
  readonly cpu: NodeJS.CpuUsage
  readonly heapUsed: number
  readonly rss: number
}

const start = (file: string, ...args: ReadonlyArray<string>): ChildProcess =>
  fork(fileURLToPath(new URL(`bench-serve/${file}.ts`, import.meta.url)), args, {
    execArgv: ["--import", "tsx", "--expose-gc"],
    stdio: ["ignore", "inherit", "inherit", "ipc"]
  })

const hear = async <A>(child: ChildProcess): Promise<A> => (await once(child, "message"))[0]

const ask = <A>(child: ChildProcess): Promise<A> => {
  const answer = hear<A>(child)
  child.send({})
  return answer
}

/** A server with readers, and what is measured of both. */
const serving = async <A>(
  [kind, ...how]: ReadonlyArray<string>,
  [count, mode]: readonly [string, string],
  measure: (server: ChildProcess, readers: ChildProcess, before: Used) => Promise<A>
): Promise<A> => {
  const server = start("server", kind ?? "", ...how)
  const { port } = await hear<{ readonly port: number }>(server)
  const before = await ask<Used>(server)
  const readers = start("readers", kind ?? "", String(port), count, mode)
  await hear(readers)
  const measured = await measure(server, readers, before)
  for (const child of [server, readers]) {
    child.kill("SIGKILL")
    await once(child, "exit")
  }
  return measured
}

const seconds = Number(values.seconds)

const streaming = (kind: string) =>
  serving([kind], [values.sessions, "stream"], async (server, readers, before) => {
    await setTimeout(3000)
    const first = await ask<Used>(server)
    await ask(readers)
    await setTimeout(seconds * 1000)
    const { delays } = await ask<{ readonly delays: ReadonlyArray<number> }>(readers)
    const last = await ask<Used>(server)
    const cpu = (last.cpu.user + last.cpu.system - first.cpu.user - first.cpu.system) / 1000 / delays.length
    const part = (share: number) => delays[Math.floor(delays.length * share)] ?? NaN
    const heap = (last.heapUsed - before.heapUsed) / Number(values.sessions) / 1024
    const rate = Math.round(delays.length / seconds)
    print(
      `${kind.padEnd(5)} ${rate} events/s, ${(cpu * 1000).toFixed(0)} us CPU an event, delay p50 ${part(0.5)} ms, ` +
        `p99 ${part(0.99)} ms, ${heap.toFixed(1)} KB of heap a session`
    )
    return { cpu, p99: part(0.99) }
  })

const mb = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`

const bare = await streaming("bare")
const ours = await streaming("ours")
print(`      CPU ${(ours.cpu / bare.cpu).toFixed(2)}x, p99 ${ours.p99 - bare.p99} ms more\n`)

await serving(["ours"], [values.idle, "idle"], async (server, _, before) => {
  const { rss } = await ask<Used>(server)
  print(`idle  ${values.idle} sessions with a reader each: ${mb(rss)} RSS, ${mb(before.rss)} before`)
})

await serving(["ours", "2", "1000"], ["200", "deaf"], async (server, readers) => {
  for (let at = 5; at <= 20; at += 5) {
    await setTimeout(5000)
    const [{ rss }, { closed }] = [await ask<Used>(server), await ask<{ readonly closed: number }>(readers)]
    print(`deaf  200 readers of one session, after ${at} s: ${mb(rss)} RSS, ${closed} cut off`)
  }
})
