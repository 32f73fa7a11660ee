import { assert, describe, it } from "@effect/vitest"
import * as Predicate from "effect/Predicate"
import * as fc from "fast-check"
import * as Item from "../../src/responses/Item.ts"
import * as Response from "../../src/responses/Response.ts"
import * as StreamEvent from "../../src/responses/StreamEvent.ts"
import * as ToolCall from "../../src/responses/ToolCall.ts"
import * as Recordings from "./recordings.ts"

type Events = ReadonlyArray<Recordings.Event>

const fold = (events: Events) => events.map(StreamEvent.fromJson).reduce(Response.add, Response.empty)

const isEnd = ({ type }: Recordings.Event) => type === "response.completed" || type === "response.incomplete"
const indexOf = ({ output_index }: Recordings.Event) => typeof output_index === "number" ? output_index : undefined

/** Changes a field of an object, if it is there. */
const change = (event: Recordings.Event, field: string, by: (value: unknown) => unknown): Recordings.Event =>
  field in event ? { ...event, [field]: by(event[field]) } : event
const without = (value: unknown, ...fields: ReadonlyArray<string>): unknown =>
  Predicate.isRecord(value)
    ? Object.fromEntries(Object.entries(value).filter(([name]) => !fields.includes(name)))
    : value
const bare = (item: unknown): unknown =>
  !Predicate.isRecord(item) ? item : {
    ...item,
    ..."content" in item && item["type"] === "message" ? { content: [] } : {},
    ..."arguments" in item && item["type"] === "function_call" ? { arguments: "" } : {},
    ..."summary" in item ? { summary: [] } : {}
  }
const outputOf = (event: Recordings.Event, by: (items: ReadonlyArray<unknown>) => unknown) =>
  change(event, "response", (response) => {
    const output = Recordings.at(response, "output")
    return Array.isArray(output) ? { ...Object(response), output: by(output) } : response
  })

/** What servers do to such a stream; `n` chooses the item or event. */
const mutations: { readonly [name: string]: (events: Events, n: number) => Events } = {
  "takes an item's done away": (events, n) => {
    const done = events.filter(({ type }) => type === "response.output_item.done")
    return events.filter((event) => event !== done[n % done.length])
  },
  "takes every done of a text or argument away": (events) =>
    events.filter(({ type }) => !/(?:text|arguments|part|input)\.done$/.test(type)),
  "takes what is added away": (events) => events.filter(({ type }) => !type.endsWith(".added")),
  "empties an item that is done": (events, n) => {
    const done = events.filter(({ type }) => type === "response.output_item.done")
    return events.map((event) => event === done[n % done.length] ? change(event, "item", bare) : event)
  },
  "empties the final output": (events) => events.map((event) => isEnd(event) ? outputOf(event, () => []) : event),
  "empties the items of the final output": (events) =>
    events.map((event) => isEnd(event) ? outputOf(event, (items) => items.map(bare)) : event),
  "gives an item the index of the one before": (events, n) => {
    const last = Math.max(0, ...events.map(indexOf).filter((index) => index !== undefined))
    const own = last === 0 ? 0 : 1 + n % last
    return events.map((event) => indexOf(event) === own ? { ...event, output_index: own - 1 } : event)
  },
  "gives every item the index 0": (events) => events.map((event) => change(event, "output_index", () => 0)),
  "renumbers": (events, n) =>
    events.map((event) => change(event, "output_index", (index) => Number(index) * 2 + n % 3)),
  "numbers in words": (events) => events.map((event) => change(event, "output_index", String)),
  "drops numbers": (events) => events.map((event) => without(event, "output_index") as Recordings.Event),
  "drops ids": (events) =>
    events.map((event) =>
      outputOf(
        change(without(event, "item_id") as Recordings.Event, "item", (item) => without(item, "id")),
        (items) => items.map((item) => without(item, "id"))
      )
    ),
  "gives every event another id": (events) =>
    events.map((event, at) =>
      change(change(event, "item_id", () => `x${at}`), "item", (item) => ({ ...Object(item), id: `x${at}` }))
    ),
  "tells an item twice": (events, n) => {
    const done = events.filter(({ type }) => type === "response.output_item.done")
    return events.flatMap((event) => event === done[n % done.length] ? [event, event] : [event])
  },
  "tells an item again under another index": (events, n) => {
    const done = events.filter(({ type }) => type === "response.output_item.done")
    return events.flatMap((event) =>
      event === done[n % done.length] ? [event, { ...event, output_index: 100 }] : [event]
    )
  },
  "tells arguments as an object": (events) =>
    events.map((event) =>
      change(event, "item", (item) => {
        const json = Recordings.at(item, "arguments")
        return typeof json === "string" && json !== "" ? { ...Object(item), arguments: JSON.parse(json) } : item
      })
    ),
  "leaves roles out": (events) => events.map((event) => change(event, "item", (item) => without(item, "role")))
}

