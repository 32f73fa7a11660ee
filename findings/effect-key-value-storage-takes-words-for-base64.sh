#!/usr/bin/env bash
# Packages  @effect/platform 0.97.2 (`KeyValueStore.layerStorage`, for `localStorage` and its like), effect 3.22.4, Node 20
# Guess     `getUint8Array` of a text gives the bytes of that text, from whichever store.
# Behaviour A store that holds text alone keeps bytes as base64, and on the way back takes for base64 whatever can be read
#           as such: a word whose letters are a multiple of four is decoded, any other is given as it is. The same program
#           reads "hello" and cannot read "done", and has no trouble with the store in memory that its tests use.
# Seen      memory: hello → hello, done → done, test1234 → test1234
#           storage: hello → hello, done → 3 other bytes, test1234 → 6 other bytes
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/platform@0.97.2 effect@3.22.4

cat >program.mjs <<'JS'
import { KeyValueStore } from "@effect/platform"
import { Effect, Option } from "effect"

// The parts of the web's Storage that are used.
const storage = () => {
  const all = new Map()
  return {
    getItem: (key) => all.get(key) ?? null,
    setItem: (key, value) => void all.set(key, value),
    removeItem: (key) => void all.delete(key),
    clear: () => all.clear(),
    get length() {
      return all.size
    }
  }
}
const layers = { memory: KeyValueStore.layerMemory, storage: KeyValueStore.layerStorage(storage) }
for (const [name, layer] of Object.entries(layers)) {
  const seen = await Effect.gen(function*() {
    const store = yield* KeyValueStore.KeyValueStore
    const seen = []
    for (const word of ["hello", "done", "test1234"]) {
      yield* store.set("key", word)
      const bytes = Option.getOrThrow(yield* store.getUint8Array("key"))
      const isSame = new TextDecoder().decode(bytes) === word
      seen.push(`${word} → ${isSame ? word : `${bytes.length} other bytes`}`)
    }
    return seen
  }).pipe(Effect.provide(layer), Effect.runPromise)
  console.log(`${name}: ${seen.join(", ")}`)
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'memory: hello → hello, done → done, test1234 → test1234
storage: hello → hello, done → 3 other bytes, test1234 → 6 other bytes' ]
