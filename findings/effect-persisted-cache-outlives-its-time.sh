#!/usr/bin/env bash
# Packages  @effect/experimental 0.61.1 (`PersistedCache`), effect 3.22.4, Node 20
# Guess     `timeToLive` decides how long a result is served: after "1 second" the lookup runs again, and a result with the
#           time 0, the usual way to keep failures out of a cache, is not kept at all, so that `Effect.retry` helps.
# Behaviour It only decides for the store below. Each result, failures too, is first held in memory for `inMemoryTTL`, ten
#           seconds unless told, whatever `timeToLive` says of it.
# Seen      success, "1 second": 0s → 1, 2s → 1, 9s → 1, 11s → 2
#           failure, 0: 0s → failure 1, 2s → failure 1, 9s → failure 1, 11s → 2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/experimental@0.61.1 @effect/platform@0.97.2 effect@3.22.4

cat >program.mjs <<'JS'
import { PersistedCache, Persistence } from "@effect/experimental"
import { Effect, Exit, PrimaryKey, Schema, TestClock, TestContext } from "effect"

class Key extends Schema.TaggedRequest()("Key", { failure: Schema.String, success: Schema.String, payload: {} }) {
  [PrimaryKey.symbol]() {
    return "key"
  }
}
const lookups = {
  "success, \"1 second\"": (count) => Effect.succeed(`${count}`),
  "failure, 0": (count) => count === 1 ? Effect.fail("failure 1") : Effect.succeed(`${count}`)
}
for (const [name, lookup] of Object.entries(lookups)) {
  let count = 0
  const program = Effect.gen(function*() {
    const cache = yield* PersistedCache.make({
      storeId: "store",
      lookup: () => Effect.suspend(() => lookup(++count)),
      timeToLive: (_, exit) => Exit.isSuccess(exit) ? "1 second" : 0
    })
    const seen = []
    for (const [at, pass] of [[0, 0], [2, 2], [9, 7], [11, 2]]) {
      yield* TestClock.adjust(`${pass} seconds`)
      seen.push(`${at}s → ${yield* Effect.merge(cache.get(new Key()))}`)
    }
    return `${name}: ${seen.join(", ")}`
  })
  console.log(await Effect.runPromise(program.pipe(
    Effect.scoped,
    Effect.provide(Persistence.layerResultMemory),
    Effect.provide(TestContext.TestContext)
  )))
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'success, "1 second": 0s → 1, 2s → 1, 9s → 1, 11s → 2
failure, 0: 0s → failure 1, 2s → failure 1, 9s → failure 1, 11s → 2' ]
