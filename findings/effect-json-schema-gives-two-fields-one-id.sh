#!/usr/bin/env bash
# Packages  effect 3.22.4 (`JSONSchema.make`), read by ajv 8.20.0, Node 20
# Guess     A JSON Schema made of a struct with two fields that may hold any JSON is one that validators take.
# Behaviour Each `Schema.Unknown` (and `Any`, `Object`, `Void`) brings the same `$id` along, "/schemas/unknown", and an id may
#           be given once in a schema. With one such field, ajv takes it; with the second, wherever it stands, it refuses to
#           compile the whole, and with it whoever checks a tool's arguments or results by ajv.
# Seen      one: taken
#           two: reference "/schemas/unknown" resolves to more than one schema
#           one, and one in a list: reference "/schemas/unknown" resolves to more than one schema
#           two, without the ids: taken
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts effect@3.22.4 ajv@8.20.0

cat >program.mjs <<'JS'
import Ajv from "ajv"
import { JSONSchema, Schema } from "effect"

const compile = (schema) => {
  try {
    new Ajv().compile(schema)
    return "taken"
  } catch (error) {
    return error.message
  }
}
const any = Schema.Unknown
const one = JSONSchema.make(Schema.Struct({ before: any }))
const two = JSONSchema.make(Schema.Struct({ before: any, after: any }))
const inList = JSONSchema.make(Schema.Struct({ before: any, others: Schema.Array(Schema.Struct({ value: any })) }))
console.log(`one: ${compile(one)}`)
console.log(`two: ${compile(two)}`)
console.log(`one, and one in a list: ${compile(inList)}`)
console.log(`two, without the ids: ${compile(JSON.parse(JSON.stringify(two, (key, value) => key === "$id" ? undefined : value)))}`)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'one: taken
two: reference "/schemas/unknown" resolves to more than one schema
one, and one in a list: reference "/schemas/unknown" resolves to more than one schema
two, without the ids: taken' ]
