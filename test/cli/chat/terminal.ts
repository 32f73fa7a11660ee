/** A conversation in a terminal of its own: tmux shows what a person sees. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import type * as Script from "../../../src/testing/Script.ts"
import { eventually, machine, program } from "../support.ts"

const found = spawnSync("tmux", ["-V"])

/** Whether such terminals can be had here. */
export const isThere = process.platform === "linux" && found.status === 0

export interface How {
  readonly columns?: number
  readonly rows?: number
  readonly args?: ReadonlyArray<string>
  readonly env?: Record<string, string>
  /** What is typed is given to a shell, which runs the program as one of its jobs. */
  readonly isInShell?: boolean
}

/** The keys that tmux knows by name. */
type Named =
  | "Enter"
  | "Escape"
  | "Tab"
  | "Up"
  | "Down"
  | "BSpace"
  | "C-c"
  | "C-d"
  | "C-g"
  | "C-j"
  | "C-r"
  | "C-z"
  | "M-Enter"

let count = 0

/** Machines share nothing, and so do their terminals. */
export const sitDown = Effect.fnUntraced(function*(script: Script.Script, pace?: string) {
  const all = yield* machine(script, pace === undefined ? {} : { pace: pace as "10 millis" })
  const socket = all.path.join(all.base, "tmux")
  const tmux = (...args: ReadonlyArray<string>): string => {
    const { status, stderr, stdout } = spawnSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], {
      encoding: "utf8"
    })
    if (status !== 0) throw new Error(`tmux ${args.join(" ")}: ${stderr}`)
    return stdout
  }
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: all.base,
    EFFIXIR_HOME: all.home,
    EFFIXIR_SANDBOX: "off",
    EFFIXIR_ISSUER: all.simulator.issuer,
    EFFIXIR_CHATGPT_BASE_URL: all.simulator.chatgptBaseUrl,
    OPENAI_BASE_URL: all.simulator.apiBaseUrl,
    NO_COLOR: "1",
    LANG: "C.UTF-8",
    SHELL: "/bin/sh",
    PS1: "$ "
  }

  /** Starts the program, as `effixir` with these arguments. */
  const start = ({ args = [], columns = 80, env = {}, isInShell = false, rows = 24 }: How = {}) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const name = `t${count++}`
        const marker = all.path.join(all.base, `${name}.code`)
        const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ")
        const variables = Object.entries({ ...environment, TERM: "tmux-256color", ...env })
          .map(([variable, value]) => `${variable}='${value}'`).join(" ")
        tmux(
          "new-session",
          "-d",
          "-s",
          name,
          "-x",
          String(columns),
          "-y",
          String(rows),
          "-c",
          all.folder,
          isInShell
            ? `env -i ${variables} /bin/sh -i`
            : `env -i ${variables} ${command}; echo $? > '${marker}'; stty -a > '${marker}.stty'; sleep 1000`
        )
        const pane = `=${name}:`
        const capture = (...how: ReadonlyArray<string>) =>
          tmux("capture-pane", "-p", ...how, "-t", pane).split("\n").map((row) => row.trimEnd()).join("\n").trimEnd()
        const screen = () => capture()
        const history = () => capture("-S", "-")
        return {
          name,
          command,
          screen,
          /** With what has scrolled away. */
          history,
          type: (text: string) => Effect.sync(() => void tmux("send-keys", "-t", pane, "-l", "--", text)),
          press: (...keys: ReadonlyArray<Named>) => Effect.sync(() => void tmux("send-keys", "-t", pane, ...keys)),
          paste: (text: string) =>
            Effect.sync(() => {
              const { status } = spawnSync("tmux", ["-S", socket, "load-buffer", "-b", name, "-"], { input: text })
              assert.strictEqual(status, 0)
              tmux("paste-buffer", "-p", "-b", name, "-t", pane)
            }),
          resize: (columns: number, rows: number) =>
            Effect.sync(() => void tmux("resize-window", "-t", pane, "-x", String(columns), "-y", String(rows))),
          see: (what: string | RegExp) =>
            Effect.map(
              eventually(`seen: ${what}`, () =>
                typeof what === "string" ? history().includes(what) : what.test(history()))
                .pipe(
                  Effect.timeoutFail({
                    duration: "60 seconds",
                    onTimeout: () =>
                      new Error(`not seen: ${what}, but\n${history()}`)
                  }),
                  Effect.orDie
                ),
              history
            ),
          /** The process of the program. */
          program: () => {
            const shell = tmux("display-message", "-p", "-t", pane, "#{pane_pid}").trim()
            return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").trim().split(" ")[0])
          },
          close: Effect.sync(() => void tmux("kill-session", "-t", `=${name}`)),
          /** The exit code, and how the terminal is left. */
          end: eventually(
            "the end",
            () => existsSync(`${marker}.stty`) && readFileSync(`${marker}.stty`, "utf8").includes("icanon")
          ).pipe(
            Effect.zipRight(Effect.all({
              code: Effect.map(all.fs.readFileString(marker), Number),
              stty: all.fs.readFileString(`${marker}.stty`)
            }))
          )
        }
      }),
      () => Effect.sync(() => void spawnSync("tmux", ["-S", socket, "kill-server"]))
    )
  return { ...all, start }
})
