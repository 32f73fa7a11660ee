import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as List from "effect/List"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import * as Prompt from "../../../src/prompts/Compaction.ts"
import { type Item, text, userMessage } from "../../../src/responses/Item.ts"
import * as Usage from "../../../src/responses/Usage.ts"
import * as Estimate from "../../../src/session/compaction/Estimate.ts"
import * as Plan from "../../../src/session/compaction/Plan.ts"
import * as Shortening from "../../../src/session/compaction/Shortening.ts"
import * as History from "../../../src/session/History.ts"
import { type Compacted, Stored } from "../../../src/session/SessionEvent.ts"
import { happenings, log, recipient, toLog } from "./conversations.ts"

type Log = ReadonlyArray<Stored>

const runs = { numRuns: Number(process.env["EFFIXIR_PROPERTY_RUNS"] ?? 300) }
const inputOf = (log: Log, to: History.Recipient = recipient) => History.toInput(History.forRecipient(log, to), to)
const bytes = (items: ReadonlyArray<Item>) => items.map((item) => JSON.stringify(item))
const planOf = (log: Log) => Plan.make(History.fromStored(log))

const summaries = {
  local: userMessage(Prompt.summary("What was done.")),
  hosted: { type: "compaction", encrypted_content: "gAAAAAcompacted" }
} as const

/** The log with its conversation compacted, if there is something to compact. */
const compact = (log: Log, method: Compacted["method"] = "local"): Log =>
  Option.match(planOf(log), {
    onNone: () => log,
    onSome: ({ replaced, said, upTo }) => {
      const seq = (log.at(-1)?.seq ?? 0) + 1
      const effort = History.latestEffort(replaced)
      const event: Compacted = {
        _tag: "Compacted",
        reason: "asked",
        method,
        upTo,
        items: [...said, summaries[method]],
        ...recipient,
        ...(effort === undefined ? {} : { effort }),
        usage: Usage.zero,
        beforeTokens: 0,
        afterTokens: 0
      }
      return [...log, { seq, at: DateTime.unsafeMake(0), key: `k${seq}`, event }]
    }
  })

/** The same, as another process finds it. */
const reopened = (log: Log): Log =>
  log.map((stored) => Schema.decodeSync(Schema.parseJson(Stored))(Schema.encodeSync(Schema.parseJson(Stored))(stored)))

/** A log, another compacted beginning of it, and what came after. */
const cut = fc.tuple(happenings, happenings, fc.constantFrom("local" as const, "hosted" as const))

const later = (log: Log, more: Log): Log => {
  const from = log.at(-1)?.seq ?? 0
  return [...log, ...more.slice(2).map((stored) => ({ ...stored, seq: stored.seq + from, key: `more${stored.seq}` }))]
}

/** Its last turn was cut off, the next process wrote its end, and it went on. */
const goneOn = (log: Log): Log => {
  const seq = (log.at(-1)?.seq ?? 0) + 1
  const turnId = log.reduce((last, { event }) => event._tag === "TurnStarted" ? event.turnId : last, "turn-1")
  const at = DateTime.unsafeMake(0)
  return [
    ...log,
    { seq, at, key: `k${seq}`, event: { _tag: "TurnInterrupted", turnId, reason: "crash" } },
    { seq: seq + 1, at, key: `k${seq + 1}`, event: { _tag: "TurnResumed", turnId } }
  ]
}

const saidIn = (log: Log) =>
  log.flatMap(({ event }) =>
    event._tag === "TurnStarted" || event._tag === "InputAdded" ? event.input.map((item) => text(item)) : []
  )

