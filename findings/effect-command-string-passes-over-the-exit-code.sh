#!/usr/bin/env bash
# Packages  @effect/platform 0.97.2 (`Command`), @effect/platform-node 0.108.2, effect 3.22.4, Node 20
# Guess     `Command.string` and `Command.lines` fail when the command does, with its exit code, as `execFile` of Node and
#           `check_output` of Python do: their error type is the one for commands that cannot be run.
# Behaviour They succeed with whatever was written before. A build that fails, a search of a folder that is not there, a
#           command that the shell does not know: each is an empty text and a success, and what was said on stderr is gone.
#           `Command.exitCode` knows, and keeps no output.
# Seen      execFile: rejects with code 3
#           string: "half"
#           lines: ["half"]
#           string, of a command that the shell does not know: ""
#           exitCode: 3
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/platform@0.97.2 @effect/platform-node@0.108.2 effect@3.22.4

cat >program.mjs <<'JS'
import { Command } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"

const words = ["sh", "-c", "echo half; echo broken >&2; exit 3"]
const half = Command.make(...words)
const unknown = Command.make("sh", "-c", "no-such-command-here")

await promisify(execFile)(words[0], words.slice(1)).catch(({ code }) => console.log(`execFile: rejects with code ${code}`))
await Effect.gen(function*() {
  console.log(`string: ${JSON.stringify((yield* Command.string(half)).trim())}`)
  console.log(`lines: ${JSON.stringify(yield* Command.lines(half))}`)
  console.log(`string, of a command that the shell does not know: ${JSON.stringify(yield* Command.string(unknown))}`)
  console.log(`exitCode: ${yield* Command.exitCode(half)}`)
}).pipe(Effect.provide(NodeContext.layer), Effect.runPromise)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'execFile: rejects with code 3
string: "half"
lines: ["half"]
string, of a command that the shell does not know: ""
exitCode: 3' ]
