#!/usr/bin/env bash
# Packages  effect 3.22.4 (`JSONSchema.make`), @effect/ai 0.37.0 (`Tool.getJsonSchema`), Node 20
# Guess     `annotations({ description })` at the end of a schema is the description of the field in its JSON Schema, which
#           is all that a model is told of a tool's parameter.
# Behaviour Not behind a `Schema.filter` of one's own: a filter without a `jsonSchema` annotation is left out together with
#           all its other annotations. The same text in front of the filter is kept, and so is one behind the filters of
#           the library (`minLength`, `pattern`). Nothing fails; the model guesses what the parameter is.
# Seen      plain: the day, as 2024-12-31
#           described, then filtered: the day, as 2024-12-31
#           filtered, then described: none
#           filtered by the library, then described: the day, as 2024-12-31
#           filtered with its own JSON Schema, then described: the day, as 2024-12-31
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/ai@0.37.0 @effect/platform@0.97.2 @effect/experimental@0.61.1 \
  @effect/rpc@0.76.2 effect@3.22.4

cat >program.mjs <<'JS'
import { Tool } from "@effect/ai"
import { JSONSchema, Schema } from "effect"
import assert from "node:assert"

const described = { description: "the day, as 2024-12-31" }
const isDay = (text) => !Number.isNaN(Date.parse(text))
const days = {
  "plain": Schema.String.annotations(described),
  "described, then filtered": Schema.String.annotations(described).pipe(Schema.filter(isDay)),
  "filtered, then described": Schema.String.pipe(Schema.filter(isDay)).annotations(described),
  "filtered by the library, then described": Schema.String.pipe(Schema.minLength(10)).annotations(described),
  "filtered with its own JSON Schema, then described": Schema.String.pipe(Schema.filter(isDay, { jsonSchema: {} }))
    .annotations(described)
}
for (const [name, day] of Object.entries(days)) {
  const ofTool = Tool.getJsonSchema(Tool.make("read", { parameters: { day } }))
  assert.deepEqual(ofTool.properties, JSONSchema.make(Schema.Struct({ day })).properties)
  console.log(`${name}: ${ofTool.properties.day.description ?? "none"}`)
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'plain: the day, as 2024-12-31
described, then filtered: the day, as 2024-12-31
filtered, then described: none
filtered by the library, then described: the day, as 2024-12-31
filtered with its own JSON Schema, then described: the day, as 2024-12-31' ]
