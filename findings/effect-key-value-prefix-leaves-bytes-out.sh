#!/usr/bin/env bash
# Packages  @effect/platform 0.97.2 (`KeyValueStore.prefix`), effect 3.22.4, Node 20
# Guess     `prefix(store, "a:")` is a store of its own within the other: what is written through it is read through it, and
#           `size` and `clear` concern its own keys.
# Behaviour Only the methods for text know of the prefix. Bytes are set under it, and read and modified without it: what was
#           written is not found, or is somebody else's value. `size` and `isEmpty` count the whole store, and `clear` on one
#           prefix empties all the others.
# Seen      text: hello
#           bytes: none
#           bytes of a, where the store has some under the bare key: of the store
#           an empty prefix: size 3, empty false
#           after it is cleared: the store holds 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/platform@0.97.2 effect@3.22.4

cat >program.mjs <<'JS'
import { KeyValueStore } from "@effect/platform"
import { Effect, Option } from "effect"

const bytes = (text) => new TextEncoder().encode(text)
const text = Option.match({ onNone: () => "none", onSome: (value) => new TextDecoder().decode(value) })

await Effect.gen(function*() {
  const store = yield* KeyValueStore.KeyValueStore
  const a = KeyValueStore.prefix(store, "a:")
  yield* a.set("text", "hello")
  yield* a.set("bytes", bytes("of a"))
  console.log(`text: ${Option.getOrElse(yield* a.get("text"), () => "none")}`)
  console.log(`bytes: ${text(yield* a.getUint8Array("bytes"))}`)
  yield* store.set("bytes", bytes("of the store"))
  console.log(`bytes of a, where the store has some under the bare key: ${text(yield* a.getUint8Array("bytes"))}`)
  const b = KeyValueStore.prefix(store, "b:")
  console.log(`an empty prefix: size ${yield* b.size}, empty ${yield* b.isEmpty}`)
  yield* b.clear
  console.log(`after it is cleared: the store holds ${yield* store.size}`)
}).pipe(Effect.provide(KeyValueStore.layerMemory), Effect.runPromise)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'text: hello
bytes: none
bytes of a, where the store has some under the bare key: of the store
an empty prefix: size 3, empty false
after it is cleared: the store holds 0' ]
