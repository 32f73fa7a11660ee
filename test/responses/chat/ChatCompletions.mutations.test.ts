import { assert, describe, it } from "@effect/vitest"
import * as Predicate from "effect/Predicate"
import * as fc from "fast-check"
import * as ChatStream from "../../../src/responses/chat/ChatStream.ts"
import * as Item from "../../../src/responses/Item.ts"
import * as Response from "../../../src/responses/Response.ts"
import type { StreamEvent } from "../../../src/responses/StreamEvent.ts"
import * as ToolCall from "../../../src/responses/ToolCall.ts"

/** A call as a model makes it, its arguments in pieces. */
interface Call {
  readonly id: string
  readonly name: string
  readonly pieces: ReadonlyArray<string>
}

/** What a model says, in pieces as a server streams them. */
interface Said {
  readonly thought: ReadonlyArray<string>
  readonly answer: ReadonlyArray<string>
  readonly calls: ReadonlyArray<Call>
}

/** A chunk of a stream; one with no choices tells what was used. */
interface Chunk {
  readonly choices: ReadonlyArray<Choice>
  readonly [field: string]: unknown
}

interface Choice {
  readonly index: number
  readonly delta?: Fields
  readonly message?: Fields
  readonly finish_reason: string | null
}

interface Fields {
  readonly [field: string]: unknown
}

type Chunks = ReadonlyArray<Chunk>

const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "qwen3" }
const chunk = (delta: Fields, finish_reason: string | null = null, index = 0): Chunk => ({
  ...head,
  choices: [{ index, delta, finish_reason }]
})
const usage: Chunk = { ...head, choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } }

/** The stream in its plain form, as OpenAI's server tells it. */
const plain = ({ answer, calls, thought }: Said): Chunks => [
  chunk({ role: "assistant", content: "" }),
  ...thought.map((piece) => chunk({ reasoning_content: piece })),
  ...answer.map((piece) => chunk({ content: piece })),
  ...calls.flatMap(({ id, name, pieces }, index) => [
    chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
    ...pieces.map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] }))
  ]),
  chunk({}, calls.length === 0 ? "stop" : "tool_calls"),
  usage
]

const mapChoices = (chunks: Chunks, by: (choice: Choice) => Choice): Chunks =>
  chunks.map((chunk) => ({ ...chunk, choices: chunk.choices.map(by) }))
/** Pieces and whole messages. */
const mapDeltas = (chunks: Chunks, by: (delta: Fields) => Fields): Chunks =>
  mapChoices(chunks, ({ delta, message, ...choice }) => ({
    ...choice,
    ...delta === undefined ? {} : { delta: by(delta) },
    ...message === undefined ? {} : { message: by(message) }
  }))
const callsIn = (fields: Fields | undefined): ReadonlyArray<Fields> =>
  Array.isArray(fields?.["tool_calls"]) ? fields["tool_calls"].filter(Predicate.isReadonlyRecord) : []
const functionOf = (call: Fields): Fields => Predicate.isReadonlyRecord(call["function"]) ? call["function"] : {}
const argumentsOf = (call: Fields): string => {
  const told = functionOf(call)["arguments"] ?? ""
  return typeof told === "string" ? told : JSON.stringify(told)
}
const mapCalls = (chunks: Chunks, by: (call: Fields) => Fields): Chunks =>
  mapDeltas(chunks, (delta) => callsIn(delta).length === 0 ? delta : { ...delta, tool_calls: callsIn(delta).map(by) })
const deltasOf = (chunks: Chunks): ReadonlyArray<Fields> =>
  chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta === undefined ? [] : [delta]))
const without = (fields: Fields, ...names: ReadonlyArray<string>): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

/** The message that the deltas of these chunks add up to. */
const messageOf = (chunks: Chunks): Fields => {
  const deltas = deltasOf(chunks)
  const join = (field: string) => deltas.map((delta) => delta[field]).filter(Predicate.isString).join("")
  const calls = new Map<unknown, Fields>()
  for (const call of deltas.flatMap(callsIn)) {
    const before = calls.get(call["index"]) ?? {}
    const json = `${argumentsOf(before)}${argumentsOf(call)}`
    calls.set(call["index"], {
      ...before,
      ...call,
      function: { ...functionOf(before), ...functionOf(call), arguments: json }
    })
  }
  return {
    role: "assistant",
    content: join("content"),
    ...join("reasoning_content") === "" ? {} : { reasoning_content: join("reasoning_content") },
    ...calls.size === 0 ? {} : { tool_calls: [...calls.values()] }
  }
}

