/**
 * `effixir mcp serve`: the built-in tools, and an agent, for the agents of other programs. Nothing of it is kept.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Agent } from "../../../agent/Agent.ts"
import type { Credentials } from "../../../auth/Credentials.ts"
import { jsonSchema } from "../../../internal/jsonSchema.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as Overrides from "../../../node/settings/Overrides.ts"
import * as Trust from "../../../node/settings/Trust.ts"
import * as Told from "../../../prompts/McpTools.ts"
import { userMessage } from "../../../responses/Item.ts"
import { FunctionTool } from "../../../responses/Request.ts"
import type { Output, ToolCall } from "../../../responses/ToolCall.ts"
import { endsTurn } from "../../../session/SessionEvent.ts"
import { makeId } from "../../../session/SessionStore.ts"
import * as BuiltIn from "../../../tools/builtin/BuiltIn.ts"
import { Permission } from "../../../tools/permission/Permission.ts"
import { runUnasked } from "../../../tools/runUnasked.ts"
import { ToolExecutor } from "../../../tools/ToolExecutor.ts"
import * as Toolkit from "../../../tools/Toolkit.ts"
import * as AgentSetup from "../../agentSetup.ts"
import type { Flags } from "../../commands/mcp/serve.ts"
import * as Common from "../../commands/options.ts"
import * as Runtime from "../../runtime.ts"
import type { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const folder = Option.getOrElse(flags.cd, () => process.cwd())
  if (flags.trust) yield* Trust.trust(yield* Home.config, folder)
  const limits = yield* Common.limitsOf(flags)
  const { effort, model, permission, policy } = flags
  const { runtime, search, settings, skills } = yield* AgentSetup.read({
    folder,
    model,
    permission,
    policy,
    isNew: true,
    form: "jsonl",
    search: Common.searchOf(flags),
    ...Option.isSome(effort) ? { effort: effort.value } : {}
  })
  const ToolServer = yield* Effect.promise(() => import("../../../node/mcp/ToolServer.ts"))

  yield* Effect.gen(function*() {
    const executor = yield* ToolExecutor
    const permission = yield* Permission
    const agent = yield* Agent
    const session = yield* makeId
    const services = yield* Effect.context<Credentials | FileSystem.FileSystem | Path.Path | Screen>()
    const alone = yield* Effect.makeSemaphore(maxCalls)
    const toolkit = Toolkit.pick(BuiltIn.make(), ...names)

    const ask = Effect.fnUntraced(function*({ prompt, session = "" }: typeof Task.Type) {
      const { options } = yield* AgentSetup.ofTurn(settings, search, Option.getOrUndefined(flags.model))
      const id = session === "" ? yield* makeId : session
      const input = yield* AgentSetup.teach([userMessage(prompt)], skills)
      const end = yield* agent.run(id, input, { ...options, limits }).pipe(Stream.filter(endsTurn), Stream.runHead)
      if (Option.isNone(end)) return failed(Told.failed)
      const event = end.value
      switch (event._tag) {
        case "TurnCompleted":
          return { output: Told.agentAnswered(event.answer, id), isFailed: false }
        case "TurnLimited":
          return failed(Told.agentLimited(event.limit, id))
        case "TurnFailed":
          return failed(Told.agentFailed(event.message, id))
        default:
          return failed(Told.failed)
      }
    }, Effect.provide(services))

    const offered = Array.from(toolkit.tools.values(), ({ declaration }) => declaration)
      .filter(Schema.is(FunctionTool))
      .map(({ description, name, parameters }) => ({ name, description, parameters, isReadOnly: reading.has(name) }))

    yield* ToolServer.serve({
      tools: [...offered, agentTool],
      call: (name, args, progress) => {
        if (name === agentTool.name) {
          return Schema.decodeUnknown(Task)(args).pipe(
            Effect.flatMap((task) => alone.withPermits(maxCalls)(ask(task))),
            Effect.catchAll((error) => Effect.succeed(failed(error.message)))
          )
        }
        if (!names.some((known) => known === name)) return Effect.succeed(failed(`There is no tool named ${name}`))
        const call: ToolCall = {
          type: "function_call",
          call_id: crypto.randomUUID(),
          name,
          arguments: JSON.stringify(args)
        }
        return Effect.flatMap(
          executor.concurrency(call),
          (concurrency) =>
            alone.withPermits(concurrency === "exclusive" ? maxCalls : 1)(
              runUnasked(call, { executor, permission, progress, sessionId: session })
            )
        )
      }
    })
  }).pipe(
    Effect.scoped,
    Runtime.provide({
      ...runtime,
      isEphemeral: true,
      // Every agent can quote what it changes, whatever the model of ours is better at.
      toolkit: BuiltIn.make(),
      // A server that is one of its own would start itself again and again.
      mcpServers: []
    }),
    Common.override(flags)
  )
}, (serving, { set }) => Overrides.withOverrides(set)(serving))

/** How many calls run at a time; one that changes files runs alone. */
const maxCalls = 8

const reading: ReadonlySet<string> = new Set(["read", "grep", "find", "ls"])

const names = [...reading, "edit", "write", "bash"]

const failed = (output: Output) => ({ output, isFailed: true })

const Task = Schema.Struct({
  prompt: Schema.String.annotations({ description: "The task, with all that the agent needs to know" }),
  session: Schema.optional(
    Schema.String.annotations({ description: "The session of an earlier answer, to go on with it" })
  )
})

const agentTool = {
  name: "agent",
  description: Told.agent,
  parameters: jsonSchema(Task),
  isReadOnly: false
}