/** Whether the server itself gives an item another id in each event. */
const hasOwnIds = (events: Events): boolean => {
  const first = new Map<unknown, unknown>()
  return events.some((event) => {
    const id = event["item_id"] ?? Recordings.at(event["item"], "id")
    if (id === undefined || indexOf(event) === undefined) return false
    if (!first.has(indexOf(event))) first.set(indexOf(event), id)
    return first.get(indexOf(event)) !== id
  })
}

/** Combinations that leave nothing to tell items apart by, or the name of a call nowhere, so that no reader could. */
const blind = (events: Events, names: ReadonlyArray<string>): boolean => {
  const has = (what: RegExp) => names.some((name) => what.test(name))
  const areIdsGone = has(/ids|another id/) || hasOwnIds(events)
  return areIdsGone && (has(/index|number/) || has(/twice/)) ||
    names.includes("takes what is added away") && (areIdsGone || has(/index|number|done away/))
}

const words = (text: string) => text.replaceAll(/\s+/g, "")

/** All texts that a person was shown while the stream was told, by item. */
const shown = (events: Events): ReadonlyArray<string> => {
  const texts = new Map<string, string>()
  for (const event of events) {
    if (event.type !== "response.output_text.delta" || typeof event["delta"] !== "string") continue
    const key = `${event["output_index"]}/${event["content_index"]}`
    texts.set(key, (texts.get(key) ?? "") + event["delta"])
  }
  return [...texts.values()].map(words)
}

const callsOf = (events: Events) =>
  Response.calls(fold(events)).map((call) => [call.call_id, call.name, ToolCall.argument(call)])
const textOf = (events: Events) => words(Response.items(fold(events)).filter(Item.isMessage).map(Item.text).join("\n"))

describe.runIf(Recordings.areHere)("A recorded stream, changed as servers change it", () => {
  const whole = Recordings.streams.filter(({ events }) => events.some(isEnd))
  const change = fc.tuple(fc.constantFrom(...Object.keys(mutations)), fc.nat(20))
  const changed = fc.tuple(fc.nat(whole.length - 1), fc.array(change, { minLength: 1, maxLength: 3 }))
    .filter(([index, changes]) => !blind(whole[index]?.events ?? [], changes.map(([name]) => name)))
    .map(([index, changes]) => {
      const recording = whole[index] ?? { name: "", text: "", events: [] }
      const events = changes.reduce((events, [name, n]) => mutations[name]?.(events, n) ?? events, recording.events)
      return { recording, changes, events, toString: () => `${recording.name}: ${JSON.stringify(changes)}` }
    })
  const options = { numRuns: 600 }

  it("loses no text that was shown, and tells none twice", () => {
    fc.assert(
      fc.property(changed, ({ events, recording }) => {
        const text = textOf(events)
        for (const told of shown(recording.events)) {
          assert.include(text, told)
          assert.strictEqual(text.split(told).length, textOf(recording.events).split(told).length)
        }
      }),
      options
    )
  })

  it("runs every call once", () => {
    fc.assert(
      fc.property(changed, ({ events, recording }) => {
        assert.sameDeepMembers(callsOf(events).map(String), callsOf(recording.events).map(String))
      }),
      options
    )
  })

  it("is not whole where it was cut", () => {
    fc.assert(
      fc.property(changed, fc.double({ min: 0, max: 1, noNaN: true }), ({ events }, part) => {
        const before = events.slice(0, Math.floor(part * (events.findIndex(isEnd))))
        assert.isUndefined(fold(before).finishReason)
      }),
      options
    )
    fc.assert(
      fc.property(changed, fc.constantFrom("max_output_tokens", "content_filter"), ({ events }, reason) => {
        const cut = events.map((event) =>
          isEnd(event)
            ? {
              type: "response.completed",
              response: { ...Object(event["response"]), status: "incomplete", incomplete_details: { reason } }
            }
            : event
        )
        assert.strictEqual(fold(cut).finishReason, reason)
      }),
      options
    )
  })
})
