/**
 * One turn from the command line, in a new session or an old one.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { isAbsolute, resolve } from "node:path"
import { Agent } from "../agent/Agent.ts"
import type { Limits } from "../agent/Limits.ts"
import * as ProjectInstructions from "../agent/ProjectInstructions.ts"
import * as Skills from "../agent/Skills.ts"
import { Credentials } from "../auth/Credentials.ts"
import * as Host from "../auth/Host.ts"
import { diskProblem } from "../internal/diskProblem.ts"
import { defined } from "../internal/json.ts"
import { quote } from "../internal/quote.ts"
import * as Home from "../node/settings/Home.ts"
import * as PolicyFile from "../node/settings/PolicyFile.ts"
import * as ProjectSettings from "../node/settings/ProjectSettings.ts"
import type * as ResolvedSettings from "../node/settings/ResolvedSettings.ts"
import type { Dialect } from "../node/settings/Settings.ts"
import * as Trust from "../node/settings/Trust.ts"
import * as Surroundings from "../node/workspace/Surroundings.ts"
import * as ModelProfile from "../responses/account/ModelProfile.ts"
import { Models } from "../responses/account/Models.ts"
import { type Item, text, userMessage } from "../responses/Item.ts"
import type { ReasoningOptions } from "../responses/Request.ts"
import { Responses } from "../responses/Responses.ts"
import type { StructuredOutput } from "../responses/StructuredOutput.ts"
import type { PermissionInForce } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type * as Approver from "../tools/permission/Approver.ts"
import * as Policy from "../tools/permission/Policy.ts"
import * as ExitCode from "./ExitCode.ts"
import { Interruption } from "./Interruption.ts"
import * as Keyboard from "./Keyboard.ts"
import type { LastMessage } from "./lastMessage.ts"
import * as PipedInput from "./pipedInput.ts"
import * as Envelope from "./render/envelope.ts"
import * as Jsonl from "./render/jsonl.ts"
import type { Form, Verbosity } from "./render/Renderer.ts"
import * as Text from "./render/text.ts"
import { renderTurn } from "./renderTurn.ts"
import * as Runtime from "./runtime.ts"
import { Screen } from "./Screen.ts"
import * as SessionSetup from "./sessionSetup.ts"
import * as Settings from "./settings.ts"

export interface TurnOptions {
  readonly session: string
  /** The number of the last event that the log is known to hold. */
  readonly known?: number | undefined
  /** Whether the session begins with this turn. */
  readonly isNew?: boolean
  /** Without a prompt, the last turn goes on. */
  readonly prompt: string | ReadonlyArray<Item> | undefined
  /** What was piped in beside the prompt. */
  readonly piped?: PipedInput.Piped | undefined
  readonly folder: string
  readonly model: Option.Option<string>
  /** The reasoning effort, or that there is none; the one of the settings where the field is absent. */
  readonly effort?: string | undefined
  /** Whether the effort is asked for just now. */
  readonly isEffortNew?: boolean
  /** How the run is told; to a person unless told otherwise. */
  readonly form?: Form
  /** How much a person is told beside the answer. */
  readonly verbosity?: Verbosity
  /** Whether texts are told piece by piece as JSON lines. */
  readonly deltas?: boolean
  /** The file that gets the answer as well. */
  readonly lastMessage?: LastMessage | undefined
  /** What the answer has to be. */
  readonly output?: StructuredOutput<unknown> | undefined
  readonly limits?: Limits
  readonly permission?: Option.Option<Policy.Mode>
  readonly policy?: Option.Option<string>
  /** The permission that the session had before. */
  readonly before?: PermissionInForce
  /** Whether the server may search the web. */
  readonly search?: boolean | undefined
  /** Whether the project is trusted from now on. */
  readonly trust?: boolean
  /** Whether nothing of the turn is kept. */
  readonly isEphemeral?: boolean
  /** Whether nothing is sent, and nobody told of what happens. */
  readonly isDryRun?: boolean
  /** Whether the turn is run in a fork of the session, which begins behind a turn of it or now. */
  readonly fork?: { readonly toTurn: number | undefined } | undefined
}