describe("A plan", () => {
  it("has nothing to compact before the model has said something", () => {
    assert.isTrue(Option.isNone(planOf([])))
    assert.isTrue(Option.isNone(planOf(toLog([]))))
    assert.isTrue(Option.isNone(planOf(toLog([{ _tag: "Says", text: "And quickly." }]))))
  })

  it("lets what the model has not seen stay as it is, and the last response while its calls are open", () => {
    const answer = { _tag: "Answers", texts: [], calls: 2, thinks: false } as const
    const why = (log: Log) => Option.map(planOf(log), ({ kept }) => kept.map(({ why }) => why))
    const ended = [answer, { _tag: "Ends", call: 0, text: "a" }, { _tag: "Ends", call: 1, text: "b" }] as const
    assert.deepStrictEqual(why(toLog([answer])), Option.none())
    assert.deepStrictEqual(why(toLog(ended)), Option.some([]))
    assert.deepStrictEqual(why(toLog([...ended, { _tag: "Says", text: "Wait" }])), Option.some(["unseen"]))
    assert.deepStrictEqual(
      why(toLog([...ended, answer, { _tag: "Ends", call: 0, text: "a" }, { _tag: "Begins", call: 1 }])),
      Option.some(["open"])
    )
    assert.deepStrictEqual(
      why(toLog([answer, { _tag: "Asks", text: "Something else", effort: undefined }])),
      Option.some(["unseen"])
    )
  })

  it("is idempotent: what was just compacted has nothing more to compact", () => {
    fc.assert(
      fc.property(log, fc.constantFrom("local" as const, "hosted" as const), (log, method) => {
        const once = compact(log, method)
        assert.deepStrictEqual(compact(once, method), once)
        assert.deepStrictEqual(bytes(inputOf(compact(once, method))), bytes(inputOf(once)))
      }),
      runs
    )
  })

  it("commutes with opening the session again", () => {
    fc.assert(
      fc.property(log, fc.constantFrom("local" as const, "hosted" as const), (log, method) => {
        assert.deepStrictEqual(
          bytes(inputOf(reopened(compact(log, method)))),
          bytes(inputOf(compact(reopened(log), method)))
        )
      }),
      runs
    )
  })

  it("commutes with an interruption after which the turn goes on, however often", () => {
    fc.assert(
      fc.property(cut, fc.nat(2), ([first, second, method], times) => {
        const start = toLog(first)
        const resumed = (log: Log): Log => Array.from({ length: times }).reduce(goneOn, log)
        // What repairs the calls that were open is the same before and after, and makes nothing that is sent.
        assert.deepStrictEqual(bytes(inputOf(resumed(start))), bytes(inputOf(start)))
        const [before, after] = [compact(resumed(start), method), resumed(compact(start, method))]
        assert.deepStrictEqual(bytes(inputOf(before)), bytes(inputOf(after)))
        const more = toLog(second)
        assert.deepStrictEqual(bytes(inputOf(later(before, more))), bytes(inputOf(later(after, more))))
      }),
      runs
    )
  })

  it("keeps every open call, what the model has not seen, the preamble, and all that the user said", () => {
    fc.assert(
      fc.property(log, fc.constantFrom("local" as const, "hosted" as const), (log, method) => {
        const before = History.fromStored(log)
        const after = bytes(inputOf(compact(log, method)))
        for (const said of saidIn(log)) assert.isTrue(after.some((item) => item.includes(JSON.stringify(said))), said)
        const head = List.head(before)
        if (Option.isSome(head) && head.value._tag === "Response" && History.hasOpenCalls(head.value)) {
          const open = bytes(History.toInput(History.of(head.value), recipient))
          assert.deepStrictEqual(after.slice(-open.length), open)
        }
        assert.include(after[0], "# Session")
      }),
      runs
    )
  })

  it("keeps it over several compactions", () => {
    fc.assert(
      fc.property(fc.array(happenings, { minLength: 2, maxLength: 4 }), (parts) => {
        const all = parts.map(toLog).reduce((log, more) => compact(later(log, more)), toLog([]))
        const after = bytes(inputOf(all)).join("\n")
        for (const said of saidIn(all)) assert.include(after, JSON.stringify(said))
        assert.isAtMost(after.split("What was done.").length, 2)
      }),
      runs
    )
  })

  it("changes one place: all that comes after it is sent as it would be without it", () => {
    fc.assert(
      fc.property(cut, ([first, second, method]) => {
        const start = toLog(first)
        const compacted = compact(start, method)
        const rest = later(compacted, toLog(second))
        const sent = bytes(inputOf(compacted))
        const whole = bytes(inputOf(rest))
        // Open calls get their outputs behind them; everything else is only added to.
        const head = List.head(History.fromStored(compacted))
        const isOpen = Option.exists(head, (part) => part._tag === "Response" && History.hasOpenCalls(part))
        if (!isOpen) assert.deepStrictEqual(whole.slice(0, sent.length), sent)
      }),
      runs
    )
  })

  it("is replayed from any prefix of the log as it was sent then", () => {
    fc.assert(
      fc.property(cut, ([first, second, method]) => {
        const all = compact(later(compact(toLog(first), method), toLog(second)), method)
        let live = History.empty
        for (const [index, stored] of all.entries()) {
          live = History.add(live, History.numbered(stored))
          const prefix = reopened(all.slice(0, index + 1))
          assert.deepStrictEqual(bytes(inputOf(prefix)), bytes(History.toInput(live, recipient)))
        }
      }),
      runs
    )
  })

  it("answers every call once, to whomever it is sent", () => {
    fc.assert(
      fc.property(
        cut,
        fc.constantFrom(recipient, { ...recipient, model: "gpt-6-astra" }, { ...recipient, account: "api-key" }),
        ([first, second, method], to) => {
          const open: Array<unknown> = []
          const items = inputOf(later(compact(toLog(first), method), toLog(second)), to)
          for (const item of items) {
            assert.notProperty(item, "id")
            if (item.type === "function_call") open.push(item["call_id"])
            if (item.type === "function_call_output") assert.strictEqual(item["call_id"], open.shift())
            if (to !== recipient) assert.notStrictEqual(item.type, "compaction")
          }
          assert.deepStrictEqual(open, [])
        }
      ),
      runs
    )
  })

  it("is rebuilt from text for another model or account, and where the server can no longer read it", () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const start = toLog(all)
        for (const other of [{ ...recipient, model: "gpt-6-astra" }, { ...recipient, account: "api-key" }]) {
          const items = inputOf(compact(start, "hosted"), other).filter(({ type }) => type !== "configuration_update")
          const plain = inputOf(start, other).filter(({ type }) => type !== "configuration_update")
          assert.deepStrictEqual(bytes(items), bytes(plain))
          assert.deepStrictEqual(
            bytes(inputOf(compact(start, "local"), other)),
            bytes(inputOf(compact(start, "local")).filter(({ type }) => type !== "reasoning"))
          )
        }
        const unreadable = History.forRecipient(compact(start, "hosted"), recipient, false)
        const unread = History.toInput(unreadable, recipient, { isReadable: false })
        assert.isFalse(unread.some(({ type }) => type === "compaction" || type === "reasoning"))
      }),
      runs
    )
  })

  it("keeps what was said last, up to so many tokens, and cuts the oldest of it", () => {
    const long = (letter: string) => letter.repeat(30_000)
    const answer = { _tag: "Answers", texts: ["Yes."], calls: 0, thinks: false } as const
    const asks = (text: string) => ({ _tag: "Asks", text, effort: undefined }) as const
    const all = toLog([answer, asks(long("a")), answer, asks(long("b")), answer, asks(long("c")), answer])
    const { said } = Option.getOrThrow(planOf(all))
    const texts = said.map((item) => text(item))
    assert.strictEqual(texts[0], "# Session")
    assert.deepStrictEqual(texts.slice(-2), [long("b"), long("c")])
    assert.match(texts[1] ?? "", /^a+\n\[\d+ characters are left out here\.\]\na+$/)
    assert.strictEqual(texts.length, 4)
    assert.isAtMost(Estimate.ofItems(said), Plan.saidTokens + 100)
    // In a small window it is less.
    const small = Option.getOrThrow(Plan.make(History.fromStored(all), 8000)).said
    assert.isAtMost(Estimate.ofItems(small), 2100)
    assert.include(text(small.at(-1) ?? userMessage("")), "ccc")
  })
})

