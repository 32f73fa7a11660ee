import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { type Item, userMessage } from "../../src/responses/Item.ts"
import * as Usage from "../../src/responses/Usage.ts"
import * as Plan from "../../src/session/compaction/Plan.ts"
import * as History from "../../src/session/History.ts"
import * as LastTurn from "../../src/session/LastTurn.ts"
import { type SessionEvent, startedSuffix, Stored, width } from "../../src/session/SessionEvent.ts"
import * as WorkingSet from "../../src/session/WorkingSet.ts"

type Log = ReadonlyArray<Stored>

const recipient = { model: "gpt-6.2-sol", account: "a" }
const runs = { numRuns: Number(process.env["EFFIXIR_PROPERTY_RUNS"] ?? 300) }
const at = DateTime.unsafeMake(0)
const encode = Schema.encodeSync(Schema.parseJson(Stored))
const call = { type: "function_call", call_id: "c", name: "ls", arguments: "{}" } as const

const bytes = (events: Log) => JSON.stringify(History.toInput(History.fromStored(events), recipient))
const plain = (events: Log) => events.map(({ event }) => event)
const grants = (events: Log) =>
  events.flatMap(({ event }) => event._tag === "PermissionDecided" ? event.grants ?? [] : [])

/** What happens next in a session; most of it can happen at any time. */
const deed = fc.record({
  what: fc.constantFrom(
    "ask",
    "ask",
    "answer",
    "answer",
    "call",
    "decide",
    "grant",
    "resume",
    "complete",
    "complete",
    "interrupt",
    "rename",
    "compact",
    "compact"
  ),
  setup: fc.option(fc.constantFrom("work", "home")),
  permission: fc.option(fc.constantFrom("auto" as const, "read-only" as const)),
  isHosted: fc.boolean()
})

type Deed = typeof deed extends fc.Arbitrary<infer A> ? A : never

const toLog = (deeds: ReadonlyArray<Deed>): Log => {
  const log: Array<Stored> = []
  let turn = 0
  let step = 0
  let next = 1
  const write = (key: string, event: SessionEvent) => {
    log.push({ seq: next, at, key, event })
    next += width(event)
  }
  write("session", { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1, workspace: "/w" })
  for (const { isHosted, permission, setup, what } of deeds) {
    const turnId = `turn-${turn}`
    const n = log.length
    const asked = {
      ...setup === null ? {} : { setup: { profile: setup } },
      ...permission === null ? {} : { permission }
    }
    if (what === "ask") {
      turn++
      step = 0
      const input = [userMessage(`Do ${n}`)]
      write(`turn-${turn}`, { _tag: "TurnStarted", turnId: `turn-${turn}`, model: `m${n}`, input, ...asked })
    } else if (what === "rename") write(`renamed/${n}`, { _tag: "SessionRenamed", title: `t${n}` })
    else if (turn === 0) continue
    else if (what === "answer") {
      const items: ReadonlyArray<Item> = [
        { type: "message", role: "assistant", content: [{ type: "output_text", text: `Done ${n}` }] },
        call
      ]
      const event = { turnId, step: step++, ...recipient, items, usage: Usage.zero, finishReason: "stop" }
      write(`${turnId}/model/${event.step}`, { _tag: "ModelResponded", ...event })
    } else if (what === "call" && step > 0) {
      const key = `${turnId}/tool/${step - 1}/c${n}`
      const itemId = `${turnId}.${step - 1}.1`
      write(key + startedSuffix, { _tag: "ToolStarted", turnId, itemId, call })
      write(key, { _tag: "ToolEnded", turnId, itemId, call, status: "completed", output: `out ${n}` })
    } else if (what === "decide" || what === "grant") {
      write(`${turnId}/tool/0/c${n}/permission`, {
        _tag: "PermissionDecided",
        turnId,
        itemId: "i",
        decision: "allowed",
        rule: "r",
        by: "person",
        ...what === "grant" ? { grants: [`g${n}`] } : {}
      })
    } else if (what === "resume") {
      write(`${turnId}/resumed/${n}`, { _tag: "TurnResumed", turnId, effort: "low", ...asked })
    } else if (what === "complete") {
      write(`${turnId}/end/${n}`, {
        _tag: "TurnCompleted",
        turnId,
        answer: "Done",
        usage: Usage.zero,
        finishReason: "stop"
      })
    } else if (what === "interrupt") {
      write(`${turnId}/end/${n}`, { _tag: "TurnInterrupted", turnId, reason: "cancelled" })
    } else if (what === "compact") {
      const plan = Plan.make(History.fromStored(log))
      if (Option.isNone(plan)) continue
      const { said, upTo } = plan.value
      const items = [...said, isHosted ? { type: "compaction", encrypted_content: "gAAA" } : userMessage("In short")]
      write(`compacted/${n}`, {
        _tag: "Compacted",
        reason: "asked",
        method: isHosted ? "hosted" : "local",
        upTo,
        items,
        ...recipient,
        usage: Usage.zero,
        beforeTokens: 10,
        afterTokens: 5
      })
    }
  }
  return log
}