const hasMessage = ({ choices }: Chunk) => choices.some(({ message }) => message !== undefined)
const isLast = ({ choices }: Chunk) => choices.some(({ finish_reason }) => finish_reason !== null)
const last = (chunks: Chunks, by: (chunk: Chunk) => ReadonlyArray<Chunk>): Chunks =>
  chunks.flatMap((chunk) => isLast(chunk) ? by(chunk) : [chunk])

/**
 * What servers do to such a stream; `n` chooses the call or the place. Changes of the form come before those of details.
 */
const mutations: { readonly [name: string]: (chunks: Chunks, n: number) => Chunks } = {
  "sends calls whole": (chunks) => {
    const calls = callsIn(messageOf(chunks))
    const rest = chunks.filter(({ choices }) => !choices.some(({ delta }) => callsIn(delta).length > 0))
    return last(rest, (end) => [...calls.map((call) => chunk({ tool_calls: [call] })), end])
  },
  "sends all calls at once, and arguments as objects": (chunks) => {
    const calls = callsIn(messageOf(chunks)).map((call) => ({
      ...call,
      function: { ...functionOf(call), arguments: JSON.parse(argumentsOf(call) || "{}") }
    }))
    const rest = chunks.filter(({ choices }) => !choices.some(({ delta }) => callsIn(delta).length > 0))
    return calls.length === 0 ? chunks : last(rest, (end) => [chunk({ tool_calls: calls }), end])
  },
  "begins arguments with an empty object": (chunks) =>
    mapCalls(
      chunks,
      (call) =>
        functionOf(call)["arguments"] === "" ? { ...call, function: { ...functionOf(call), arguments: "{}" } } : call
    ),
  "repeats the whole message behind its pieces": (chunks) => {
    const message = messageOf(chunks)
    return last(chunks, (end) => [{ ...end, choices: end.choices.map((choice) => ({ ...choice, message })) }])
  },
  "sends the message in the place of its pieces": (chunks, n) => {
    const message = messageOf(chunks)
    const of = (delta: object) => ({ ...head, choices: [{ index: 0, ...delta, message, finish_reason: "stop" }] })
    return [of(n % 2 === 0 ? {} : { delta: {} }), usage]
  },
  "tells a call again at the end": (chunks, n) => {
    const calls = callsIn(messageOf(chunks))
    const again = calls[n % calls.length]
    return again === undefined || chunks.some(hasMessage)
      ? chunks
      : last(chunks, (end) => [chunk({ tool_calls: [again] }), end])
  },
  "puts calls into a second choice": (chunks) => {
    const isCall = ({ choices }: Chunk) => choices.some(({ delta }) => callsIn(delta).length > 0)
    return chunks.flatMap((chunk) => {
      const choices = chunk.choices.map(({ delta = {}, finish_reason }) => ({ index: 1, delta, finish_reason }))
      const second = { ...chunk, choices }
      if (isLast(chunk)) return chunks.some(isCall) ? [chunk, second] : [chunk]
      return [isCall(chunk) ? second : chunk]
    })
  },
  "tells the end with the last piece": (chunks) => {
    const at = chunks.findIndex(isLast)
    const [before, end] = [chunks[at - 1], chunks[at]]
    if (before === undefined || end === undefined || before.choices[0]?.index !== end.choices[0]?.index) return chunks
    const choices = before.choices.map((choice) => ({
      ...choice,
      finish_reason: end.choices[0]?.finish_reason ?? null
    }))
    return [...chunks.slice(0, at - 1), { ...before, choices }, ...chunks.slice(at + 1)]
  },
  "repeats ids and names in every piece": (chunks) => {
    const heads = new Map(
      deltasOf(chunks).flatMap(callsIn)
        .filter((call) => typeof functionOf(call)["name"] === "string")
        .map((call) => [call["index"], call])
    )
    return mapCalls(chunks, (call) => {
      const { id, ...rest } = heads.get(call["index"]) ?? {}
      const { name } = functionOf(rest)
      return {
        ...call,
        ...id === undefined ? {} : { id },
        function: { ...functionOf(call), ...name === undefined ? {} : { name } }
      }
    })
  },
  "leaves ids out": (chunks) => mapCalls(chunks, (call) => without(call, "id")),
  "renumbers calls": (chunks, n) =>
    mapCalls(chunks, (call) => "index" in call ? { ...call, index: Number(call["index"]) * 2 + n % 3 } : call),
  "leaves the numbers of calls out": (chunks) => mapCalls(chunks, (call) => without(call, "index")),
  "gives every call the number 0": (chunks) => mapCalls(chunks, (call) => ({ ...call, index: 0 })),
  "sends empty texts for what is absent": (chunks) =>
    mapCalls(
      mapDeltas(chunks, (delta) => ({ content: "", ...delta })),
      (call) => ({ id: "", ...call, function: { name: "", ...functionOf(call) } })
    ),
  "sends null for what is absent": (chunks) =>
    mapCalls(
      mapDeltas(chunks, (delta) => ({ content: null, refusal: null, tool_calls: null, function_call: null, ...delta })),
      (call) => ({ id: null, ...call, function: { name: null, ...functionOf(call) } })
    ),
  "uses the other name of thoughts": (chunks) =>
    mapDeltas(chunks, (delta) =>
      "reasoning_content" in delta
        ? { ...without(delta, "reasoning_content"), reasoning: delta["reasoning_content"] }
        : delta),
  "sends the answer in parts": (chunks) =>
    mapDeltas(chunks, (delta) =>
      typeof delta["content"] === "string" && delta["content"] !== ""
        ? { ...delta, content: [{ type: "text", text: delta["content"] }] }
        : delta),
  "numbers its only choice otherwise": (chunks, n) =>
    mapChoices(chunks, (choice) => ({ ...choice, index: choice.index + n })),
  "tells what was used with every chunk, or nowhere": (chunks, n) =>
    chunks.flatMap((chunk) => chunk === usage ? [] : [n % 2 === 0 ? chunk : { ...chunk, usage: usage["usage"] }])
}