export const runTurn = Effect.fnUntraced(function*(conversation: TurnOptions) {
  // What the project sets counts as soon as it is trusted.
  if (conversation.trust === true) yield* Trust.trust(yield* Home.config, conversation.folder)
  const usual = yield* Settings.settings(conversation.folder)
  const settings = "effort" in conversation ? { ...usual, reasoning_effort: conversation.effort } : usual
  const { dialect, models, transport } = settings
  const model = Option.getOrElse(conversation.model, () => settings.model)
  const { permission, policy } = yield* permissionFor(conversation, settings)
  const isTrusted = yield* trusts(conversation, settings.home)
  const skills = yield* skillsFor(conversation, settings.home, isTrusted)
  const prompt = conversation.prompt === undefined ? undefined : yield* teach(conversation.prompt, skills)
  const { form = "text" } = conversation
  // With JSON output, or without a terminal, no question is asked.
  const stage = form !== "text" || !Keyboard.isThere() ? undefined : yield* Queue.sliding<void>(1)
  const leave = stage === undefined ? undefined : stage.offer(undefined)
  // A new session is told what git says of the folder; git is asked while the server is asked for its models.
  const surroundings = conversation.isNew === true
    ? Fiber.join(yield* Effect.fork(Surroundings.toItems(conversation.folder)))
    : undefined
  const search = yield* searches(conversation, settings)
  const code = yield* turn({ ...conversation, prompt, search }, settings, leave).pipe(
    Runtime.provide({
      workspace: conversation.folder,
      model,
      models,
      dialect,
      // What goes over a socket is the same, in another envelope.
      transport: conversation.isDryRun === true ? "sse" : transport,
      compactAt: settings.compact_at,
      policy,
      permission,
      approver: stage === undefined ? undefined : yield* asking(whenLeft(stage)),
      hasProjectInstructions: isTrusted,
      surroundings,
      skills,
      isEphemeral: conversation.isEphemeral,
      hasWebSearch: search
    })
  )
  if (code !== ExitCode.success) return yield* new ExitCode.Stop({ code })
})

/**
 * Asks the person at the keyboard; the code for it is loaded at the first question. `ready` ends when no other part of
 * the program writes to the terminal.
 */
const asking = (ready: Effect.Effect<void>) =>
  Effect.map(Screen, (screen): Approver.Asking => ({
    ask: (question) =>
      Effect.flatMap(Effect.promise(() => import("./TerminalApprover.ts")), (terminal) =>
        terminal.ask(screen, ready, question))
  }))

/** Waits until the renderer has shown all earlier events, for a second at most: it may never hear of the question. */
const whenLeft = (stage: Queue.Dequeue<void>) => Effect.asVoid(Effect.timeoutOption(stage.take, "1 second"))

/**
 * The permission of the run: from the flags, else from earlier in this session, else from the settings for all runs.
 * These settings never widen the permission that a session began with.
 */
export const permissionFor = Effect.fnUntraced(function*(conversation: TurnOptions, settings: PermissionSettings) {
  const { before = {}, form = "text" } = conversation
  // A path in config.json is relative to its folder.
  const whole = (file: string | undefined) => file === undefined ? undefined : resolve(settings.home.path, file)
  const stored = whole(settings.policy)
  const flags = {
    permission: said(conversation.permission) ?? settings.flags.permission,
    policy: said(conversation.policy) ?? whole(settings.flags.policy)
  }
  const isKept = flags.policy === undefined && before.policy !== undefined
  const file = flags.policy === undefined ? before.policy ?? stored : resolve(flags.policy)
  const policy = file === undefined ? undefined : yield* isKept ? loadKept(file) : PolicyFile.load(file)

  const usual = !isKept || file === stored ? policy : stored === undefined ? undefined : yield* loadQuietly(stored)
  const mode = usual?.otherwise ?? settings.permission ?? "auto"
  yield* sayLeftOut(settings, mode)
  const named = flags.permission ?? (flags.policy === undefined ? undefined : policy?.otherwise)
  const permission = named ?? before.permission ?? mode

  const kept = [
    ...named === undefined && permission !== mode ? [`--permission ${permission}`] : [],
    ...isKept && file !== stored ? [`--policy ${quote(file ?? "")}`] : []
  ]
  if (kept.length > 0 && form === "text") {
    const screen = yield* Screen
    yield* screen.say(`this session goes on with ${kept.join(" and ")}, as before; the flag changes that`)
  }
  return { permission, policy }
})

