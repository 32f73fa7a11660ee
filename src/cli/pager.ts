/**
 * Shows a long text to a person: by a pager on a terminal, as it is elsewhere.
 */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { hidden } from "../auth/Secrets.ts"
import { withoutInterrupts } from "./Interruption.ts"
import { Screen } from "./Screen.ts"

/** As git does: less quits where the text fits one screen, shows colours, and leaves the text on the screen. */
const less = "FRX"

export const page = Effect.fnUntraced(function*(text: string) {
  const screen = yield* Screen
  const pager = process.env["PAGER"] ?? "less"
  const isPaged = process.stdin.isTTY === true && screen.isOutTerminal && process.env["TERM"] !== "dumb" &&
    pager.trim() !== "" && pager.trim() !== "cat"
  if (!isPaged || !(yield* show(pager, yield* hidden(text)))) yield* screen.out(text)
})

/** Whether the pager has run. $PAGER may have options, so a shell reads it. */
const show = (pager: string, text: string) =>
  Effect.async<boolean>((resume) => {
    const child = spawn("/bin/sh", ["-c", pager], {
      stdio: ["pipe", "inherit", "inherit"],
      env: { LESS: less, ...process.env }
    })
    // The person may leave before the end of the text.
    child.stdin.on("error", () => {})
    child.once("error", () => resume(Effect.succeed(false)))
    // 127: there is no such program.
    child.once("close", (code) => resume(Effect.succeed(code !== 127)))
    child.stdin.end(text)
    return Effect.sync(() => child.kill())
  }).pipe(withoutInterrupts)
