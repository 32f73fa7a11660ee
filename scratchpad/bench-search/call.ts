/** Calls one search tool as the model does, and tells how long the call took, what it said, and what it cost. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProcessGroup from "../../src/node/process/ProcessGroup.ts"
import * as ArtifactFiles from "../../src/node/session/ArtifactFiles.ts"
import * as NodeFiles from "../../src/node/workspace/NodeFiles.ts"
import * as NodeFileSearch from "../../src/node/workspace/NodeFileSearch.ts"
import { outputText } from "../../src/responses/ToolCall.ts"
import * as BuiltIn from "../../src/tools/builtin/BuiltIn.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as SeenFiles from "../../src/tools/workspace/SeenFiles.ts"
import * as Workspace from "../../src/tools/workspace/Workspace.ts"
import { work } from "./work.ts"

export interface Answer {
  readonly milliseconds: number
  /** Of processors, in milliseconds, with that of the processes it started. */
  readonly work: number
  readonly output: string
  /** In bytes. */
  readonly memory: number
}

const [root = "", name = "", args = "", ripgrep] = process.argv.slice(2)

const layer = ToolExecutor.layer(BuiltIn.toolkit).pipe(
  Layer.provide(Layer.mergeAll(
    NodeFiles.layer,
    SeenFiles.layer,
    ArtifactFiles.layer({ folder: `${root}/../kept` }),
    ProcessGroup.layer,
    NodeFileSearch.layerWith({ ripgrep })
  )),
  Layer.provide(Workspace.layer({ root })),
  Layer.provide(NodeContext.layer)
)

const answer = await Effect.runPromise(
  Effect.gen(function*() {
    const executor = yield* ToolExecutor.ToolExecutor
    const start = performance.now()
    const before = work()
    const { output } = yield* executor.execute(
      { type: "function_call", call_id: "call_1", name, arguments: args },
      { callId: "call_1", sessionId: "bench", progress: () => Effect.void }
    )
    return {
      milliseconds: performance.now() - start,
      work: work() - before,
      output: outputText(output),
      memory: process.resourceUsage().maxRSS * 1024
    }
  }).pipe(Effect.provide(layer))
)
process.send?.(answer satisfies Answer)
process.disconnect?.()