/** A project only makes a permission stricter. */
const sayLeftOut = ({ leftOut }: PermissionSettings, mode: Policy.Mode) =>
  Effect.forEach(
    leftOut,
    ({ from, key, value }) =>
      Effect.flatMap(Screen, ({ say }) =>
        say(
          `${quote(from ?? "")} sets ${key} to ${String(value)}, which allows more than ${mode} does; it is left out`
        )),
    { discard: true }
  )

interface PermissionSettings {
  readonly flags: Pick<PermissionSettings, "policy" | "permission">
  readonly leftOut: ReadonlyArray<ResolvedSettings.Origin>
  readonly home: Home.Home
  readonly policy?: string | undefined
  readonly permission?: Policy.Mode | undefined
}

/** The value of a flag, if it is given. */
const said = <A>(flag: Option.Option<A> | undefined): A | undefined =>
  flag === undefined ? undefined : Option.getOrUndefined(flag)

/** Fails if the policy file of an earlier turn is gone: the session must not go on without its rules. */
const loadKept = (file: string) =>
  Effect.mapError(
    isAbsolute(file) ? PolicyFile.load(file) : new Policy.PolicyError({ source: file, problem: "it is in no file" }),
    ({ problem, source }) =>
      new Policy.PolicyError({
        source,
        problem: `${problem}. This session has gone by it so far: put it right, or name another with --policy`
      })
  )

/** Loaded only for comparison, so errors do not matter. */
const loadQuietly = (file: string) => Effect.orElseSucceed(PolicyFile.load(file), () => undefined)

/** Whether the project is trusted. Prints which of its instructions are left out or have problems. */
export const trusts = Effect.fnUntraced(function*({ folder, isNew }: TurnOptions, home: Home.Home) {
  const isTrusted = yield* Trust.isTrusted(home, folder)
  // A resumed session keeps the instructions that it began with.
  if (isNew !== true) return isTrusted
  const screen = yield* Screen
  const own = yield* ProjectInstructions.ofPerson(home.path)
  yield* Effect.forEach(own.problems, ({ path, what }) => screen.say(`${quote(path)} ${what}`), { discard: true })
  const { problems, sources } = yield* ProjectInstructions.load(folder)
  if (isTrusted) {
    yield* Effect.forEach(problems, ({ path, what }) => screen.say(`${quote(path)} ${what}`), { discard: true })
    return true
  }
  const files = sources.map(({ path }) => path)
  const settings = yield* ProjectSettings.find(home, folder)
  const [first, ...more] = [...files, ...settings === undefined ? [] : [settings], ...yield* Skills.ofProject(folder)]
  if (first === undefined) return false
  const which = `${quote(first)}${more.length === 0 ? "" : ` and ${more.length} more`}`
  yield* screen.say(`${which} left out: this project is not trusted. To follow what it says from now on: --trust`)
  return false
})

