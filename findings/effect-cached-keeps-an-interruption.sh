#!/usr/bin/env bash
# Package   effect 3.22.4 (`Effect.cached`, `Effect.cachedFunction`), Node 20
# Guess     Where the first one to ask for a cached value is interrupted while it is computed, there is no value yet, and the
#           next one computes it, as `Effect.cachedWithTTL` and `Cache` do.
# Behaviour The interruption is the value. All who ask later fail as interrupted, for as long as the cached effect lives,
#           and so do those who were waiting for the same computation. One request that gives up while something is loaded
#           for the first time, through a timeout or a closed connection, and no other request gets it any more.
# Seen      cached: runs 1, the next one interrupted
#           cached, with one that waits: runs 1, the waiting one interrupted
#           cachedFunction: runs 1, the next one interrupted
#           cachedWithTTL: runs 2, the next one loaded
#           Cache: runs 2, the next one loaded
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts effect@3.22.4

cat >program.mjs <<'JS'
import { Cache, Deferred, Effect, Exit, Fiber } from "effect"

const kinds = {
  cached: (load) => Effect.cached(load),
  cachedFunction: (load) => Effect.map(Effect.cachedFunction(() => load), (ask) => ask("key")),
  cachedWithTTL: (load) => Effect.cachedWithTTL(load, "1 day"),
  Cache: (load) =>
    Effect.map(Cache.make({ capacity: 1, timeToLive: "1 day", lookup: () => load }), (cache) => cache.get("key"))
}
const shown = Exit.match({ onSuccess: (value) => value, onFailure: ({ _tag }) => `failed: ${_tag}` })
const result = (exit) => Exit.isInterrupted(exit) ? "interrupted" : shown(exit)

const program = (make, withOther) => Effect.gen(function*() {
  let runs = 0
  const begun = yield* Deferred.make()
  const loaded = yield* make(Effect.suspend(() => {
    runs += 1
    return Effect.zipRight(Deferred.succeed(begun, undefined), runs === 1 ? Effect.never : Effect.succeed("loaded"))
  }))
  const first = yield* Effect.fork(loaded)
  yield* Deferred.await(begun)
  const other = yield* Effect.fork(withOther ? loaded : Effect.void)
  yield* Effect.yieldNow()
  yield* Fiber.interrupt(first)
  const exit = yield* withOther ? Fiber.await(other) : Effect.exit(loaded)
  return { runs, result: result(exit) }
}).pipe(Effect.runPromise)

const show = async (name, make, withOther = false) => {
  const { result, runs } = await program(make, withOther)
  console.log(`${name}: runs ${runs}, the ${withOther ? "waiting" : "next"} one ${result}`)
}
await show("cached", kinds.cached)
await show("cached, with one that waits", kinds.cached, true)
await show("cachedFunction", kinds.cachedFunction)
await show("cachedWithTTL", kinds.cachedWithTTL)
await show("Cache", kinds.Cache)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'cached: runs 1, the next one interrupted
cached, with one that waits: runs 1, the waiting one interrupted
cachedFunction: runs 1, the next one interrupted
cachedWithTTL: runs 2, the next one loaded
Cache: runs 2, the next one loaded' ]
