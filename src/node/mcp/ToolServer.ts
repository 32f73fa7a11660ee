/**
 * An MCP server on stdin and stdout, which offers tools of ours to the agents of other programs.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import { text } from "../../internal/json.ts"
import { version } from "../../internal/version.ts"
import type { Item } from "../../responses/Item.ts"
import type { Output } from "../../responses/ToolCall.ts"
import { CallToolRequestSchema, ListToolsRequestSchema, Server, StdioServerTransport } from "../../vendor/mcp.ts"

/** @since 0.1.0 @category models */
export interface Offered {
  readonly name: string
  readonly description: string
  /** The JSON Schema of an object. */
  readonly parameters: { readonly [keyword: string]: unknown }
  readonly isReadOnly: boolean
}

/** @since 0.1.0 @category models */
export interface Options {
  readonly tools: ReadonlyArray<Offered>
  readonly call: (
    name: string,
    args: { readonly [field: string]: unknown },
    progress: (text: string) => Effect.Effect<void>
  ) => Effect.Effect<{ readonly output: Output; readonly isFailed: boolean }>
}

/**
 * Serves until stdin ends. Calls are stopped when the client says so, and when it is gone.
 *
 * @since 0.1.0
 * @category running
 */
export const serve = Effect.fnUntraced(function*({ call, tools }: Options) {
  const run = yield* FiberSet.makeRuntimePromise()
  const server = new Server({ name: "effixir", version }, { capabilities: { tools: {} } })

  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ description, isReadOnly, name, parameters }) => ({
      name,
      description,
      inputSchema: { ...parameters, type: "object" as const },
      annotations: { readOnlyHint: isReadOnly, destructiveHint: !isReadOnly }
    }))
  }))

  server.setRequestHandler(CallToolRequestSchema, ({ params }, { _meta, sendNotification, signal }) => {
    const progressToken = _meta?.progressToken
    let told = 0
    const progress = (message: string) =>
      progressToken === undefined ?
        Effect.void :
        Effect.ignore(Effect.tryPromise(() =>
          sendNotification({ method: "notifications/progress", params: { progressToken, progress: ++told, message } })
        ))
    const stopped = Effect.async<never>((resume) => {
      const stop = () => resume(Effect.interrupt)
      if (signal.aborted) return stop()
      signal.addEventListener("abort", stop, { once: true })
      return undefined
    })
    return run(Effect.map(
      Effect.raceFirst(call(params.name, params.arguments ?? {}, progress), stopped),
      ({ isFailed, output }) => ({ content: contentOf(output), ...isFailed ? { isError: true } : {} })
    ))
  })

  const transport = new StdioServerTransport()
  yield* Effect.acquireRelease(
    Effect.promise(() => server.connect(transport)),
    () => Effect.ignore(Effect.tryPromise(() => server.close()))
  )
  yield* Effect.async<void>((resume) => {
    const end = () => resume(Effect.void)
    process.stdin.once("end", end).once("close", end)
  })
})

const contentOf = (output: Output) =>
  typeof output === "string" ? [{ type: "text" as const, text: output }] : output.map(partOf)

const partOf = (part: Item) => {
  const [, mimeType, data] = /^data:([^;]+);base64,(.*)$/s.exec(text(part["image_url"]) ?? "") ?? []
  return mimeType === undefined || data === undefined
    ? { type: "text" as const, text: text(part["text"]) ?? `[${part.type}]` }
    : { type: "image" as const, mimeType, data }
}