/** The available skills. Prints which cannot be used. */
export const skillsFor = Effect.fnUntraced(
  function*({ folder }: Pick<TurnOptions, "folder">, home: Home.Home, isTrusted: boolean) {
    const { problems, remarks, skills } = yield* Skills.load({
      home: home.path,
      folder: isTrusted ? folder : undefined
    })
    yield* Effect.forEach(problems, leaveOut, { discard: true })
    const screen = yield* Screen
    yield* Effect.forEach(remarks, ({ path, reason }) => screen.say(`of the skill ${quote(path)}: ${reason}`), {
      discard: true
    })
    return skills
  }
)

const leaveOut = ({ path, reason }: Skills.Problem) =>
  Effect.flatMap(Screen, (screen) => screen.say(`the skill ${quote(path)} is left out: ${reason}`))

/** A prompt with the skills that it names. */
export const teach = Effect.fnUntraced(
  function*(prompt: string | ReadonlyArray<Item>, skills: ReadonlyArray<Skills.Skill>) {
    const screen = yield* Screen
    const said = typeof prompt === "string" ? [userMessage(prompt)] : prompt
    const named = Skills.named(skills, said.map(text).join("\n"))
    const told = yield* Effect.forEach(named, (skill) =>
      Effect.matchEffect(Skills.instructions(skill), {
        onFailure: (error) => Effect.as(leaveOut({ path: skill.path, reason: diskProblem(error) }), []),
        onSuccess: (item) => Effect.as(screen.say(`the skill ${quote(skill.path)} is used`), [item])
      }))
    return [...said, ...told.flat()]
  }
)

/** Whether the server may search the web; prints a message where it cannot. */
export const searches = Effect.fnUntraced(function*({ search }: TurnOptions, { dialect, web_search }: SearchSettings) {
  const screen = yield* Screen
  const isWanted = search ?? web_search ?? false
  if (isWanted && dialect === "chat-completions") {
    yield* screen.say("the web cannot be searched over Chat Completions; the turn goes on without --search")
  }
  return isWanted
})

interface SearchSettings {
  readonly dialect: Dialect
  readonly web_search?: boolean | undefined
}

const turn = Effect.fnUntraced(
  function*(
    conversation: TurnOptions,
    settings: Settings,
    leave: Effect.Effect<unknown> | undefined
  ) {
    const { fork, isEffortNew, isNew, limits, model, output, piped, prompt, search } = conversation
    const agent = yield* Agent
    const { signal } = yield* Interruption
    const credential = yield* selectedCredential
    const host = Option.map(credential, Host.of)
    if (settings.dialect === "chat-completions" && Option.exists(host, ({ speaksChat }) => !speaksChat)) {
      return yield* new ExitCode.BadInput({ message: noPlanForChat })
    }
    if (limits?.cost !== undefined) yield* checkPrice(settings, host, Option.getOrElse(model, () => settings.model))
    const reasoning = reasoningFor(settings, host)
    if (isNew === true || isEffortNew === true) {
      yield* tellEffort(
        settings,
        Option.getOrElse(model, () => settings.model)
      )
    }
    const there = isNew === true
      ? undefined
      : fork === undefined
      ? conversation.session
      : yield* forked(conversation.session, fork.toTurn)
    const session = there ?? conversation.session
    const whyInterrupted = Effect.map(signal, ExitCode.reasonOf)
    const setup = Option.isNone(credential)
      ? undefined
      : yield* SessionSetup.setupOf(credential.value, { dialect: settings.dialect, home: settings.home, search })
    const options = {
      ...defined({ model: Option.getOrUndefined(model) }),
      reasoning,
      limits,
      output,
      whyInterrupted,
      setup
    }
    const beside = piped === undefined ? [] : [yield* PipedInput.toItem(session, piped)]
    const events = prompt === undefined
      ? agent.resume(session, options)
      : agent.run(session, [...Predicate.isString(prompt) ? [userMessage(prompt)] : prompt, ...beside], options)
    if (conversation.isDryRun === true) return yield* Effect.as(Stream.runDrain(events), ExitCode.success)
    return yield* renderTurn(session, events, {
      renderer: yield* rendererFor(conversation, there, leave),
      lastMessage: conversation.lastMessage,
      known: conversation.known
    })
  }
)

