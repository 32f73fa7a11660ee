/** Copies a text of the person's choice: by a program of the system, else through the terminal. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { writeSync } from "node:fs"

/** The first that is there is used. */
const programs: ReadonlyArray<readonly [program: string, ...args: ReadonlyArray<string>]> = [
  ...process.platform === "darwin" ? [["pbcopy"] as const] : [],
  ...process.env["WAYLAND_DISPLAY"] === undefined ? [] : [["wl-copy"] as const],
  ...process.env["DISPLAY"] === undefined
    ? []
    : [["xclip", "-selection", "clipboard"] as const, ["xsel", "--clipboard", "--input"] as const],
  ["clip.exe"]
]

/** What was done, in a sentence. */
export const copy = Effect.fnUntraced(function*(text: string) {
  for (const [program, ...args] of programs) {
    if (yield* runs(program, args, text)) return "The last answer is copied."
  }
  // Terminals take it over SSH as well, where they allow it.
  writeSync(process.stdout.fd, `\u001B]52;c;${Buffer.from(text).toString("base64")}\u0007`)
  return "The last answer was handed to the terminal to copy, which some do not do."
})

const runs = (program: string, args: ReadonlyArray<string>, text: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const child = spawn(program, args, { stdio: ["pipe", "ignore", "ignore"] })
    child.stdin.on("error", () => {})
    child.once("error", () => resume(Effect.succeed(false)))
    child.once("exit", (code) => resume(Effect.succeed(code === 0)))
    child.stdin.end(text)
    return Effect.sync(() => child.kill())
  })
