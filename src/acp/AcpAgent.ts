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
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PermissionRequested } from "../agent/AgentEvent.ts"
import { version } from "../internal/version.ts"
import { withDeadline } from "../internal/withDeadline.ts"
import { endsTurn, type TurnEnd } from "../session/SessionEvent.ts"
import * as Approver from "../tools/permission/Approver.ts"
import * as Sdk from "../vendor/acp.ts"
import * as Content from "./Content.ts"
import { type Choice, type Client, type Conversation, Conversations, Refused, type Setting } from "./Conversations.ts"
import * as EditorServers from "./EditorServers.ts"
import * as Forms from "./Forms.ts"
import * as Updates from "./Updates.ts"

/** A session that the client has open. */
interface Open {
  readonly conversation: Conversation
  readonly scope: Scope.CloseableScope
  /** Questions that the client has been shown the call of. */
  readonly questions: Queue.Queue<PermissionRequested>
  /** Stops the turn that runs. */
  cancel: Effect.Effect<unknown> | undefined
  /** What the client is told of the turn that runs. */
  updates: Updates.Updates | undefined
}

/**
 * Serves a client until it closes the connection. Turns that run then are interrupted, and their logs say so.
 *
 * @param input the messages of the client, a line each
 * @param output where the answers go; nothing else may be written there
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
  const sessions = new Map<string, Open>()
  let client: Acp.ClientCapabilities = {}

  const understood = () => ({
    notices: client.session?.notices != null,
    compaction: client.session?.compaction != null
  })

  const sessionOf = (id: string) => {
    const open = sessions.get(id)
    return open === undefined ? new Refused({ reason: "NotFound", message: id }) : Effect.succeed(open)
  }

  const tell = (agent: Acp.AgentContext, sessionId: string, updates: ReadonlyArray<Acp.SessionUpdate>) =>
    Effect.forEach(
      updates,
      (update) => Effect.promise(() => agent.notify(Sdk.methods.client.session.update, { sessionId, update })),
      { discard: true }
    )

  /** Asks the person at the client. Cancelled questions wait for the end of the turn, which was cancelled with them. */
  const asking = (agent: Acp.AgentContext, opened: () => Open | undefined): Approver.Asking => ({
    ...Forms.make(client.elicitation, (ask) =>
      Effect.tryPromise((cancellationSignal) => {
        const open = opened()
        return open === undefined
          ? Promise.reject(new Error("no session"))
          : agent.request(Sdk.methods.client.elicitation.create, ask(open.conversation.id), { cancellationSignal })
      })),
    isThere: true,
    ask: ({ scopes }) =>
      Effect.gen(function*() {
        const open = opened()
        if (open === undefined) return Option.none()
        const requested = yield* open.questions.take
        const { folder, id } = open.conversation
        const answered = yield* Effect.option(Effect.tryPromise((cancellationSignal) =>
          agent.request(Sdk.methods.client.session.requestPermission, {
            sessionId: id,
            toolCall: Updates.asked(folder, requested),
            options: [
              { optionId: "once", name: "Yes, this once", kind: "allow_once" },
              ...scopes.map(({ allows, kind }): Acp.PermissionOption => ({
                optionId: `always ${kind}`,
                name: `Always in this session: ${allows.length === 0 ? "this very command" : allows.join(", ")}`,
                kind: "allow_always"
              })),
              { optionId: "no", name: "No", kind: "reject_once" }
            ]
          }, { cancellationSignal })
        ))
        if (Option.isNone(answered)) {
          return Option.none()
        }
        const { outcome } = answered.value
        if (outcome.outcome === "cancelled") {
          yield* open.cancel ?? Effect.void
          return yield* Effect.never
        }
        if (outcome.optionId === "once") {
          return Option.some(Approver.once)
        }
        const scope = scopes.find(({ kind }) =>
          outcome.optionId === `always ${kind}`
        )
        return Option.some(scope === undefined ? Approver.no() : Approver.always(scope.kind))
      })
  })

  /** Files and terminals of the client, where it has them. Nothing is asked of it before it knows of the session. */
  const lent = (agent: Acp.AgentContext, opened: () => Open | undefined): Client => {
    const { fs, terminal } = Sdk.methods.client
    const asked = <A>(ask: (sessionId: string, cancellationSignal: AbortSignal) => Promise<A>) =>
      Effect.tryPromise((signal) => {
        const open = opened()
        return open === undefined ? Promise.reject(new Error("no session")) : ask(open.conversation.id, signal)
      })
    return {
      files: {
        read: client.fs?.readTextFile !== true ? undefined : (path) =>
          asked(async (sessionId, cancellationSignal) => {
            const { content } = await agent.request(fs.readTextFile, { sessionId, path }, { cancellationSignal })
            return content
          }),
        // Once begun, it is done or not, and nobody could tell which; but no editor holds up a session for ever.
        write: client.fs?.writeTextFile !== true ?
          undefined :
          (path, content) =>
            withDeadline(patience, () => new Cause.TimeoutException("it has not answered"))(asked(async (sessionId) => {
              await agent.request(fs.writeTextFile, { sessionId, path, content })
            }))
      },
      openTerminal: client.terminal !== true ?
        undefined :
        ({ args, command, cwd, env, program }) =>
          Effect.gen(function*() {
            const { sessionId, terminalId } = yield* asked(async (sessionId) => {
              const wanted: Acp.CreateTerminalRequest = {
                sessionId,
                command: program,
                args: [...args],
                env: Object.entries(env).map(([name, value]) => ({ name, value })),
                cwd,
                outputByteLimit: mostPrinted
              }
              const { terminalId } = await agent.request(terminal.create, wanted)
              return { sessionId, terminalId }
            })
            yield* tell(agent, sessionId, opened()?.updates?.attach(command, terminalId) ?? [])
            const named = { sessionId, terminalId }
            return {
              output: asked((_, cancellationSignal) => agent.request(terminal.output, named, { cancellationSignal })),
              exit: asked((_, cancellationSignal) =>
                agent.request(terminal.waitForExit, named, { cancellationSignal })
              ),
              kill: asked(() => agent.request(terminal.kill, named)),
              release: asked(() => agent.request(terminal.release, named))
            }
          })
    }
  }

  /** Opens a session for the client, in the place of one of the same id that it has open. */
  const openWith = Effect.fnUntraced(function*(
    agent: Acp.AgentContext,
    begin: (asking: Approver.Asking, client: Client) => Effect.Effect<Conversation, Refused, Scope.Scope>
  ) {
    yield* conversations.signedIn
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    let open: Open | undefined
    const conversation = yield* begin(asking(agent, () => open), lent(agent, () => open)).pipe(
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

  /** What the client shows beside the conversation. Its commands are told once it knows of the session. */
  const stateOf = ({ conversation }: Open) =>
    Effect.map(conversation.settings, (settings) => ({
      modes: {
        currentModeId: settings.mode.now,
        availableModes: settings.mode.choices.map(({ description = null, name, value }) => ({
          id: value,
          name,
          description
        }))
      },
      configOptions: [
        select("mode", "Permission", "mode", settings.mode),
        select("model", "Model", "model", settings.model),
        ...settings.effort === undefined ? [] : [select("effort", "Effort", "thought_level", settings.effort)]
      ]
    }))

  const tellCommands = (agent: Acp.AgentContext, { conversation }: Open) =>
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
      if (input === undefined) return finished
      yield* Stream.runForEach(open.conversation.run([input]), (event) => {
        if (endsTurn(event)) end = event
        return Effect.zipRight(
          tell(agent, sessionId, updates.of(event)),
          event._tag === "PermissionRequested" ? open.questions.offer(event) : Effect.void
        )
      })
      return finished
    })
    const stopped = Effect.as(Deferred.await(cancelled), { stopReason: "cancelled" } satisfies Acp.PromptResponse)
    return yield* Effect.exit(Effect.raceFirst(turn, stopped)).pipe(
      Effect.ensuring(Effect.sync(() => {
        open.cancel = undefined
        open.updates = undefined
      })),
      Effect.tap(() => Queue.takeAll(open.questions)),
      Effect.tap(() => tell(agent, sessionId, updates.end())),
      Effect.flatMap((exit) => answerOf(end, exit))
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
    throw toRequestError(Cause.squash(exit.cause))
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
        Effect.as(Effect.flatMap(sessionOf(sessionId), (open) => choose(open, "mode", modeId)), {})
      )
    )
    .onRequest(
      methods.session.setConfigOption,
      answering((params, agent) =>
        Effect.gen(function*() {
          const open = yield* sessionOf(params.sessionId)
          yield* choose(open, params.configId, String(params.value))
          if (params.configId === "mode") {
            yield* tell(agent, params.sessionId, [{
              sessionUpdate: "current_mode_update",
              currentModeId: String(params.value)
            }])
          }
          const { configOptions } = yield* stateOf(open)
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
  const begun = Effect.fnUntraced(function*(agent: Acp.AgentContext, open: Open) {
    const sessionId = open.conversation.id
    const state = yield* stateOf(open)
    yield* tellCommands(agent, open).pipe(Effect.delay("10 millis"), Effect.forkIn(open.scope))
    return { sessionId, ...state }
  })

  const connection = yield* Effect.acquireRelease(
    Effect.sync(() => app.connect(Sdk.ndJsonStream(output, input))),
    (connection) => Effect.sync(() => connection.close())
  )
  yield* Effect.promise(() => connection.closed)
})

/** How long a client may take to write a file. */
const patience = "10 seconds"

/** How much a client keeps of what a command prints, in bytes. It is asked for it ten times a second. */
const mostPrinted = 4 * 1024 * 1024

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

const choose = Effect.fnUntraced(function*({ conversation }: Open, id: string, value: string) {
  const settings = yield* conversation.settings
  const setting = id === "mode" || id === "model" || id === "effort" ? settings[id] : undefined
  if (setting === undefined) return yield* new Refused({ reason: "BadInput", message: `There is no option "${id}"` })
  if (!setting.choices.some((choice) => choice.value === value)) {
    const all = setting.choices.map((choice) => choice.value).join(", ")
    return yield* new Refused({ reason: "BadInput", message: `There is no ${id} "${value}" (there are ${all})` })
  }
  yield* conversation.choose({ [id]: value })
})

const select = (
  id: string,
  name: string,
  category: Acp.SessionConfigOptionCategory,
  { choices, now }: Setting
): Acp.SessionConfigOption => ({
  id,
  name,
  category,
  type: "select",
  currentValue: now,
  options: choices.map(({ description, name, value }: Choice) => ({ value, name, description: description ?? null }))
})

const finished: Acp.PromptResponse = { stopReason: "end_turn" }

/** How a turn ended, in the words of the protocol; what they do not cover is an error that says what to do. */
const answerOf = (
  end: TurnEnd | undefined,
  exit: Exit.Exit<Acp.PromptResponse, Refused>
): Effect.Effect<Acp.PromptResponse, Refused> => {
  if (end === undefined) return exit
  switch (end._tag) {
    case "TurnCompleted":
      return Effect.succeed({ stopReason: reasons[end.finishReason] ?? "end_turn" })
    case "TurnLimited":
      return Effect.succeed({ stopReason: end.limit === "tokens" ? "max_tokens" : "max_turn_requests" })
    case "TurnInterrupted":
      return Effect.succeed({ stopReason: "cancelled" })
    case "TurnFailed": {
      const { details, kind, message, retryable } = end
      return new Refused({ reason: "Failed", message, details: { kind, retryable, ...details } })
    }
  }
}

const reasons: { readonly [finish: string]: Acp.StopReason } = {
  max_output_tokens: "max_tokens",
  length: "max_tokens",
  content_filter: "refusal",
  refusal: "refusal"
}

/** Clients show the message of most errors, and of internal ones `data.details`. */
const toRequestError = (error: unknown): Acp.RequestError => {
  if (!(error instanceof Refused)) {
    const message = error instanceof Error ? error.message : String(error)
    return new Sdk.RequestError(-32603, message, { details: message })
  }
  const { details, message, reason } = error
  switch (reason) {
    case "SignedOut":
      return new Sdk.RequestError(-32000, message)
    case "NotFound":
      return Sdk.RequestError.sessionNotFound(message)
    case "BadInput":
      return new Sdk.RequestError(-32602, message)
    case "Failed":
      return new Sdk.RequestError(-32603, message, { details: message, ...details })
  }
}
