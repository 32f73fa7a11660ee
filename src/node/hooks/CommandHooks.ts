/**
 * Hooks that are commands: each gets a JSON object on its stdin and answers with its exit code and its stdout, in the shape
 * that Claude Code and Codex share. They run where commands run: with the same environment without secrets, in the same
 * sandbox, and in process groups that are gone with us.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { resolve } from "node:path"
import type { Call, Handlers } from "../../agent/hooks/Hooks.ts"
import { defined } from "../../internal/json.ts"
import { outputText } from "../../responses/ToolCall.ts"
import { CommandRunner } from "../../tools/command/CommandRunner.ts"
import { Workspace } from "../../tools/workspace/Workspace.ts"
import * as HookAnswer from "./HookAnswer.ts"
import type { Command, Event, Group, HookSettings } from "./HookSettings.ts"

const defaultTimeout = Duration.seconds(60)

/** How much of a stdout is read, in bytes. */
const maxOutput = 1024 * 1024

/** What the tools are called by hooks that were written for Claude Code or Codex. */
const otherNames: { readonly [tool: string]: ReadonlyArray<string> } = {
  bash: ["Bash"],
  read: ["Read"],
  write: ["Write"],
  edit: ["Edit", "MultiEdit"],
  apply_patch: ["apply_patch", "Edit", "Write"],
  grep: ["Grep"],
  find: ["Glob"],
  ls: ["LS"],
  agent: ["Task", "Agent"],
  update_plan: ["TodoWrite"]
}

