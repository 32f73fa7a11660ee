#!/usr/bin/env bash
# Packages  effect 3.22.4
# Guess     `Schema.decodeUnknownEither` of a union of tagged structs answers with a Left for every JSON value that does not
#           fit, and `Schema.is` with false: neither throws, whatever another program has sent.
# Behaviour A union looks for its member by the text of the tag, `String(input.kind)`. JSON can hold a tag of which no text
#           can be made, an object with a field `toString` that is no function: Either, Option and `is` throw a TypeError,
#           and in an Effect it is a defect instead of a ParseError. A struct with the same literal answers as expected.
# Seen      struct: Left; union: throws TypeError; is: throws TypeError; effect: Die.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund effect@3.22.4

cat >program.mjs <<'JS'
import { Cause, Effect, Exit, Schema } from "effect"

const Circle = Schema.Struct({ kind: Schema.Literal("circle"), radius: Schema.Number })
const Square = Schema.Struct({ kind: Schema.Literal("square"), side: Schema.Number })
const Shape = Schema.Union(Circle, Square)
const sent = JSON.parse(`{"kind": {"toString": "a name"}, "radius": 1}`)

const told = (ask) => {
  try {
    return ask()
  } catch (error) {
    return `throws ${error.name}`
  }
}
const either = (schema) => told(() => Schema.decodeUnknownEither(schema)(sent)._tag)
const exit = Effect.runSyncExit(Effect.suspend(() => Schema.decodeUnknown(Shape)(sent)))
const ended = Exit.isFailure(exit) && Cause.isDieType(exit.cause) ? "Die" : "Fail"
console.log(
  `struct: ${either(Circle)}; union: ${either(Shape)}; is: ${told(() => Schema.is(Shape)(sent))}; effect: ${ended}.`
)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'struct: Left; union: throws TypeError; is: throws TypeError; effect: Die.' ]
