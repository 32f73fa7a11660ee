/**
 * Prints the steps of a sign-in: for a person above the progress line, for a program as JSON lines.
 */
import * as Effect from "effect/Effect"
import type { PasteRefused } from "../../auth/BrowserAnswer.ts"
import { prose } from "../../internal/visible.ts"
import * as NodeBrowser from "../../node/auth/NodeBrowser.ts"
import { printOver } from "../progressLine.ts"
import { Screen } from "../Screen.ts"
import { wrap } from "../wrap.ts"

/** Wraps lines at the width of the terminal; an address or a code stays whole. */
export const say = (...lines: ReadonlyArray<string>) =>
  Effect.flatMap(
    Screen,
    ({ width }) =>
      printOver(
        lines.map(prose).map((line) => `${line.length <= width ? line : wrap(line, width, "")}\n`).join("")
      )
  )

export const sayJson = (line: { readonly type: string; readonly [field: string]: unknown }) =>
  Effect.flatMap(Screen, (screen) => screen.out(`${JSON.stringify(line)}\n`))

/** What the person has to do with the address below: nothing, where a browser opens by itself. */
export const whereToOpen = Effect.map(
  NodeBrowser.canOpenBrowser,
  (canOpen) => canOpen ? "in the browser that opens now, or open this address" : "in a browser, at this address"
)

export const refusePaste = ({ problem }: PasteRefused, json: boolean) =>
  json
    ? sayJson({ type: "login.paste_refused", problem, message: pasteProblems[problem] })
    : say(pasteProblems[problem])

const pasteProblems: { readonly [problem in PasteRefused["problem"]]: string } = {
  AnotherSignIn: "That address belongs to another sign-in. Open the one above, and paste the address where it ends.",
  NoAnswer: "That is no answer of the sign-in server. Paste the whole address of the page where the browser ended."
}
