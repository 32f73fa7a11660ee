/**
 * One turn from the command line, in a new session or an old one.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { Agent } from "../agent/Agent.ts"
import type { Limits } from "../agent/Limits.ts"
import * as Home from "../node/settings/Home.ts"
import * as Trust from "../node/settings/Trust.ts"
import * as Surroundings from "../node/workspace/Surroundings.ts"
import { type Item, userMessage } from "../responses/Item.ts"
import { Responses } from "../responses/Responses.ts"
import type { StructuredOutput } from "../responses/StructuredOutput.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type * as Approver from "../tools/permission/Approver.ts"
import * as AgentSetup from "./agentSetup.ts"
import * as ExitCode from "./ExitCode.ts"
import { Interruption } from "./Interruption.ts"
import * as Keyboard from "./Keyboard.ts"
import type { LastMessage } from "./lastMessage.ts"
import * as PipedInput from "./pipedInput.ts"
import * as Envelope from "./render/envelope.ts"
import * as Jsonl from "./render/jsonl.ts"
import type { Verbosity } from "./render/Renderer.ts"
import * as Text from "./render/text.ts"
import { renderTurn } from "./renderTurn.ts"
import * as Runtime from "./runtime.ts"
import { Screen } from "./Screen.ts"

export interface TurnOptions extends AgentSetup.Asked {
  readonly session: string
  /** The number of the last event that the log is known to hold. */
  readonly known?: number | undefined
  /** Without a prompt, the last turn goes on. */
  readonly prompt: string | ReadonlyArray<Item> | undefined
  /** What was piped in beside the prompt. */
  readonly piped?: PipedInput.Piped | undefined
  /** Whether the effort is asked for just now. */
  readonly isEffortNew?: boolean
  /** How much a person is told beside the answer. */
  readonly verbosity?: Verbosity
  /** Whether texts are told piece by piece as JSON lines. */
  readonly deltas?: boolean
  /** The file that gets the answer as well. */
  readonly lastMessage?: LastMessage | undefined
  /** What the answer has to be. */
  readonly output?: StructuredOutput<unknown> | undefined
  readonly limits?: Limits
  /** Whether the project is trusted from now on. */
  readonly trust?: boolean
  /** Whether nothing of the turn is kept. */
  readonly isEphemeral?: boolean
  /** Whether a person is told how to go on with the session. */
  readonly isResumable?: boolean
  /** Whether nothing is sent, and nobody told of what happens. */
  readonly isDryRun?: boolean
  /** Whether the turn is run in a fork of the session, which begins behind a turn of it or now. */
  readonly fork?: { readonly toTurn: number | undefined } | undefined
}

export const runTurn = Effect.fnUntraced(function*(conversation: TurnOptions) {
  // What the project sets counts as soon as it is trusted.
  if (conversation.trust === true) yield* Trust.trust(yield* Home.config, conversation.folder)
  const { runtime, search, settings, skills } = yield* AgentSetup.read(conversation)
  const prompt = conversation.prompt === undefined ? undefined : yield* AgentSetup.teach(conversation.prompt, skills)
  const { form = "text" } = conversation
  // With JSON output, or without a terminal, no question is asked.
  const stage = form !== "text" || !Keyboard.isThere() ? undefined : yield* Queue.sliding<void>(1)
  const leave = stage === undefined ? undefined : stage.offer(undefined)
  // A new session is told what git says of the folder; git is asked while the server is asked for its models.
  const surroundings = conversation.isNew === true
    ? Fiber.join(yield* Effect.fork(Surroundings.toItems(conversation.folder)))
    : undefined
  const aside = makeAside()
  const code = yield* turn({ ...conversation, prompt, search }, settings, { leave, isAside: aside.is }).pipe(
    Runtime.provide({
      ...runtime,
      // What goes over a socket is the same, in another envelope.
      transport: conversation.isDryRun === true ? "sse" : runtime.transport,
      approver: stage === undefined ? undefined : yield* asking(whenLeft(stage), aside),
      surroundings,
      isEphemeral: conversation.isEphemeral
    })
  )
  if (code !== ExitCode.success) return yield* new ExitCode.Stop({ code })
})

/**
 * Asks the person at the keyboard, one thing at a time; the code for it is loaded at the first question. `ready` ends when
 * no other part of the program writes to the terminal; `aside` keeps the status line away meanwhile.
 */
const asking = (ready: Effect.Effect<void>, aside: Aside) =>
  Effect.map(Effect.all([Screen, Effect.makeSemaphore(1)]), ([screen, one]): Approver.Asking => ({
    isThere: true,
    ask: (question) =>
      one.withPermits(1)(
        Effect.flatMap(Effect.promise(() => import("./TerminalApprover.ts")), (terminal) =>
          terminal.ask(screen, ready, question))
      ),
    fill: (form) =>
      one.withPermits(1)(aside.during(Effect.flatMap(terminalForm, (terminal) => terminal.fill(screen, form)))),
    visit: (page) =>
      one.withPermits(1)(aside.during(Effect.flatMap(terminalForm, (terminal) => terminal.visit(screen, page))))
  }))

const terminalForm = Effect.promise(() => import("./TerminalForm.ts"))

type Aside = ReturnType<typeof makeAside>

/** Whether something else than the turn has the terminal. */
const makeAside = () => {
  let count = 0
  return {
    is: () => count > 0,
    during: <A, E, R>(use: Effect.Effect<A, E, R>) =>
      Effect.acquireUseRelease(Effect.sync(() => count++), () => use, () => Effect.sync(() => count--))
  }
}

/** How the renderer leaves the terminal to a question. */
type Stage = Pick<Text.Options, "isAside" | "leave">

/** Waits until the renderer has shown all earlier events, for a second at most: it may never hear of the question. */
const whenLeft = (stage: Queue.Dequeue<void>) => Effect.asVoid(Effect.timeoutOption(stage.take, "1 second"))

const turn = Effect.fnUntraced(
  function*(
    conversation: TurnOptions,
    settings: AgentSetup.Settings,
    stage: Stage
  ) {
    const { fork, isEffortNew, isNew, limits, model, output, piped, prompt, search } = conversation
    const agent = yield* Agent
    const { signal } = yield* Interruption
    const { host, options: asked } = yield* AgentSetup.ofTurn(settings, search, Option.getOrUndefined(model))
    yield* AgentSetup.checkPrice(limits, "--max-cost", settings, host, Option.getOrElse(model, () => settings.model))
    if (isNew === true || isEffortNew === true) {
      yield* AgentSetup.tellEffort(
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
    const options = { ...asked, limits, output, whyInterrupted }
    const beside = piped === undefined ? [] : [yield* PipedInput.toItem(session, piped)]
    const events = prompt === undefined
      ? agent.resume(session, options)
      : agent.run(session, [...Predicate.isString(prompt) ? [userMessage(prompt)] : prompt, ...beside], options)
    if (conversation.isDryRun === true) return yield* Effect.as(Stream.runDrain(events), ExitCode.success)
    return yield* renderTurn(session, events, {
      renderer: yield* rendererFor(conversation, there, stage),
      lastMessage: conversation.lastMessage,
      known: conversation.known
    })
  }
)

/** `session` is there already. */
const rendererFor = Effect.fnUntraced(function*(
  { deltas = false, form = "text", isEphemeral = false, isResumable = true, verbosity }: TurnOptions,
  session: string | undefined,
  stage: Stage
) {
  const screen = yield* Screen
  const { signal } = yield* Interruption
  switch (form) {
    case "text":
      return Text.make(screen, { ...stage, isKept: !isEphemeral, isResumable, verbosity })
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
