#!/usr/bin/env bash
# Packages  @effect/experimental 0.61.1 (`Sse.makeParser`, beneath the streams of @effect/ai-openai and @effect/ai-anthropic),
#           effect 3.22.4, beside eventsource-parser 3.1.1, from which the first says it is adapted; Node 20
# Guess     A parser that is fed piece by piece gives the same events wherever the pieces are cut.
# Behaviour Not with lines that end in CRLF. Where a piece ends between the two, the LF at the head of the next one counts as
#           an empty line: it ends the event. An event of one data line loses its name, one of two falls into two.
# Seen      effect, whole: [["done","1"],["message","a\nb"]]
#           effect, cut: [["message","1"],["message","a"],["message","b"]]
#           eventsource-parser, cut: [["done","1"],["message","a\nb"]]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/experimental@0.61.1 @effect/platform@0.97.2 effect@3.22.4 eventsource-parser@3.1.1

cat >program.mjs <<'JS'
import { Sse } from "@effect/experimental"
import { createParser } from "eventsource-parser"

const whole = ["event: done\r\ndata: 1\r\n\r\n", "data: a\r\ndata: b\r\n\r\n"]
const cut = ["event: done\r", "\ndata: 1\r\n\r\n", "data: a\r", "\ndata: b\r\n\r\n"]
const read = (make, pieces) => {
  const events = []
  const parser = make(({ data, event = "message" }) => events.push([event, data]))
  for (const piece of pieces) parser.feed(piece)
  return JSON.stringify(events)
}
console.log(`effect, whole: ${read(Sse.makeParser, whole)}`)
console.log(`effect, cut: ${read(Sse.makeParser, cut)}`)
console.log(`eventsource-parser, cut: ${read((onEvent) => createParser({ onEvent }), cut)}`)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'effect, whole: [["done","1"],["message","a\nb"]]
effect, cut: [["message","1"],["message","a"],["message","b"]]
eventsource-parser, cut: [["done","1"],["message","a\nb"]]' ]
