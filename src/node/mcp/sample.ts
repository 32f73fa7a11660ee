/**
 * Asks the model of an agent what an MCP server wants to know of it.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Request from "../../responses/Request.ts"
import * as Response from "../../responses/Response.ts"
import type { Responses } from "../../responses/Responses.ts"
import * as Usage from "../../responses/Usage.ts"
import * as Estimate from "../../session/compaction/Estimate.ts"
import type * as Sampling from "../../tools/mcp/Sampling.ts"

/** An answer that is longer than it may be is not waited for. */
export const make =
  (responses: typeof Responses.Service, model: string): Sampling.Ask => ({ input, instructions, room }) =>
    Effect.suspend(() => {
      let response = Response.empty
      let said = ""
      const request = Request.make({ model, instructions: instructions === "" ? briefly : instructions, input })
      return responses.stream(request).pipe(
        Stream.takeUntil((event) => {
          response = Response.add(response, event)
          if (event.type === "effixir.retry") said = ""
          if (event.type === "response.output_text.delta") said += event.delta
          return said.length > room
        }),
        Stream.runDrain,
        Effect.mapError(({ message }) => message),
        Effect.map((): Sampling.Sample => {
          const text = Response.text(response) || said
          const isCut = text.length > room
          // The end of a stream, which is not waited for, has what it has used.
          const hasUsage = response.usage.inputTokens + response.usage.outputTokens > 0
          const usage = hasUsage ? response.usage : {
            ...Usage.zero,
            inputTokens: Estimate.ofText(instructions) + Estimate.ofItems(input),
            outputTokens: Estimate.ofText(text)
          }
          return { model, text: text.slice(0, room).toWellFormed(), isCut, usage }
        })
      )
    })

/** Some servers refuse a request without instructions. */
const briefly = "Answer briefly."