describe("Shortening", () => {
  const output = (n: number, text: string): Item => ({
    type: "function_call_output",
    call_id: `call_${n}`,
    output: text
  })
  const call = (n: number): Item => ({ type: "function_call", call_id: `call_${n}`, name: "ls", arguments: "{}" })

  it("cuts outputs first, the oldest first, and leaves what fits as it is", () => {
    const items = [userMessage("Go"), call(1), output(1, "x".repeat(17_000)), call(2), output(2, "y".repeat(17_000))]
    assert.strictEqual(Shortening.toFit(items, 100_000), items)
    const shorter = Shortening.toFit(items, 6000)
    assert.match(String(shorter[2]?.["output"]), /^x+\n\[\d+ characters of this output are left out here\.\]\nx+$/)
    assert.deepStrictEqual(shorter[4], items[4])
  })

  it("never leaves a call without its output, nor an output without its call, and says what the user said", () => {
    const item = fc.oneof(
      fc.nat(5).map(call),
      fc.string({ maxLength: 3000 }).map((text) => userMessage(text)),
      fc.string({ maxLength: 3000 }).map((text): Item => ({
        type: "message",
        role: "assistant",
        content: [{ type: "output_text", text }]
      }))
    )
    const items = fc.array(item).map((items) =>
      items.flatMap((item) =>
        item.type === "function_call"
          ? [item, output(Number(item["call_id"]?.toString().slice(5)), "z".repeat(4000))]
          : [item]
      )
    )
    fc.assert(
      fc.property(items, fc.integer({ min: 100, max: 10_000 }), (items, budget) => {
        const left = Shortening.toFit(items, budget)
        const ids = (type: string) => left.filter((item) => item.type === type).map((item) => item["call_id"])
        assert.deepStrictEqual(ids("function_call"), ids("function_call_output"))
        const users = (all: ReadonlyArray<Item>) => all.filter(({ role }) => role === "user").length
        assert.strictEqual(users(left), users(items))
        assert.isAtMost(Estimate.ofItems(left), Math.max(budget, 550 * users(items)))
      }),
      runs
    )
  })
})