/**
 * The handlers of these settings; only those for which there are commands.
 *
 * @param log where the log of a session is, if it is in a file
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Hooks } from "effixir/agent"
 * import { CommandHooks } from "effixir/node"
 *
 * const hooks = CommandHooks.make(
 *   { PreToolUse: [{ matcher: "bash", hooks: [{ command: "./check-command.sh", timeout: 10 }] }] },
 *   (session) => `/home/ada/.effixir/sessions/${session}/log.ndjson`
 * )
 *
 * const withHooks = <A, E, R>(program: Effect.Effect<A, E, R>) => Effect.provideServiceEffect(program, Hooks.Hooks, hooks)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(settings: HookSettings, log: (session: string) => string | undefined) {
  const runner = yield* CommandRunner
  const { root } = yield* Workspace

  const groupsFor = (event: Event, names?: ReadonlyArray<string>): ReadonlyArray<Group> =>
    (settings[event] ?? []).filter((group) => names === undefined || matches(group, names))

  const commandsFor = (event: Event, names?: ReadonlyArray<string>): ReadonlyArray<Command> =>
    groupsFor(event, names).flatMap(({ hooks }) => hooks)

  /** What one command answers, or why it has failed. */
  const ask = (hook: Command, event: Event, sessionId: string, fields: object): Effect.Effect<Outcome> => {
    const timeout = hook.timeout === undefined ? defaultTimeout : Duration.seconds(hook.timeout)
    const json = JSON.stringify({
      session_id: sessionId,
      ...defined({ transcript_path: log(sessionId) }),
      cwd: root,
      hook_event_name: event,
      ...fields
    })
    return Effect.scoped(run(runner, hook.command, root, sessionId, event, `${json}\n`)).pipe(
      Effect.timeoutTo({
        duration: timeout,
        onSuccess: (outcome): Outcome => outcome,
        onTimeout: () => failed(`it has not answered within ${Duration.format(timeout)}`)
      }),
      Effect.tap((outcome) =>
        outcome._tag === "Answer" && outcome.answer.message !== undefined
          ? Effect.logWarning(outcome.answer.message)
          : Effect.void
      )
    )
  }

  const name = (hook: Command, why: string) => `the hook \`${hook.command}\` has failed: ${why}`

  /** A hook that has failed is told to the person, and its event goes on. */
  const told = (hook: Command, outcome: Outcome): Effect.Effect<HookAnswer.HookAnswer> =>
    outcome._tag === "Answer"
      ? Effect.succeed(outcome.answer)
      : Effect.as(Effect.logWarning(name(hook, outcome.why)), {})

  /** One that has failed has not let it through. */
  const guarded = (hook: Command, outcome: Outcome): Effect.Effect<HookAnswer.HookAnswer> =>
    Effect.succeed(outcome._tag === "Answer" ? outcome.answer : { decision: "deny", reason: name(hook, outcome.why) })

  /** Asks one after the other, until one objects. */
  const askAll = Effect.fnUntraced(function*(
    event: Event,
    sessionId: string,
    fields: object,
    understood: typeof told,
    names?: ReadonlyArray<string>
  ) {
    const context: Array<string> = []
    for (const hook of commandsFor(event, names)) {
      const answer = yield* Effect.flatMap(ask(hook, event, sessionId, fields), (outcome) => understood(hook, outcome))
      if (answer.context !== undefined && answer.context.trim() !== "") context.push(answer.context)
      if (answer.stop !== undefined) return { context, stop: answer.stop }
      if (answer.decision === "deny") return { context, block: answer.reason ?? `the hook \`${hook.command}\` says so` }
    }
    return { context }
  })

  const has = (event: Event) => commandsFor(event).length > 0
  const handlers: Handlers = {
    sessionStart: has("SessionStart")
      ? ({ sessionId, source }) => askAll("SessionStart", sessionId, { source }, told)
      : undefined,
    userPromptSubmit: has("UserPromptSubmit")
      ? ({ prompt, sessionId, turnId }) => askAll("UserPromptSubmit", sessionId, { turn_id: turnId, prompt }, guarded)
      : undefined,
    preToolUse: has("PreToolUse")
      ? Effect.fnUntraced(function*(call) {
        const context: Array<string> = []
        let input = call.input
        let decision: HookAnswer.HookAnswer["decision"]
        let reason: string | undefined
        const hooks = groupsFor("PreToolUse", namesOf(call.tool)).flatMap(({ from, hooks }) =>
          hooks.map((hook) => ({ hook, isOwn: from === undefined }))
        )
        for (const { hook, isOwn } of hooks) {
          const current = { ...call, input }
          const given = inputOf(current, root)
          const answer = yield* Effect.flatMap(
            ask(hook, "PreToolUse", call.sessionId, toolFields(current, given)),
            (outcome) => guarded(hook, outcome)
          )
          if (answer.context !== undefined && answer.context.trim() !== "") context.push(answer.context)
          if (answer.stop !== undefined) return { context, stop: answer.stop }
          if (answer.input !== undefined) input = changed(current, given, answer.input)
          const why = answer.reason ?? `the hook \`${hook.command}\` says so`
          if (answer.decision === "deny") return { context, decision: "deny", reason: why }
          // Of several answers the stricter counts. What a project brings along does not answer in a person's place.
          const counts = isOwn ? answer.decision !== undefined : answer.decision === "ask"
          if (counts && decision !== "ask") {
            decision = answer.decision
            reason = why
          }
        }
        return { context, decision, reason, input: input === call.input ? undefined : input }
      })
      : undefined,
    postToolUse: has("PostToolUse")
      ? (call) => {
        const { details, output, status } = call.result
        const tool_response = { status, output: outputText(output), ...defined({ details }) }
        const fields = { ...toolFields(call, inputOf(call, root)), tool_response }
        return askAll("PostToolUse", call.sessionId, fields, told, namesOf(call.tool))
      }
      : undefined,
    stop: has("Stop")
      ? ({ answer, isActive, sessionId, turnId }) =>
        askAll("Stop", sessionId, {
          turn_id: turnId,
          stop_hook_active: isActive,
          last_assistant_message: answer
        }, told)
      : undefined,
    preCompact: has("PreCompact")
      ? ({ sessionId, trigger }) => askAll("PreCompact", sessionId, { trigger, custom_instructions: "" }, told)
      : undefined
  }
  return handlers
})

type Outcome =
  | { readonly _tag: "Answer"; readonly answer: HookAnswer.HookAnswer }
  | { readonly _tag: "Failed"; readonly why: string }