const order = Object.keys(mutations)

/** A text that a server may cut anywhere, also inside of a character of two units. */
const cutUp = (text: string, places: ReadonlyArray<number>): ReadonlyArray<string> => {
  const edges = [0, ...places.map((place) => place % (text.length + 1)).toSorted((a, b) => a - b), text.length]
  return edges.slice(1).map((end, index) => text.slice(edges[index], end)).filter((piece) => piece !== "")
}

const inPieces = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.array(fc.nat(200), { maxLength: 5 })).map(([text, places]) => cutUp(text, places))

const words = fc.array(
  fc.constantFrom("I", "look", " at", " it.", "\n", "\n\n", " {", "}", "\"", "é", "🙂", "</think>", "data: ", "[DONE]"),
  { minLength: 1, maxLength: 8 }
).map((words) => words.join(""))
const value = fc.oneof(
  fc.constantFrom<unknown>("", "a", "{}", "{\"a\":1}", "é\"\\", 0, 1.5, true, null),
  fc.array(fc.constantFrom("x", "{", "]"), { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("{", "1"), { maxKeys: 2 })
)
const json = fc.dictionary(fc.constantFrom("path", "command", "x"), value, { maxKeys: 3 }).map((fields) =>
  JSON.stringify(fields)
)

const said: fc.Arbitrary<Said> = fc.record({
  thought: fc.oneof(fc.constant([]), inPieces(words)),
  answer: fc.oneof(fc.constant([]), inPieces(words)),
  calls: fc.array(fc.record({ name: fc.constantFrom("read", "bash", "bash_2"), pieces: inPieces(json) }), {
    maxLength: 3
  })
    .map((calls) => calls.map((call, index) => ({ ...call, id: `call_${index}` })))
}).filter(({ answer, calls, thought }) => answer.length + calls.length + thought.length > 0)

const wanted = ({ calls }: Said) =>
  calls.map(({ id, name, pieces }) => [id, name, JSON.parse(pieces.join(""))] as const)

const read = (chunks: Chunks, isDone = true) => {
  const events: Array<StreamEvent> = []
  const reader = ChatStream.reader({ tools: [], hasThinkTags: false })((event) => events.push(event))
  for (const chunk of chunks) reader.data(JSON.stringify(chunk), undefined)
  if (isDone) reader.data("[DONE]", undefined)
  reader.end?.()
  return { events, response: events.reduce(Response.add, Response.empty) }
}

const textsOf = (response: Response.Response, type: string) =>
  Response.items(response).filter((item) => item.type === type).map((item) =>
    type === "reasoning" ? Item.reasoningText(item) : Item.text(item)
  ).join("")

const shown = (events: ReadonlyArray<StreamEvent>) =>
  events.flatMap((event) => event.type === "response.output_text.delta" ? [event.delta] : []).join("")

const callsOf = (response: Response.Response) =>
  Response.calls(response).map((call) =>
    [call.call_id, call.name, JSON.parse(ToolCall.argument(call) || "{}")] as const
  )

/** Combinations that leave nothing to tell calls apart by, so that no reader could. */
const blind = ({ calls }: Said, names: ReadonlyArray<string>): boolean => {
  const has = (what: RegExp) => names.some((name) => what.test(name))
  const areUnique = new Set(calls.map(({ name, pieces }) => `${name} ${pieces.join("")}`)).size === calls.length
  const isAgainElsewhere = has(/whole message/) && has(/second choice/)
  return has(/ids out/) && (!areUnique || has(/numbers of calls|number 0/) || isAgainElsewhere)
}

describe("A Chat Completions stream, changed as servers change it", () => {
  const change = fc.tuple(fc.constantFrom(...order), fc.nat(5))
  const changed = fc.tuple(said, fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: ([name]) => name }))
    .filter(([said, changes]) => !blind(said, changes.map(([name]) => name)))
    .map(([said, changes]) => {
      const inOrder = changes.toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))
      const chunks = inOrder.reduce((chunks, [name, n]) => mutations[name]?.(chunks, n) ?? chunks, plain(said))
      return {
        said,
        chunks,
        changes: inOrder,
        toString: () => JSON.stringify({ changes: inOrder, said, chunks })
      }
    })
  const options = { numRuns: 600 }

  it("loses no text that was shown, and tells none twice", () => {
    fc.assert(
      fc.property(changed, ({ chunks, said }) => {
        const { events, response } = read(chunks)
        assert.strictEqual(shown(events), said.answer.join(""))
        assert.strictEqual(textsOf(response, "message"), said.answer.join(""))
        assert.strictEqual(textsOf(response, "reasoning"), said.thought.join(""))
      }),
      options
    )
  })

  it("runs every call once", () => {
    fc.assert(
      fc.property(changed, ({ changes, chunks, said }) => {
        const told = callsOf(read(chunks).response)
        if (!changes.some(([name]) => name === "leaves ids out")) return assert.deepStrictEqual(told, wanted(said))
        assert.deepStrictEqual(
          told.map(([, ...rest]) => rest),
          wanted(said).map(([, ...rest]) => rest)
        )
        assert.strictEqual(new Set(told.map(([id]) => id)).size, told.length)
      }),
      options
    )
  })

  it("is not whole where it was cut", () => {
    fc.assert(
      fc.property(changed, fc.double({ min: 0, max: 1, noNaN: true }), ({ chunks }, part) => {
        const before = chunks.slice(0, Math.floor(part * chunks.findIndex(isLast)))
        assert.isUndefined(read(before, false).response.finishReason)
      }),
      options
    )
    fc.assert(
      fc.property(changed, fc.constantFrom("length", "content_filter"), ({ chunks }, reason) => {
        const cut = mapChoices(
          chunks,
          (choice) => choice.finish_reason === null ? choice : { ...choice, finish_reason: reason }
        )
        const { finishReason } = read(cut).response
        assert.strictEqual(finishReason, reason === "length" ? "max_output_tokens" : reason)
      }),
      options
    )
  })
})
