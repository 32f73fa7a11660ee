#!/usr/bin/env bash
# Packages  @effect/experimental 0.61.1 (`RateLimiter`, algorithm "fixed-window"), effect 3.22.4, Node 20
# Guess     Ten a minute: a window is a minute long and begins with its first request, so the eleventh request within that
#           minute is refused, and the window resets after 60 seconds.
# Behaviour A window is as long as what was used of it: one request makes it six seconds long, each further one adds six.
#           After a single request the count is back at zero in six seconds, and eleven requests pass within the first
#           seven seconds, nineteen within the first minute where the first window took nine.
# Seen      1 at 0s: 9 remain, resets after 6s
#           10 at 6s: 0 remain, resets after 60s
#           9 at 100s: 1 remain, resets after 54s
#           10 at 154s: 0 remain, resets after 60s
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/experimental@0.61.1 @effect/platform@0.97.2 effect@3.22.4

cat >program.mjs <<'JS'
import { RateLimiter } from "@effect/experimental"
import { Duration, Effect, Layer, TestClock, TestContext } from "effect"

const program = Effect.gen(function*() {
  const limiter = yield* RateLimiter.RateLimiter
  const consume = limiter.consume({ key: "key", algorithm: "fixed-window", limit: 10, window: "1 minute", onExceeded: "fail" })
  for (const [at, requests] of [[0, 1], [6, 10], [100, 9], [154, 10]]) {
    yield* TestClock.setTime(at * 1000)
    const last = (yield* Effect.replicateEffect(consume, requests)).at(-1)
    console.log(`${requests} at ${at}s: ${last.remaining} remain, resets after ${Duration.toSeconds(last.resetAfter)}s`)
  }
})
await Effect.runPromise(program.pipe(
  Effect.provide(Layer.provide(RateLimiter.layer, RateLimiter.layerStoreMemory)),
  Effect.provide(TestContext.TestContext)
))
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = '1 at 0s: 9 remain, resets after 6s
10 at 6s: 0 remain, resets after 60s
9 at 100s: 1 remain, resets after 54s
10 at 154s: 0 remain, resets after 60s' ]
