#!/usr/bin/env bash
# Package   effect 3.22.4 (`Config.withDefault`, `Config.option`), Node 20
# Guess     The default of `Config.all({ host, port })` is for those who set neither. Whoever sets HOST and misspells PORT
#           is told that PORT is missing, or gets his host and the default port.
# Behaviour He gets the whole default, and what he set is dropped without a word: a program that was pointed at one machine
#           talks to another. `Config.option` says none. A value that is wrong, rather than missing, is reported.
# Seen      neither: default:1
#           HOST alone: default:1
#           HOST alone, as an option: None
#           HOST, and PORT that is no number: fails
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts effect@3.22.4

cat >program.mjs <<'JS'
import { Config, ConfigProvider, Effect, Exit } from "effect"

const address = Config.all({ host: Config.string("HOST"), port: Config.integer("PORT") })
const withDefault = Config.withDefault(address, { host: "default", port: 1 })
const read = (config, environment) =>
  Effect.runSyncExit(Effect.withConfigProvider(config, ConfigProvider.fromMap(new Map(Object.entries(environment)))))
const show = Exit.match({ onSuccess: ({ host, port }) => `${host}:${port}`, onFailure: () => "fails" })

console.log(`neither: ${show(read(withDefault, {}))}`)
console.log(`HOST alone: ${show(read(withDefault, { HOST: "own" }))}`)
console.log(`HOST alone, as an option: ${read(Config.option(address), { HOST: "own" }).value._tag}`)
console.log(`HOST, and PORT that is no number: ${show(read(withDefault, { HOST: "own", PORT: "many" }))}`)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'neither: default:1
HOST alone: default:1
HOST alone, as an option: None
HOST, and PORT that is no number: fails' ]
