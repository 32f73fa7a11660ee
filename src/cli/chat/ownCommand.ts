/**
 * `!command`: the person runs a command of their own. The model hears of it with the next prompt.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { spawn, type SpawnOptionsWithStdioTuple } from "node:child_process"
import { StringDecoder } from "node:string_decoder"
import { output as shown } from "../../internal/visible.ts"
import { startProblem } from "../../node/process/startProblem.ts"
import * as ChatPrompts from "../../prompts/ChatPrompts.ts"
import type { Chat } from "./Chat.ts"

/** How much of its output the model is told, from both ends, in characters. */
const maxTold = 16_000

/** Runs in the person's own shell, in the folder of the session; an interruption stops it with all it has started. */
export const run = Effect.fnUntraced(function*(chat: Chat, command: string) {
  yield* chat.front.print(["", ...`! ${shown(command)}`.split("\n")])
  let told = ""
  let end = ""
  yield* Stream.runForEach(outputOf(command, chat.session.asked().folder), (piece) => {
    if (typeof piece !== "string") {
      end = piece.end
      return Effect.void
    }
    told = bounded(told + piece)
    return chat.front.print(shown(piece.replace(/\n$/, "")).split("\n").map((row) => `  ${row}`))
  }).pipe(
    Effect.onInterrupt(() => {
      end = "stopped by the user"
      return Effect.void
    }),
    Effect.ensuring(Effect.suspend(() => {
      chat.note(ChatPrompts.commandRun(command, told, end))
      return end === "" ? Effect.void : chat.front.print([`  [${shown(end)}]`])
    }))
  )
})

/** Both ends of a long output say most. */
const bounded = (text: string): string =>
  text.length <= maxTold
    ? text
    : `${text.slice(0, maxTold / 2).toWellFormed()}\n[…]\n${text.slice(10 - maxTold / 2).toWellFormed()}`

/** Whole lines as they come, then how it ended unless it ended well. */
const outputOf = (command: string, folder: string): Stream.Stream<string | { readonly end: string }> =>
  Stream.asyncPush<string | { readonly end: string }>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const failed = (error: unknown) => {
          emit.single({ end: `not started: ${startProblem(error, folder)}` })
          emit.end()
        }
        const child = start(failed, process.env["SHELL"] || "/bin/sh", ["-c", command], {
          cwd: folder,
          detached: true,
          stdio: ["ignore", "pipe", "pipe"]
        })
        if (child === undefined) return undefined
        const lines = linesOf((text) => void emit.single(text))
        for (const stream of [child.stdout, child.stderr]) stream.on("data", lines.push)
        child.once("error", failed)
        child.once("close", (code, signal) => {
          lines.rest()
          if (code !== 0) emit.single({ end: code === null ? String(signal) : `exit ${code}` })
          emit.end()
        })
        return child
      }),
      (child) => Effect.sync(() => child?.exitCode === null && child.signalCode === null ? kill(child.pid) : undefined)
    ), { bufferSize: "unbounded" })

/** Some problems are thrown, and others are told later. */
const start = (
  failed: (error: unknown) => void,
  ...how: Parameters<typeof spawnPiped>
): ReturnType<typeof spawnPiped> | undefined => {
  try {
    return spawnPiped(...how)
  } catch (error) {
    failed(error)
    return undefined
  }
}

const spawnPiped = (
  shell: string,
  args: ReadonlyArray<string>,
  options: SpawnOptionsWithStdioTuple<"ignore", "pipe", "pipe">
) => spawn(shell, args, options)

/** The group has all that it has started. */
const kill = (pid: number | undefined): void => {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGTERM")
  } catch {
    return
  }
}

const linesOf = (give: (lines: string) => void) => {
  const decoder = new StringDecoder("utf8")
  let held = ""
  return {
    push: (bytes: Buffer) => {
      const text = held + decoder.write(bytes)
      const end = text.lastIndexOf("\n") + 1
      held = text.slice(end)
      if (end > 0) give(text.slice(0, end))
    },
    rest: () => {
      if (held !== "") give(held)
    }
  }
}