const failed = (why: string): Outcome => ({ _tag: "Failed", why })

const matches = ({ matcher = "*" }: Group, names: ReadonlyArray<string>): boolean => {
  if (matcher === "*" || matcher === "") return true
  const pattern = new RegExp(`^(?:${matcher})$`)
  return names.some((name) => pattern.test(name))
}

const namesOf = (tool: string): ReadonlyArray<string> => [tool, ...otherNames[tool] ?? []]

const toolFields = ({ callId, tool, turnId }: Call, input: unknown) => ({
  turn_id: turnId,
  tool_name: otherNames[tool]?.[0] ?? tool,
  tool_input: input,
  tool_use_id: callId
})

/** A patch is a command, as in Codex; a path has its name in Claude Code beside its own, whole. */
const inputOf = ({ input, tool }: Call, root: string): unknown => {
  if (typeof input === "string") return { command: input }
  if (!Predicate.isReadonlyRecord(input) || !hasFile.has(tool)) return input
  const { path } = input
  return typeof path === "string" ? { ...input, file_path: resolve(root, path) } : input
}

const hasFile: ReadonlySet<string> = new Set(["read", "write", "edit"])

/** What a hook has put in the place of what it was given, as the tool takes it. */
const changed = (call: Call, given: unknown, input: unknown): unknown => {
  if (typeof call.input === "string") {
    const text = typeof input === "string" ? input : Predicate.isReadonlyRecord(input) ? input["command"] : undefined
    return typeof text === "string" ? text : JSON.stringify(input)
  }
  if (!Predicate.isReadonlyRecord(input) || !Predicate.isReadonlyRecord(given) || !hasFile.has(call.tool)) return input
  const { file_path, ...rest } = input
  const isOther = typeof file_path === "string" && file_path !== given["file_path"]
  return isOther ? { ...rest, path: file_path } : rest
}

const run = (
  runner: typeof CommandRunner.Service,
  command: string,
  folder: string,
  session: string,
  event: Event,
  json: string
) =>
  Effect.gen(function*() {
    const running = yield* runner.start(command, folder, {
      hasInput: true,
      hasErrors: true,
      env: { EFFIXIR_SESSION_ID: session, CLAUDE_PROJECT_DIR: folder }
    })
    const { errors = Effect.succeed(""), input } = running
    // A hook need not read what it is given.
    if (input !== undefined) yield* Effect.forkScoped(Effect.zipRight(input.write(json), input.end))
    const chunks: Array<Uint8Array> = []
    let size = 0
    yield* Stream.runForEachChunk(running.output, (pieces) =>
      Effect.sync(() => {
        for (const piece of pieces) {
          size += piece.length
          if (size <= maxOutput) chunks.push(piece)
        }
      }))
    const ending = yield* running.ending
    const said = (yield* errors).trim()
    if (ending._tag === "Killed") return failed(`it was killed by ${ending.signal}`)
    if (ending.code === 2) {
      return answered({ decision: "deny", reason: said === "" ? undefined : said })
    }
    if (ending.code !== 0) return failed(`it ended with code ${ending.code}${said === "" ? "" : `: ${said}`}`)
    if (size > maxOutput) return failed(`its answer is longer than ${maxOutput / 1024 / 1024} MiB`)
    const text = Buffer.concat(chunks).toString("utf8").trim()
    if (text === "") return answered({})
    const isPlain = !text.startsWith("{")
    if (isPlain && saysContext.has(event)) return answered({ context: text })
    // Of a call that a hook guards, nothing is guessed.
    if (isPlain && event !== "PreToolUse") return answered({})
    return Either.match(HookAnswer.read(text), { onLeft: failed, onRight: answered })
  }).pipe(Effect.catchAll(({ message }) => Effect.succeed(failed(message))))

/** Plain text is for the model there. */
const saysContext: ReadonlySet<Event> = new Set<Event>(["SessionStart", "UserPromptSubmit"])

const answered = (answer: HookAnswer.HookAnswer): Outcome => ({ _tag: "Answer", answer })
