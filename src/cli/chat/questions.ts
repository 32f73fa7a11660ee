/**
 * Questions about calls, which are asked in the place of the conversation.
 */
import * as Effect from "effect/Effect"
import * as ChatPrompts from "../../prompts/ChatPrompts.ts"
import * as Elicitation from "../../tools/mcp/Elicitation.ts"
import * as Approver from "../../tools/permission/Approver.ts"
import * as Keyboard from "../Keyboard.ts"
import { IsPlain } from "../plain.ts"
import { Screen } from "../Screen.ts"
import * as ExternalEditor from "./externalEditor.ts"
import type { Front } from "./Front.ts"

export const make = Effect.map(Effect.all([Screen, Effect.makeSemaphore(1)]), ([screen, one]) => {
  let front: Front | undefined
  let stop: Effect.Effect<unknown> = Effect.void
  /** The command that the person has put in the place of another one: it is not asked about again. */
  let wanted: { readonly command: string; readonly workdir: string | undefined } | undefined

  const isWanted = ({ subject }: Approver.Question): boolean => {
    const last = wanted
    wanted = undefined
    return subject._tag === "Command" && subject.writable === undefined && subject.command === last?.command &&
      subject.workdir === last.workdir
  }

  const instead = ({ subject }: Approver.Question): Effect.Effect<Approver.Answer> => {
    if (subject._tag !== "Command") return Effect.map(Keyboard.words("  what instead? "), Approver.no)
    const { command, workdir } = subject
    const edited = command.includes("\n")
      ? Effect.orElseSucceed(ExternalEditor.edit(command), () => "")
      : Keyboard.words("  run instead: ", command)
    return Effect.map(edited, (text) => {
      if (text === command) return Approver.once
      if (text.trim() === "") return Approver.no()
      wanted = { command: text, workdir }
      return Approver.no(ChatPrompts.runInstead(text))
    })
  }

  /** Gives a question the terminal. Forms of servers and questions about calls come one at a time. */
  const put = <A>(shown: Front, question: (on: typeof Screen.Service) => Effect.Effect<A>) => {
    const on = { ...screen, err: screen.out, size: sizeOfOut, hasColors: shown.hasColors }
    const asked = Effect.suspend(() =>
      question(on).pipe(
        Effect.provideService(Keyboard.Stopping, { stop, hasEscape: true }),
        Effect.provideService(IsPlain, shown.isPlain)
      )
    )
    return one.withPermits(1)(shown.aside(asked))
  }

  const approver: Approver.Asking = {
    isThere: true,
    ask: (question) => {
      if (front === undefined) return Effect.succeedNone
      if (isWanted(question)) return Effect.succeedSome(Approver.once)
      const approver = Effect.promise(() => import("../TerminalApprover.ts"))
      return put(
        front,
        (on) => Effect.flatMap(approver, ({ ask }) => ask(on, Effect.void, question, instead(question)))
      )
    },
    fill: (form) =>
      front === undefined
        ? Effect.succeed(Elicitation.decline)
        : put(front, (on) => Effect.flatMap(terminalForm, ({ fill }) => fill(on, form))),
    visit: (page) =>
      front === undefined
        ? Effect.succeed(Elicitation.decline)
        : put(front, (on) => Effect.flatMap(terminalForm, ({ visit }) => visit(on, page)))
  }
  return {
    approver,
    /** Asks on this from now on; `interrupt` ends the turn that asks, and gives false where there is none. */
    askOn: (shown: Front, interrupt: Effect.Effect<unknown>) => {
      front = shown
      stop = interrupt
    }
  }
})

const terminalForm = Effect.promise(() => import("../TerminalForm.ts"))

const sizeOfOut = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 })