const log = fc.array(deed, { maxLength: 60 }).map(toLog)
const of = (log: Log) => WorkingSet.make(log.map((stored) => encode(stored)))

/** All that a later turn wants to know. */
const assertSame = (kept: Log, log: Log) => {
  assert.strictEqual(bytes(kept), bytes(log))
  assert.deepStrictEqual(LastTurn.lastUsed(plain(kept)), LastTurn.lastUsed(plain(log)))
  assert.deepStrictEqual(LastTurn.lastPermission(plain(kept)), LastTurn.lastPermission(plain(log)))
  assert.deepStrictEqual(grants(kept), grants(log))
  assert.deepStrictEqual(kept[0], log[0])
  assert.deepStrictEqual(kept.at(-1)?.seq, log.at(-1)?.seq)
}

describe("A working set", () => {
  it("tells later turns the same as the whole log", () => {
    fc.assert(
      fc.property(log, (log) => {
        const kept = of(log).events()
        assertSame(kept, log)
        assert.deepStrictEqual(
          Option.map(LastTurn.openTurn(plain(kept)), ({ started }) => started),
          Option.map(LastTurn.openTurn(plain(log)), ({ started }) => started)
        )
      }),
      runs
    )
  })

  it("has all of a turn that can be resumed, and what was said before it", () => {
    fc.assert(
      fc.property(log, (log) => {
        const known = of(log)
        const kept = known.events()
        const [last, wanted] = [LastTurn.unfinishedTurn(plain(kept)), LastTurn.unfinishedTurn(plain(log))]
        assert.deepStrictEqual(Option.map(last, ({ started }) => started), Option.map(wanted, ({ started }) => started))
        if (Option.isNone(last) || Option.isNone(wanted)) return
        assert.strictEqual(last.value.ends, wanted.value.ends)
        assert.deepStrictEqual(kept.slice(last.value.at), log.slice(wanted.value.at))
        assert.strictEqual(bytes(kept.slice(0, last.value.at)), bytes(log.slice(0, wanted.value.at)))
        for (const stored of log.slice(wanted.value.at)) assert.deepStrictEqual(known.get(stored.key), stored)
      }),
      runs
    )
  })

  it("knows of every key, and gives no number twice", () => {
    fc.assert(
      fc.property(log, (log) => {
        const known = of(log)
        for (const stored of log) {
          if (!known.isLeftOut(stored.key)) assert.deepStrictEqual(known.get(stored.key), stored)
        }
        assert.isUndefined(known.get("nothing"))
        assert.isFalse(known.isLeftOut("nothing"))
        assert.strictEqual(known.take(1), log.reduce((next, { event, seq }) => Math.max(next, seq + width(event)), 1))
      }),
      runs
    )
  })

  it("is the same whether events are read or were just appended", () => {
    fc.assert(
      fc.property(log, fc.double({ min: 0, max: 1, noNaN: true }), (log, part) => {
        const cut = Math.round(log.length * part)
        const known = of(log.slice(0, cut))
        for (const stored of log.slice(cut)) known.add(stored)
        assertSame(known.events(), log)
        for (const stored of log) {
          if (!known.isLeftOut(stored.key)) assert.deepStrictEqual(known.get(stored.key), stored)
        }
      }),
      runs
    )
  })

  it("holds little of what was compacted", () => {
    const one = (what: Deed["what"]): Deed => ({ what, setup: null, permission: null, isHosted: true })
    const turns = Array.from({ length: 100 }, () => [one("ask"), one("answer"), one("call"), one("complete")]).flat()
    const long = toLog([...turns, one("compact"), one("ask"), one("answer"), one("complete")])
    assert.isAbove(long.length, 500)
    assert.isAtMost(of(long).events().length, 12)
    // One that can be resumed is gone through from where it began.
    assert.isAtMost(of(long.slice(0, -1)).events().length, 12)
  })

  it("passes over what is no event, and takes the first of two lines with one key that is one", () => {
    const [start, asked, answered] = toLog([
      { what: "ask", setup: null, permission: null, isHosted: false },
      { what: "answer", setup: null, permission: null, isHosted: false }
    ]).map((stored) => encode(stored))
    const broken = (answered ?? "").replace("\"step\":0", "\"step\":\"x\"")
    const known = WorkingSet.make([start ?? "", "", "{", broken, asked ?? "", answered ?? "", answered ?? ""])
    assert.deepStrictEqual(known.events().map(({ event }) => event._tag), [
      "SessionStarted",
      "TurnStarted",
      "ModelResponded"
    ])
    assert.isFalse(known.isCorrupt())
    assert.isTrue(WorkingSet.make(["", "x", broken]).isCorrupt())
    assert.isFalse(WorkingSet.make([]).isCorrupt())
  })
})
