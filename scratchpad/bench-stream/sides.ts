/** Those who read a stream, each loaded only where it is measured. */

/** Reads one stream to its end and shows every event. */
export type Listen = (show: (event: Event) => void) => Promise<void>

export interface Event {
  readonly type: string
  readonly [field: string]: unknown
}

/** Everything is loaded, and nothing is sent, when this is there. */
export type Side = (baseUrl: string) => Promise<Listen>

const apiKey = "sk-bench"
const body = { model: "gpt-6.2-sol", input: "Hi" }

/** What must be done whoever does it: the socket, the lines, the JSON. */
const floor: Side = async (baseUrl) => {
  const { createParser } = await import("eventsource-parser")
  return async (show) => {
    const response = await fetch(`${baseUrl}/responses`, { method: "POST", body: JSON.stringify(body) })
    const text = new TextDecoder()
    const parser = createParser({ onEvent: ({ data }) => show(JSON.parse(data)) })
    for await (const chunk of response.body ?? []) parser.feed(text.decode(chunk, { stream: true }))
  }
}

/** The same without `fetch`. */
const floorOverHttp: Side = async (baseUrl) => {
  const { createParser } = await import("eventsource-parser")
  const { request } = await import("node:http")
  return (show) =>
    new Promise((resolve, reject) => {
      const parser = createParser({ onEvent: ({ data }) => show(JSON.parse(data)) })
      const sent = request(`${baseUrl}/responses`, { method: "POST" }, (response) => {
        response.setEncoding("utf8").on("data", (text) => parser.feed(text)).on("end", resolve).on("error", reject)
      })
      sent.on("error", reject).end(JSON.stringify(body))
    })
}

const ours = (network: "fetch" | "default"): Side => async (baseUrl) => {
  const Effect = await import("effect/Effect")
  const Layer = await import("effect/Layer")
  const Option = await import("effect/Option")
  const Redacted = await import("effect/Redacted")
  const { runForEachChunk } = await import("../../src/internal/stream.ts")
  const AuthClient = await import("../../src/auth/AuthClient.ts")
  const { Credentials } = await import("../../src/auth/Credentials.ts")
  const { apiKey: credential } = await import("../../src/auth/Credential.ts")
  const KnownItem = await import("../../src/responses/KnownItem.ts")
  const Request = await import("../../src/responses/Request.ts")
  const Item = await import("../../src/responses/Item.ts")
  const Responses = await import("../../src/responses/Responses.ts")
  const client = network === "fetch"
    ? (await import("@effect/platform/FetchHttpClient")).layer
    : (await import("../../src/node/network/Network.ts")).layerConfig()
  const layer = Responses.layer.pipe(
    Layer.provide(AuthClient.layer({
      chatgptBaseUrl: baseUrl,
      apiBaseUrl: baseUrl,
      originator: "bench",
      organization: Option.none(),
      project: Option.none()
    })),
    Layer.provide(Layer.mock(Credentials, {
      current: Effect.succeed({
        credential: credential(Redacted.make(apiKey)),
        source: "environment" as const,
        reason: ""
      })
    })),
    Layer.provide(client)
  )
  const responses = await Effect.runPromise(Effect.provide(Responses.Responses, layer))
  const request = Request.make({
    model: body.model,
    instructions: "",
    input: [Item.userMessage(body.input)],
    cacheKey: "bench"
  })
  // As the agent reads it.
  return (show) =>
    Effect.runPromise(runForEachChunk(responses.stream(request), (events) => {
      for (const event of events) {
        if (event.type === "response.output_item.done") KnownItem.fromItem(event.item)
        show(event as Event)
      }
      return Effect.void
    }))
}

const openai = (how: "create" | "stream"): Side => async (baseUrl) => {
  const { default: OpenAI } = await import("openai")
  const client = new OpenAI({ apiKey, baseURL: baseUrl, maxRetries: 0 })
  return async (show) => {
    const stream = how === "create"
      ? await client.responses.create({ ...body, stream: true })
      : client.responses.stream(body)
    for await (const event of stream) show(event as unknown as Event)
  }
}

const aiOpenai: Side = async (baseUrl) => {
  const Effect = await import("effect/Effect")
  const Layer = await import("effect/Layer")
  const Redacted = await import("effect/Redacted")
  const Stream = await import("effect/Stream")
  const FetchHttpClient = await import("@effect/platform/FetchHttpClient")
  const OpenAiClient = await import("@effect/ai-openai/OpenAiClient")
  const layer = OpenAiClient.layer({ apiKey: Redacted.make(apiKey), apiUrl: baseUrl }).pipe(
    Layer.provide(FetchHttpClient.layer)
  )
  const client = await Effect.runPromise(Effect.provide(OpenAiClient.OpenAiClient, layer))
  return (show) =>
    Effect.runPromise(Stream.runForEachChunk(client.createResponseStream(body), (events) =>
      Effect.sync(() => {
        for (const event of events) show(event as unknown as Event)
      })))
}

export const sides = {
  floor,
  floorOverHttp,
  ours: ours("fetch"),
  oursDefault: ours("default"),
  openaiCreate: openai("create"),
  openaiStream: openai("stream"),
  aiOpenai
} satisfies Readonly<Record<string, Side>>

export type Name = keyof typeof sides
