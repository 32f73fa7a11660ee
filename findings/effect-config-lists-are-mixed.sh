#!/usr/bin/env bash
# Package   effect 3.22.4 (`ConfigProvider.orElse`), Node 20
# Guess     `ConfigProvider.orElse(first, () => second)` asks the second one for what the first does not have. A list that the
#           first has is the list.
# Behaviour The longer of the two lists decides how many there are, and each place is asked for on its own. A list of one,
#           set over a default list of three, keeps the last two of the defaults; the shorter it is made, the more of them
#           stay. It makes lists of servers, tools or folders that nobody wrote. A string is answered as guessed.
# Seen      first alone: ["own"]
#           first over second: ["own","default b","default c"]
#           a string, first over second: own
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts effect@3.22.4

cat >program.mjs <<'JS'
import { Config, ConfigProvider, Effect } from "effect"

const first = ConfigProvider.fromJson({ model: "own", folders: ["own"] })
const second = ConfigProvider.fromJson({ model: "default", folders: ["default a", "default b", "default c"] })
const both = ConfigProvider.orElse(first, () => second)
const read = (config, provider) => Effect.runSync(Effect.withConfigProvider(config, provider))

const folders = Config.array(Config.string(), "folders")
console.log(`first alone: ${JSON.stringify(read(folders, first))}`)
console.log(`first over second: ${JSON.stringify(read(folders, both))}`)
console.log(`a string, first over second: ${read(Config.string("model"), both)}`)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'first alone: ["own"]
first over second: ["own","default b","default c"]
a string, first over second: own' ]
