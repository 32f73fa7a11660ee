/**
 * Speaks the Agent Client Protocol with one client, such as an editor: its requests become turns of
 * {@link Conversations}, and what happens in them becomes updates.
 *
 * @since 0.1.0
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PermissionRequested } from "../agent/AgentEvent.ts"
import { version } from "../internal/version.ts"
import { endsTurn, type TurnEnd } from "../session/SessionEvent.ts"
import type * as Approver from "../tools/permission/Approver.ts"
import * as Sdk from "../vendor/acp.ts"
import * as Answers from "./Answers.ts"
import * as Content from "./Content.ts"
import { type Client, type Conversation, Conversations, Refused } from "./Conversations.ts"
import * as EditorServers from "./EditorServers.ts"
import * as LentByClient from "./LentByClient.ts"
import { type OpenSession, tell } from "./OpenSession.ts"
import * as Options from "./Options.ts"
import * as Questions from "./Questions.ts"
import * as Updates from "./Updates.ts"

/**
 * Serves a client until it closes the connection. Turns that run then are interrupted, and their logs say so.
 *
 * @param input the messages of the client, a line each
 * @param output where the answers go; nothing else may be written there
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import type * as Layer from "effect/Layer"
 * import { AcpAgent } from "effixir/acp"
 * import type { Conversations } from "effixir/acp"
 * import { Readable, Writable } from "node:stream"
 *
 * const serve = <E, R>(conversations: Layer.Layer<Conversations.Conversations, E, R>) =>
 *   AcpAgent.serve(
 *     Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
 *     Writable.toWeb(process.stdout)
 *   ).pipe(Effect.scoped, Effect.provide(conversations))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve = Effect.fnUntraced(function*(
  input: ReadableStream<Uint8Array>,
  output: WritableStream<Uint8Array>
) {
  const conversations = yield* Conversations
  const runtime = yield* Effect.runtime<never>()
  const outer = yield* Effect.scope
  const sessions = new Map<string, OpenSession>()
  let client: Acp.ClientCapabilities = {}

  const understood = () => ({
    notices: client.session?.notices != null,
    compaction: client.session?.compaction != null
  })

  const sessionOf = (id: string) => {
    const open = sessions.get(id)
    return open === undefined ? new Refused({ reason: "NotFound", message: id }) : Effect.succeed(open)
  }

  /** Opens a session for the client, in the place of one of the same id that it has open. */
  const openWith = Effect.fnUntraced(function*(
    agent: Acp.AgentContext,
    begin: (asking: Approver.Asking, client: Client) => Effect.Effect<Conversation, Refused, Scope.Scope>
  ) {
    yield* conversations.signedIn
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    let open: OpenSession | undefined
    const conversation = yield* begin(
      Questions.make(agent, client, () => open),
      LentByClient.make(agent, client, () => open)
    ).pipe(
      Scope.extend(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    yield* close(conversation.id)
    open = {
      conversation,
      scope,
      questions: yield* Queue.unbounded<PermissionRequested>(),
      cancel: undefined,
      updates: undefined
    }
    sessions.set(conversation.id, open)
    return open
  })

  const close = (id: string) =>
    Effect.suspend(() => {
      const open = sessions.get(id)
      if (open === undefined) return Effect.void
      sessions.delete(id)
      return Effect.zipRight(open.cancel ?? Effect.void, Scope.close(open.scope, Exit.void))
    })

  const tellCommands = (agent: Acp.AgentContext, { conversation }: OpenSession) =>
    Effect.flatMap(conversation.commands, (commands) =>
      tell(agent, conversation.id, [{
        sessionUpdate: "available_commands_update",
        availableCommands: commands.map(({ description, hint, name }) => ({
          name,
          description,
          ...hint === undefined ? {} : { input: { hint } }
        }))
      }]))

  const prompt = Effect.fnUntraced(function*(agent: Acp.AgentContext, { prompt, sessionId }: Acp.PromptRequest) {
    const open = yield* sessionOf(sessionId)
    if (open.cancel !== undefined) {
      return yield* new Refused({
        reason: "BadInput",
        message: "A turn of this session is running: wait for its end, or cancel it first"
      })
    }
    const cancelled = yield* Deferred.make<void>()
    open.cancel = Deferred.succeed(cancelled, undefined)
    const updates = open.updates = Updates.make(open.conversation.folder, understood())
    let end: TurnEnd | undefined
    const turn = Effect.gen(function*() {
      const input = yield* meant(open.conversation, prompt)
      if (input === undefined) return Answers.finished
      yield* Stream.runForEach(open.conversation.run([input]), (event) => {
        if (endsTurn(event)) end = event
        return Effect.zipRight(
          tell(agent, sessionId, updates.of(event)),
          event._tag === "PermissionRequested" ? open.questions.offer(event) : Effect.void
        )
      })
      return Answers.finished
    })
    const stopped = Effect.as(Deferred.await(cancelled), { stopReason: "cancelled" } satisfies Acp.PromptResponse)
    return yield* Effect.exit(Effect.raceFirst(turn, stopped)).pipe(
      Effect.ensuring(Effect.sync(() => {
        open.cancel = undefined
        open.updates = undefined
      })),
      Effect.tap(() => Queue.takeAll(open.questions)),
      Effect.tap(() => tell(agent, sessionId, updates.end())),
      Effect.flatMap((exit) => Answers.ofTurn(end, exit))
    )
  })

  /** Answers a request as a promise, and stops when the client takes the request back. */
  const answering = <P, A>(
    handle: (params: P, agent: Acp.AgentContext) => Effect.Effect<A, Refused>
  ) =>
  async ({ client: agent, params, signal }: Acp.AgentRequestContext<P>): Promise<A> => {
    const exit = await Runtime.runPromiseExit(runtime)(handle(params, agent), { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (signal.aborted) throw Sdk.RequestError.requestCancelled()
    throw Answers.toRequestError(Cause.squash(exit.cause))
  }

  const { agent: methods } = Sdk.methods
  const app = Sdk.agent({ name: "effixir" })
    .onRequest(methods.initialize, ({ params }) => {
      client = params.clientCapabilities ?? {}
      return {
        protocolVersion: Sdk.PROTOCOL_VERSION,
        agentInfo: { name: "effixir", title: "effixir", version },
        authMethods: [signInHere(client)],
        agentCapabilities: {
          loadSession: true,
          promptCapabilities: { image: true, embeddedContext: true },
          mcpCapabilities: { http: true, sse: true },
          sessionCapabilities
        }
      }
    })
    .onRequest(methods.authenticate, answering(() => Effect.as(conversations.signedIn, {})))
    .onRequest(
      methods.session.new,
      answering((params, agent) =>
        checked(params.cwd).pipe(
          Effect.zipRight(
            openWith(agent, (asking, client) =>
              conversations.begin(params.cwd, asking, EditorServers.of(params.mcpServers), client))
          ),
          Effect.flatMap((open) =>
            begun(agent, open)
          )
        )
      )
    )
    .onRequest(
      methods.session.load,
      answering((params, agent) =>
        Effect.gen(function*() {
          yield* checked(params.cwd)
          const open = yield* openWith(
            agent,
            (asking, client) =>
              conversations.open(params.sessionId, params.cwd, asking, EditorServers.of(params.mcpServers), client)
          )
          const log = yield* open.conversation.log
          yield* tell(agent, params.sessionId, Updates.replay(open.conversation.folder, log, understood()))
          const { sessionId: _, ...state } = yield* begun(agent, open)
          return state
        })
      )
    )
    .onRequest(
      methods.session.resume,
      answering((params, agent) =>
        Effect.gen(function*() {
          yield* checked(params.cwd)
          const open = yield* openWith(
            agent,
            (asking, client) =>
              conversations.open(
                params.sessionId,
                params.cwd,
                asking,
                EditorServers.of(params.mcpServers ?? []),
                client
              )
          )
          const { sessionId: _, ...state } = yield* begun(agent, open)
          return state
        })
      )
    )
    .onRequest(
      "session/fork",
      forkRequest,
      answering((params, agent) =>
        checked(params.cwd).pipe(
          Effect.zipRight(
            openWith(agent, (asking, client) => conversations.fork(params.sessionId, params.cwd, asking, [], client))
          ),
          Effect.flatMap((open) => begun(agent, open))
        )
      )
    )
    .onRequest(
      methods.session.list,
      answering(({ cwd }) =>
        Effect.map(conversations.list, (all) => ({
          sessions: all.flatMap(({ id, title, updatedAt, workspace }) =>
            workspace === null || cwd != null && cwd !== workspace ? [] : [{
              sessionId: id,
              cwd: workspace,
              title,
              updatedAt: DateTime.formatIso(DateTime.unsafeMake(updatedAt))
            }]
          )
        }))
      )
    )
    .onRequest(
      methods.session.close,
      answering(({ sessionId }) => Effect.as(Effect.zipRight(sessionOf(sessionId), close(sessionId)), {}))
    )
    .onRequest(
      methods.session.delete,
      answering(({ sessionId }) => Effect.as(Effect.zipRight(close(sessionId), conversations.remove(sessionId)), {}))
    )
    .onRequest(
      methods.session.setMode,
      answering(({ modeId, sessionId }) =>
        Effect.as(Effect.flatMap(sessionOf(sessionId), (open) => Options.choose(open.conversation, "mode", modeId)), {})
      )
    )
    .onRequest(
      methods.session.setConfigOption,
      answering((params, agent) =>
        Effect.gen(function*() {
          const open = yield* sessionOf(params.sessionId)
          yield* Options.choose(open.conversation, params.configId, String(params.value))
          if (params.configId === "mode") {
            yield* tell(agent, params.sessionId, [{
              sessionUpdate: "current_mode_update",
              currentModeId: String(params.value)
            }])
          }
          const { configOptions } = yield* Options.shown(open.conversation)
          return { configOptions }
        })
      )
    )
    .onRequest(methods.session.prompt, answering((params, agent) => prompt(agent, params)))
    .onNotification(methods.session.cancel, ({ params }) => {
      const { cancel } = sessions.get(params.sessionId) ?? {}
      return cancel === undefined ? undefined : Runtime.runPromise(runtime)(Effect.asVoid(cancel))
    })

  /** The client knows of the session from the answer on, and of its commands right after. */
  const begun = Effect.fnUntraced(function*(agent: Acp.AgentContext, open: OpenSession) {
    const sessionId = open.conversation.id
    const state = yield* Options.shown(open.conversation)
    yield* tellCommands(agent, open).pipe(Effect.delay("10 millis"), Effect.forkIn(open.scope))
    return { sessionId, ...state }
  })

  const connection = yield* Effect.acquireRelease(
    Effect.sync(() => app.connect(Sdk.ndJsonStream(output, input))),
    (connection) => Effect.sync(() => connection.close())
  )
  yield* Effect.promise(() => connection.closed)
})

/** `fork` is not part of the stable protocol yet. */
const sessionCapabilities: Acp.SessionCapabilities & { readonly fork: object } = {
  list: {},
  resume: {},
  close: {},
  delete: {},
  fork: {}
}

/** A client that has a terminal runs the sign-in there; any other tells the person to. */
const signInHere = ({ auth }: Acp.ClientCapabilities): Acp.AuthMethod => ({
  id: "login",
  name: "Sign in with effixir",
  description: "Run `effixir login` in a terminal: with a ChatGPT plan, or with an API key",
  ...auth?.terminal === true ? { type: "terminal" as const, args: ["login"] } : {}
})

/** Relative paths would start somewhere else for the client. */
const checked = (folder: string) =>
  folder.startsWith("/") || /^[A-Za-z]:[\\/]/.test(folder)
    ? Effect.void
    : new Refused({ reason: "BadInput", message: `cwd must be an absolute path, and is ${JSON.stringify(folder)}` })

/** Not part of the stable protocol yet. */
const forkRequest = (params: unknown): { readonly sessionId: string; readonly cwd: string } => {
  const { cwd, sessionId } = Object(params) as { readonly [name: string]: unknown }
  if (typeof sessionId === "string" && typeof cwd === "string") return { sessionId, cwd }
  throw Sdk.RequestError.invalidParams(undefined, "session/fork takes sessionId and cwd")
}

/** What the person means: a prompt, or the one that a command stands for. Nothing if the command has done its work. */
const meant = Effect.fnUntraced(function*(conversation: Conversation, blocks: ReadonlyArray<Acp.ContentBlock>) {
  const [, name, words = ""] = /^\/([\p{L}\p{N}_-]+)(?:\s+([^]*))?$/u.exec(Content.typed(blocks)) ?? []
  const command = name === undefined
    ? undefined
    : (yield* conversation.commands).find((command) => command.name === name)
  if (command === undefined) return yield* Content.toItem(blocks)
  const prompt = yield* command.run(words)
  if (prompt === undefined) return undefined
  return yield* Content.toItem([{ type: "text", text: prompt }, ...blocks.filter(({ type }) => type !== "text")])
})
