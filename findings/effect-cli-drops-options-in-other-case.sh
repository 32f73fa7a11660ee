#!/usr/bin/env bash
# Packages  @effect/cli 0.77.2, @effect/platform-node 0.108.2, effect 3.22.4, Node 20
# Guess     An option in other letters (`--MODEL big`, `-M big`) is either understood or refused.
# Behaviour It is taken off the command line with its value, and then dropped: the command runs with the default. Names are
#           compared without regard to case when the words are sorted, and with regard to it when the value is looked up.
#           With `CliConfig.layer({ isCaseSensitive: true })` both words become arguments instead, where there are any.
# Seen      --model big → {"model":"big","words":[]}
#           --MODEL big → {"model":"small","words":[]}
#           -M big → {"model":"small","words":[]}
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

const command = Command.make("demo", {
  model: Options.text("model").pipe(Options.withAlias("m"), Options.withDefault("small")),
  words: Args.text({ name: "word" }).pipe(Args.repeated)
}, (given) => Effect.sync(() => console.log(`${process.argv.slice(2).join(" ")} → ${JSON.stringify(given)}`)))

Command.run(command, { name: "demo", version: "1" })(process.argv).pipe(Effect.provide(NodeContext.layer), Effect.runPromise)
JS
seen=$(node program.mjs --model big; node program.mjs --MODEL big; node program.mjs -M big)
printf '%s\n' "$seen"
[ "$seen" = '--model big → {"model":"big","words":[]}
--MODEL big → {"model":"small","words":[]}
-M big → {"model":"small","words":[]}' ]
