#!/usr/bin/env bash
# Packages  @effect/cli 0.77.2, @effect/platform-node 0.108.2, effect 3.22.4, Node 20
# Guess     `--tag=red` and `--tag red` are two ways to write one thing, for each option.
# Behaviour Not for one that may be repeated. With an equals sign it is no option at all: the word becomes an argument, here
#           the file to work on, and the list of tags is empty. Nothing is reported where an argument is left to take it.
# Seen      --tag red notes.txt → {"tag":["red"],"file":"notes.txt","more":[]}
#           --tag=red notes.txt → {"tag":[],"file":"--tag=red","more":["notes.txt"]}
#           --tag red --tag=blue notes.txt → {"tag":["red"],"file":"--tag=blue","more":["notes.txt"]}
#           once, --tag=red notes.txt → {"tag":"red","file":"notes.txt","more":[]}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/cli@0.77.2 @effect/platform@0.97.2 @effect/platform-node@0.108.2 effect@3.22.4

cat >program.mjs <<'JS'
import { Args, Command, Options } from "@effect/cli"
import { NodeContext } from "@effect/platform-node"
import { Effect } from "effect"

const run = (prefix, tag, words) => {
  const command = Command.make("demo", {
    tag,
    file: Args.text({ name: "file" }),
    more: Args.text({ name: "more" }).pipe(Args.repeated)
  }, (given) => Effect.sync(() => console.log(`${prefix}${words.join(" ")} → ${JSON.stringify(given)}`)))
  return Command.run(command, { name: "demo", version: "1" })(["node", "demo", ...words]).pipe(
    Effect.provide(NodeContext.layer),
    Effect.runPromise
  )
}
const once = Options.text("tag")
const repeated = Options.repeated(once)
await run("", repeated, ["--tag", "red", "notes.txt"])
await run("", repeated, ["--tag=red", "notes.txt"])
await run("", repeated, ["--tag", "red", "--tag=blue", "notes.txt"])
await run("once, ", once, ["--tag=red", "notes.txt"])
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = '--tag red notes.txt → {"tag":["red"],"file":"notes.txt","more":[]}
--tag=red notes.txt → {"tag":[],"file":"--tag=red","more":["notes.txt"]}
--tag red --tag=blue notes.txt → {"tag":["red"],"file":"--tag=blue","more":["notes.txt"]}
once, --tag=red notes.txt → {"tag":"red","file":"notes.txt","more":[]}' ]
