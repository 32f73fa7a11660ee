import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { Socket } from "node:net"
import * as Script from "../../src/testing/Script.ts"
import { lines, machine, platform } from "./support.ts"

interface Sent {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A collector of traces; one that hangs takes requests, and answers none. */
const collector = (hangs = false) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const sent: Array<Sent> = []
      const server = createServer((request, response) => {
        const pieces: Array<Buffer> = []
        request.on("data", (piece: Buffer) => void pieces.push(piece))
        request.on("end", () => {
          sent.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(pieces) })
          if (!hangs) response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      }).listen(0, "127.0.0.1")
      await once(server, "listening")
      const { port } = server.address() as AddressInfo
      return { server, sent, url: `http://127.0.0.1:${port}`, address: `127.0.0.1:${port}` }
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

interface Span {
  readonly name: string
  readonly kind: number
  readonly spanId: string
  readonly parentSpanId?: string
  readonly status: { readonly code: number }
  readonly attributes: ReadonlyArray<{
    readonly key: string
    readonly value: {
      readonly stringValue?: string
      readonly intValue?: number
      readonly arrayValue?: { readonly values: ReadonlyArray<{ readonly stringValue?: string }> }
    }
  }>
}

const spansOf = (sent: ReadonlyArray<Sent>): ReadonlyArray<Span> =>
  sent.flatMap(({ body }) =>
    JSON.parse(body.toString()).resourceSpans.flatMap((resource: { scopeSpans: ReadonlyArray<{ spans: Span }> }) =>
      resource.scopeSpans.flatMap(({ spans }) => spans)
    )
  )

const attributesOf = ({ attributes }: Span): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.arrayValue?.values.map(({ stringValue }) => stringValue) ?? value.intValue ?? value.stringValue
    ])
  )

const said = "a word that only the model and the person know"

const script: Script.Script = ({ input }) =>
  input.some(({ type }) => type === "function_call_output")
    ? Script.answer(Script.say(`Done: ${said}`))
    : Script.answer(
      Script.call("bash", { command: `echo '${said}'` }),
      Script.call("read", { path: `${said}.txt` })
    )

const token = "collector-token-0123456789abcdef"

/** Where the sockets of this process go while something runs. */
const connections = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const went = new Set<string>()
      const connect = Socket.prototype.connect
      const watched = function(this: Socket, ...args: ReadonlyArray<unknown>): Socket {
        const [to, host] = args.flat()
        const part = (name: string) => Predicate.hasProperty(to, name) ? to[name] : undefined
        went.add(String(part("path") ?? `${String(part("host") ?? host ?? "localhost")}:${String(part("port") ?? to)}`))
        return Reflect.apply(connect, this, args)
      }
      Socket.prototype.connect = watched
      return { went, connect }
    }),
    ({ went }) => Effect.map(effect, (value) => [value, went] as const),
    ({ connect }) =>
      Effect.sync(() => {
        Socket.prototype.connect = connect
      })
  )

