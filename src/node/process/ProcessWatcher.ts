/**
 * A small shell that outlives us: it is told what runs, and when we are gone without a word (`kill -9`), it kills that.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { tooManyFiles } from "../../internal/tooManyFiles.ts"
import * as ProcessMark from "./ProcessMark.ts"

/**
 * What is watched is named by one word: a process group as `kill` wants it, with a hyphen and its number, or a mark.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProcessWatcher {
  readonly watch: (word: string) => void
  readonly forget: (word: string) => void
}

/**
 * The watcher reads from a pipe whose other end nobody but us holds: however we end, the kernel closes it. One watcher
 * serves all commands, so that a command costs two short lines and no process more. It sits in a session of its own,
 * where neither a closing terminal nor Ctrl-C reaches it, and starts when there is something to watch.
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
    // The first one, or one in the place of a watcher that somebody has killed.
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
    // Without the mark that it may itself have inherited: it must not be found by what it looks for.
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" }
  }) as Shell
  child.on("error", () => {})
  // Without a file to spare there is no pipe, and no shell; whoever has started it hears why.
  if (!("stdin" in child) || child.stdin as unknown == null) throw new Error(tooManyFiles)
  child.stdin.on("error", () => {})
  // Nobody waits for it.
  child.unref()
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref()
  return child
}

/**
 * It puts away what it may itself have inherited, so as not to be found by what somebody else looks for. A tree may grow
 * while it is killed: look again until nobody is found but who has ended and waits to be noticed.
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
