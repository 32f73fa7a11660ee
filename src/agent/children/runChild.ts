/**
 * Runs one child agent to its end, tells what it does as a part of the call that it works for, and gives its answer.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Children from "../../prompts/Children.ts"
import { answer } from "../../responses/Item.ts"
import * as LastTurn from "../../session/LastTurn.ts"
import { endsTurn, type TurnEnd } from "../../session/SessionEvent.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { Processes } from "../../tools/command/Processes.ts"
import { Permission } from "../../tools/permission/Permission.ts"
import * as Permissions from "../../tools/permission/Permission.ts"
import * as Tool from "../../tools/Tool.ts"
import * as ToolExecutor from "../../tools/ToolExecutor.ts"
import * as Toolkit from "../../tools/Toolkit.ts"
import { Workspace } from "../../tools/workspace/Workspace.ts"
import * as Agent from "../Agent.ts"
import type { AgentError } from "../AgentError.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import { limitName } from "../EventLines.ts"
import * as AgentDefinition from "./AgentDefinition.ts"
import type { Options, Requirements } from "./AgentTool.ts"

/** What concerns the person that the caller talks to, or would end the turn of the caller for its runner. */
const notForChildren = ["update_plan", "wait_until", "wait_for_answer"]

export const run = <R>(
  { checkWorkspace, preamble, toolkit }: Options<R> & { readonly toolkit: Toolkit.Toolkit<R | Requirements> },
  definition: AgentDefinition.AgentDefinition,
  task: string,
  call: Tool.CallContext,
  sessionId: string
): Effect.Effect<Tool.Result, Tool.ToolFailure, R | Requirements> =>
  Effect.gen(function*() {
    const { name } = definition
    const tools = Toolkit.filter(
      Toolkit.omit(toolkit, ...notForChildren),
      (tool) => AgentDefinition.hasTool(definition, tool.name)
    )
    if (tools.tools.size === 0) {
      return yield* new Tool.ToolFailure({ message: Children.withoutTools(name, definition.tools ?? []) })
    }
    const { root } = yield* Workspace
    const child: Tool.Child = { agent: name, sessionId }
    const caller = yield* callerOf(call)
    const ask = call.ask
    const permission = yield* Permission
    const effort = definition.effort ?? caller.effort
    const events = Agent.child(call, task, {
      session: sessionId,
      model: definition.model ?? caller.model,
      reasoning: effort === undefined ? undefined : { effort },
      setup: caller.setup,
      instructions: Children.instructions(name, root, definition.instructions),
      workspace: root,
      toolkit: tools,
      preamble,
      checkWorkspace,
      approver: ask === undefined ? undefined : {
        ask: (question) => ask(question, child),
        isThere: call.askToWrite !== undefined
      },
      permission: definition.isReadOnly ? yield* Permissions.atMost(permission, "read-only") : permission
    })
    const { describe } = yield* ToolExecutor.make(tools)
    const told = yield* Stream.runFoldEffect(events, begun, (state, event) =>
      Effect.as(
        event._tag === "ToolStarted" && event.isExcess !== true
          ? Effect.flatMap(describe(event.call), (text) => call.progress(text, { ...child, itemId: event.itemId }))
          : Effect.void,
        add(state, event)
      )).pipe(
        Effect.mapError((error) => failed(child, error)),
        // What it has left in the background, nobody would reach any more.
        Effect.ensuring(Effect.flatMap(Processes, ({ end }) => end(sessionId)))
      )
    return yield* outcome(child, told)
  })

interface Told {
  readonly said: string
  readonly end: TurnEnd | undefined
}

const begun: Told = { said: "", end: undefined }

const add = (state: Told, event: AgentEvent): Told => {
  if (endsTurn(event)) return { ...state, end: event }
  return event._tag === "ModelResponded" ? { ...state, said: answer(event.items) || state.said } : state
}

const detailsOf = ({ agent, sessionId }: Tool.Child) => ({ agent, session_id: sessionId })

const outcome = (child: Tool.Child, { end, said }: Told): Effect.Effect<Tool.Result, Tool.ToolFailure> => {
  const fail = (message: string) => new Tool.ToolFailure({ message, details: detailsOf(child) })
  switch (end?._tag) {
    case "TurnCompleted":
      return Effect.succeed(new Tool.Result({ output: end.answer, details: detailsOf(child) }))
    case "TurnLimited":
      return fail(Children.limited(child.agent, limitName(end.limit), said))
    case "TurnFailed":
      return fail(Children.failed(child.agent, end.message))
    default:
      return fail(Children.interrupted(child.agent))
  }
}

/** The model is told what it can do about it; how a person goes on with a session is not for it. */
const failed = (child: Tool.Child, error: AgentError): Tool.ToolFailure =>
  new Tool.ToolFailure({
    message: error._tag === "PermissionNeeded"
      ? Children.notAllowed(child.agent, error.question)
      : Children.failed(child.agent, error.message),
    details: detailsOf(child)
  })

/** What the caller's turn is asked with. */
const callerOf = Effect.fnUntraced(function*({ sessionId }: Tool.CallContext) {
  const store = yield* SessionStore
  const log = yield* Effect.orElseSucceed(store.read(sessionId), () => [])
  const { effort, model, setup } = LastTurn.lastUsed(log.map(({ event }) => event))
  return { effort, model: model ?? "", setup }
})