describe("traces", () => {
  it.scopedLive(
    "tell a collector of turns, model calls and tool calls, and nothing of what is said",
    () =>
      Effect.gen(function*() {
        const { run, secrets, simulator } = yield* machine(script)
        const { sent, url } = yield* collector()
        const env = {
          OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/`,
          OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
          OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${token}, x-tenant = blue`,
          OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test",
          OTEL_SERVICE_NAME: "my-agent"
        }
        const { code, stderr, stdout } = yield* run(["--json", "--log-level", "debug", `Say ${said}`], { env })
        assert.strictEqual(code, 0, stderr)
        assert.isNotEmpty(sent)
        for (const { headers, path } of sent) {
          assert.strictEqual(path, "/v1/traces")
          assert.deepInclude(headers, { authorization: `Bearer ${token}`, "x-tenant": "blue" })
        }
        const session = lines(stdout).find(({ type }) => type === "thread.started")?.["thread_id"]
        const spans = spansOf(sent)
        const named = (name: string) => spans.filter((span) => span.name === name)

        const [turn] = named("invoke_agent")
        assert.isDefined(turn)
        assert.include(attributesOf(turn), {
          "gen_ai.operation.name": "invoke_agent",
          "gen_ai.provider.name": "openai",
          "gen_ai.conversation.id": session,
          "effixir.turn.id": "turn-1"
        })
        const calls = spans.filter(({ name }) => name.startsWith("chat "))
        assert.strictEqual(calls.length, 2)
        for (const call of calls) {
          const attributes = attributesOf(call)
          const model = attributes["gen_ai.request.model"]
          assert.deepInclude(attributes, {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.conversation.id": session,
            "gen_ai.response.model": model,
            "gen_ai.response.finish_reasons": ["stop"]
          })
          assert.strictEqual(call.name, `chat ${model}`)
          // A client in OpenTelemetry's words.
          assert.strictEqual(call.kind, 3)
          assert.strictEqual(call.parentSpanId, turn.spanId)
          assert.isString(attributes["gen_ai.response.id"])
          assert.isAbove(Number(attributes["gen_ai.usage.input_tokens"]), 0)
          assert.isAbove(Number(attributes["gen_ai.usage.output_tokens"]), 0)
        }
        const total = calls.reduce((sum, call) => sum + Number(attributesOf(call)["gen_ai.usage.output_tokens"]), 0)
        assert.strictEqual(attributesOf(turn)["gen_ai.usage.output_tokens"], total)
        const [bash] = named("execute_tool bash")
        assert.isDefined(bash)
        assert.include(attributesOf(bash), {
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": "bash",
          "gen_ai.conversation.id": session
        })
        assert.isString(attributesOf(bash)["gen_ai.tool.call.id"])
        assert.strictEqual(bash.parentSpanId, turn.spanId)
        const failed = named("execute_tool read").map((span) => attributesOf(span)["error.type"])
        assert.deepStrictEqual(failed, ["ToolFailure"])

        const all = Buffer.concat(sent.map(({ body }) => body)).toString()
        assert.include(all, "my-agent")
        assert.include(all, "deployment.environment")
        for (const secret of [...secrets, said, token, "Bearer", "stacktrace"]) assert.notInclude(all, secret)
        // Nor are servers of models told of traces.
        for (const { headers } of yield* simulator.requests) {
          assert.doesNotHaveAnyKeys(headers, ["traceparent", "b3"])
        }
        for (const secret of [...secrets, token]) assert.notInclude(stderr + stdout, secret)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "of a failed call hold the kind of the failure, and the collector gets binary by default",
    () =>
      Effect.gen(function*() {
        const { run } = yield* machine(() => Script.fail({ code: "invalid_prompt", message: `What is "${said}"?` }))
        const { sent, url } = yield* collector()
        const { code } = yield* run([said], { env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/own/path` } })
        assert.strictEqual(code, 1)
        assert.isNotEmpty(sent)
        const all = Buffer.concat(sent.map(({ body }) => body)).toString("latin1")
        for (const { headers, path } of sent) {
          assert.strictEqual(path, "/own/path")
          assert.strictEqual(headers["content-type"], "application/x-protobuf")
        }
        assert.include(all, "ModelError: ContentFiltered")
        assert.notInclude(all, said)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("go nowhere unless a collector is named, and neither does anything else", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(script)
      const { address, sent, url } = yield* collector()
      const servers = new Set(
        [simulator.issuer, simulator.chatgptBaseUrl, simulator.apiBaseUrl].map((url) => new URL(url).host)
      )
      const commands: ReadonlyArray<ReadonlyArray<string>> = [
        ["Hello"],
        ["resume", "--last", "Hello again"],
        ["models"],
        ["status"],
        ["sessions", "list"],
        ["config", "list"],
        ["doctor"],
        ["completion", "bash"],
        ["--help"],
        ["--version"]
      ]
      const off: ReadonlyArray<Record<string, string>> = [
        {},
        { OTEL_EXPORTER_OTLP_ENDPOINT: " " },
        { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_SDK_DISABLED: "TRUE" },
        { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_TRACES_EXPORTER: "none" }
      ]
      const [, quiet] = yield* connections(Effect.gen(function*() {
        for (const command of commands) yield* run(command)
        for (const env of off) yield* run(["Hello"], { env })
      }))
      assert.isNotEmpty(quiet)
      assert.deepStrictEqual([...quiet].filter((one) => !servers.has(one)), [])
      assert.deepStrictEqual(sent, [])

      const [, loud] = yield* connections(run(["Hello"], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } }))
      assert.deepStrictEqual([...loud].filter((one) => !servers.has(one)), [address])
      assert.isNotEmpty(sent)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "that cannot be delivered hold a run up for two seconds at most, and change nothing about it",
    () =>
      Effect.gen(function*() {
        const { run } = yield* machine(script)
        const silent = yield* collector(true)
        const gone = yield* Effect.scoped(Effect.map(collector(), ({ url }) => url))
        const measured = Effect.fnUntraced(function*(env: Record<string, string>) {
          const begin = Date.now()
          const { code, stderr, stdout } = yield* run(["-q", "Hello"], { env })
          assert.deepStrictEqual([code, stdout, stderr], [0, `Done: ${said}\n`, ""])
          return Date.now() - begin
        })
        const usual = yield* measured({})
        for (const url of [silent.url, gone]) {
          const took = yield* measured({ OTEL_EXPORTER_OTLP_ENDPOINT: url })
          // Without a bound, they would be tried for half a minute.
          assert.isBelow(took - usual, 8000)
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("are not exported by way of what cannot be used, which is told", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(script)
      const wrong: ReadonlyArray<readonly [env: Record<string, string>, ...parts: ReadonlyArray<string>]> = [
        [{ OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"],
        [
          { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
          "OTEL_EXPORTER_OTLP_PROTOCOL",
          "http/protobuf"
        ]
      ]
      for (const [env, ...parts] of wrong) {
        const { code, stderr, stdout } = yield* run(["Hello"], { env })
        assert.deepStrictEqual([code, stdout], [0, `Done: ${said}\n`])
        for (const part of ["No traces are exported", ...parts]) assert.include(stderr, part)
      }
    }).pipe(Effect.provide(platform)))
})
