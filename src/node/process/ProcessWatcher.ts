/**
 * A small shell that outlives us: we tell it what runs, and when we die without cleaning up (`kill -9`), it kills that.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { tooManyFiles } from "../../internal/tooManyFiles.ts"
import * as ProcessMark from "./ProcessMark.ts"

/**
 * One word names what is watched: a process group as `kill` wants it, with a hyphen and its number, or a mark.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessWatcher {
  readonly watch: (word: string) => void
  readonly forget: (word: string) => void
}

/**
 * The watcher reads from a pipe whose other end only we hold: however we end, the kernel closes it. One watcher serves
 * all commands, so that a command costs two short lines and no extra process. It runs in a session of its own, where
 * neither a closing terminal nor Ctrl-C reaches it, and starts when there is something to watch.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<ProcessWatcher, never, Scope.Scope> = Effect.gen(function*() {
  const live = new Set<string>()
  let shell: Shell | undefined
  yield* Effect.addFinalizer(() => Effect.sync(() => shell?.stdin.end()))

  const tell = (line: string) => {
    if (shell !== undefined && shell.exitCode === null && shell.signalCode === null) return shell.stdin.write(line)
    // Starts the first watcher, or replaces one that was killed.
    shell = launch()
    return shell.stdin.write(Array.from(live, (word) => `+ ${word}\n`).join(""))
  }
  return {
    watch: (word) => {
      live.add(word)
      tell(`+ ${word}\n`)
    },
    forget: (word) => {
      if (live.delete(word)) tell(`- ${word}\n`)
    }
  }
})

type Shell = ChildProcess & { readonly stdin: NonNullable<ChildProcess["stdin"]> }

const launch = (): Shell => {
  const child = spawn("/bin/sh", ["-c", script], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    // Without the mark that it may itself have inherited: it must not find itself.
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" }
  }) as Shell
  child.on("error", () => {})
  // When file descriptors run out, there is no pipe and no shell; the caller gets the error.
  if (!("stdin" in child) || child.stdin as unknown == null) throw new Error(tooManyFiles)
  child.stdin.on("error", () => {})
  // It must not keep our process from exiting.
  child.unref()
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref()
  return child
}

/**
 * It removes a mark that it may have inherited, so that the search of another watcher does not find it. A tree may grow
 * while it is killed: it repeats the search until it finds only zombies.
 */
const script = `
${ProcessMark.limit("unlimited")}
trap '' HUP INT QUIT TERM
live=
while read -r sign word; do
  case $sign in
    +) live="$live $word " ;;
    -) live="\${live%%" $word "*}\${live#*" $word "}" ;;
  esac
done
marks=
for word in $live; do
  case $word in
    -*) kill -s KILL -- "$word" ;;
    *) marks="$marks -e $word" ;;
  esac
done
[ -n "$marks" ] && [ -e /proc/self/environ ] || exit 0
rounds=100
while [ $rounds -gt 0 ]; do
  is_done=yes
  for path in $(grep -lsF $marks /proc/[0-9]*/environ /proc/[0-9]*/limits); do
    pid=\${path#/proc/}
    pid=\${pid%/*}
    read -r state < "/proc/$pid/stat" || continue
    case \${state##*)} in
      " Z "* | " X "*) ;;
      *) kill -s KILL "$pid" && is_done=no ;;
    esac
  done
  [ $is_done = no ] || exit 0
  rounds=$((rounds - 1))
done
`