/** `session` is there already. */
const rendererFor = Effect.fnUntraced(function*(
  { deltas = false, form = "text", isEphemeral = false, verbosity }: TurnOptions,
  session: string | undefined,
  leave: Effect.Effect<unknown> | undefined
) {
  const screen = yield* Screen
  const { signal } = yield* Interruption
  switch (form) {
    case "text":
      return Text.make(screen, { leave, isKept: !isEphemeral, verbosity })
    case "jsonl":
      return Jsonl.make(screen, { deltas, signal })
    case "envelope":
      return yield* Envelope.make(screen, { session, isKept: !isEphemeral, signal })
  }
})

/** Without a sign-in there will be no turn, and no fork is left behind: the run says what is missing. */
const forked = Effect.fnUntraced(function*(id: string, toTurn: number | undefined) {
  const { account } = yield* Responses
  if (yield* Effect.isFailure(account)) return undefined
  const store = yield* SessionStore
  return (yield* store.fork(id, toTurn)).id
})

/** What nobody knows the price of cannot be limited by it. With a plan, no call costs anything. */
const checkPrice = Effect.fnUntraced(
  function*({ models }: Settings, host: Option.Option<Host.Host>, chosen: string | undefined) {
    if (Option.exists(host, ({ account }) => Host.isPlan(account))) return
    const model = chosen ?? (yield* Effect.flatMap(Models, ({ known }) => known)).defaultModel
    if (ModelProfile.profileOf(model, { models }).price !== undefined) return
    return yield* new ExitCode.BadInput({
      message:
        `--max-cost needs the price of ${model}, which nobody has said: set it in config.json, in US dollars for ` +
        `a million tokens, as {"models": {"${model}": {"price": {"input": 1, "output": 2}}}}, or use --max-tokens`
    })
  }
)

export const noPlanForChat =
  "Chat Completions is spoken with an API key, and a ChatGPT plan is signed in. Add `--auth api-key` " +
  "and set OPENAI_API_KEY (to anything, if the server wants none) and OPENAI_BASE_URL."

interface Settings {
  readonly dialect: Dialect
  readonly home: Home.Home
  readonly model?: string | undefined
  readonly models?: ModelProfile.Overrides | undefined
  readonly reasoning_effort?: string | undefined
  readonly reasoning_summary?: string | undefined
}

export const selectedCredential = Effect.map(
  Effect.option(Effect.flatMap(Credentials, (credentials) => credentials.selected)),
  Option.map(({ credential }) => credential)
)

/** Tells once, as a session begins, of an effort that was asked for and cannot be had. */
export const tellEffort = Effect.fnUntraced(function*({ models, reasoning_effort: effort }: Settings, chosen?: string) {
  if (effort === undefined) return
  const { defaultModel, models: catalogue } = yield* Effect.flatMap(Models, ({ known }) => known)
  const model = chosen ?? defaultModel
  const profile = ModelProfile.profileOf(model, { catalogue, models })
  const { efforts = [], reasoning } = profile
  const nearest = ModelProfile.nearestEffort(effort, profile)
  if (reasoning && (nearest === effort || efforts.includes(effort))) return
  const screen = yield* Screen
  yield* screen.say(
    reasoning
      ? `${model} has no effort "${effort}"; it is asked with "${nearest}" (it has ${efforts.join(", ")})`
      : `${model} takes no effort; it is asked without "${effort}"`
  )
})

export const reasoningFor = (settings: Settings, host: Option.Option<Host.Host>): ReasoningOptions | undefined => {
  const effort = settings.reasoning_effort
  const summary = settings.reasoning_summary ??
    (Option.exists(host, ({ summarizesReasoning }) => summarizesReasoning) ? "auto" : undefined)
  return effort === undefined && summary === undefined ? undefined : defined({ effort, summary })
}
