#!/usr/bin/env bash
# Packages  @effect/experimental 0.61.1 (`Sse.makeChannel`), effect 3.22.4, Node 20
# Guess     The field `retry:` of an event stream is kept for the day the connection breaks, as the standard says ("set the
#           event stream's reconnection time"). The events of the stream at hand are none of its business.
# Behaviour The channel stops for as long as the field says, in the middle of a sound stream, and begins with a new parser
#           after it. What had arrived of the next event is forgotten: whether it is lost depends on where the network cut.
# Seen      one two, without retry
#           one two, after a pause, with retry
#           two, after a pause, with retry and the first event cut
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/experimental@0.61.1 @effect/platform@0.97.2 effect@3.22.4

cat >program.mjs <<'JS'
import { Sse } from "@effect/experimental"
import { Chunk, Effect, Stream } from "effect"

const read = async (name, pieces) => {
  const begin = performance.now()
  const events = await Stream.fromIterable(pieces).pipe(
    Stream.rechunk(1),
    Stream.tap(() => Effect.sleep(200)),
    Stream.pipeThroughChannel(Sse.makeChannel()),
    Stream.runCollect,
    Effect.runPromise
  )
  const paused = performance.now() - begin > 2950 ? ", after a pause" : ""
  console.log(`${Chunk.toReadonlyArray(events).map(({ data }) => data).join(" ")}${paused}, ${name}`)
}
await read("without retry", ["data: one\n\n", "data: two\n\n"])
await read("with retry", ["retry: 3000\n\ndata: one\n\n", "data: two\n\n"])
await read("with retry and the first event cut", ["retry: 3000\n\nda", "ta: one\n\n", "data: two\n\n"])
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'one two, without retry
one two, after a pause, with retry
two, after a pause, with retry and the first event cut' ]
