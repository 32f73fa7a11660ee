/**
 * Questions about calls, which are asked in the place of the conversation.
 */
import * as Effect from "effect/Effect"
import * as ChatPrompts from "../../prompts/ChatPrompts.ts"
import * as Approver from "../../tools/permission/Approver.ts"
import * as Keyboard from "../Keyboard.ts"
import { Screen } from "../Screen.ts"
import * as ExternalEditor from "./externalEditor.ts"
import type { Front } from "./Front.ts"

export const make = Effect.map(Screen, (screen) => {
  let front: Front | undefined
  let stop: Effect.Effect<unknown> = Effect.void
  /** The command that the person has put in the place of another one: it is not asked about again. */
  let wanted: { readonly command: string; readonly workdir: string | undefined } | undefined

  const isWanted = ({ subject }: Approver.Question): boolean => {
    const last = wanted
    wanted = undefined
    return subject._tag === "Command" && subject.command === last?.command && subject.workdir === last.workdir
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

  const approver: Approver.Asking = {
    ask: (question) => {
      if (front === undefined) return Effect.succeedNone
      if (isWanted(question)) return Effect.succeedSome(Approver.once)
      const { hasColors } = front
      return front.aside(
        Effect.flatMap(
          Effect.promise(() => import("../TerminalApprover.ts")),
          ({ ask }) =>
            ask({ ...screen, err: screen.out, size: sizeOfOut, hasColors }, Effect.void, question, instead(question))
        ).pipe(Effect.provideService(Keyboard.Stopping, { stop, hasEscape: true }))
      )
    }
  }
  return {
    approver,
    /** Asks on this from now on; `interrupt` ends the turn that asks. */
    askOn: (shown: Front, interrupt: Effect.Effect<unknown>) => {
      front = shown
      stop = interrupt
    }
  }
})

const sizeOfOut = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 })
