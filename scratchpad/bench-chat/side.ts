/** One side of the bench, on a terminal of its own. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import type { AgentEvent } from "../../src/agent/AgentEvent.ts"
import * as Conversation from "../../src/cli/chat/Conversation.ts"
import * as LiveArea from "../../src/cli/chat/LiveArea.ts"
import * as StatusLine from "../../src/cli/chat/StatusLine.ts"
import { tokens } from "./answer.ts"

export interface Measured {
  /** In milliseconds of one processor. */
  readonly cpu: number
  readonly millis: number
  readonly tokens: number
  readonly bytes: number
  readonly memory: number
}

let bytes = 0

const write = (text: string) =>
  Effect.async<void>((resume) => {
    bytes += Buffer.byteLength(text)
    process.stdout.write(text, () => resume(Effect.void))
  })

/** Pieces at an even pace; what is late comes with the next ones. */
const paced = <E>(all: ReadonlyArray<string>, perSecond: number, take: (piece: string) => Effect.Effect<void, E>) =>
  Effect.gen(function*() {
    const start = performance.now()
    for (let done = 0; done < all.length;) {
      const due = Math.min(all.length, Math.floor((performance.now() - start) / 1000 * perSecond))
      for (; done < due; done++) yield* take(all[done] ?? "")
      yield* Effect.sleep(5)
    }
  })

const raw = (all: ReadonlyArray<string>, perSecond: number) => paced(all, perSecond, write)

const chat = (all: ReadonlyArray<string>, perSecond: number) =>
  Effect.scoped(Effect.gen(function*() {
    const size = () => ({ columns: process.stdout.columns, rows: process.stdout.rows })
    const width = () => size().columns
    const area = yield* LiveArea.make({ write, size, hasCursor: true })
    const conversation = Conversation.make({ width, colors: true, hint: "Esc to stop" })
    const stamp = { seq: 1, at: DateTime.unsafeNow() }
    const add = (event: AgentEvent) =>
      Effect.zipRight(Effect.flatMap(conversation.add(event), area.print), area.draw(view))
    const view = () => {
      const live = conversation.live(Date.now())
      const status = StatusLine.row({
        model: "gpt-6-luna",
        effort: "high",
        folder: "~/project",
        branch: "main",
        context: { tokens: 12_345, window: 272_000 },
        elapsed: performance.now(),
        width: width(),
        colors: true
      })
      return { rows: [...live, "", "> ", status], cursor: { row: live.length + 1, column: 2 } }
    }
    yield* add({ _tag: "TurnStarted", turnId: "turn-1", model: "m", input: [], ...stamp })
    yield* paced(all, perSecond, (delta) =>
      add({ _tag: "TextDelta", turnId: "turn-1", itemId: "turn-1.0.0", delta, ...stamp }))
    yield* area.flush
  }))

export const measure = async (side: "raw" | "chat", seconds: number, perSecond: number, file: string) => {
  const all = tokens(seconds * perSecond)
  const before = process.cpuUsage()
  const start = performance.now()
  await Effect.runPromise((side === "raw" ? raw : chat)(all, perSecond))
  const { system, user } = process.cpuUsage(before)
  const measured: Measured = {
    cpu: (system + user) / 1000,
    millis: performance.now() - start,
    tokens: all.length,
    bytes,
    memory: process.memoryUsage.rss()
  }
  writeFileSync(file, JSON.stringify(measured))
}
