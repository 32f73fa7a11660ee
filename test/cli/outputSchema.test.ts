import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const person = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer", default: 1 } },
  required: ["name", "age"],
  additionalProperties: false
}

const turns = (...said: ReadonlyArray<string>) => Script.fromTurns(said.map((text) => Script.answer(Script.say(text))))

const place = Effect.fnUntraced(function*(script: Script.Script, schema: unknown = person) {
  const all = yield* machine(script)
  yield* all.fs.writeFileString(all.file("schema.json"), JSON.stringify(schema))
  const ask = (...args: ReadonlyArray<string>) => all.run([...args, "--output-schema", "schema.json", "Who is it?"])
  return { ...all, ask }
})

const decline = (refusal: string) => ({ ...Script.say(""), content: [{ type: "refusal", refusal }] })

const formatOf = (request: { readonly body: unknown } | undefined) => {
  const { text }: { readonly text?: { readonly format?: unknown } } = request?.body ?? {}
  return text?.format
}

describe("--output-schema", () => {
  it.scopedLive(
    "sends the schema, strictly where servers take it so, and prints JSON that fits",
    () =>
      Effect.gen(function*() {
        const { ask, simulator } = yield* place(turns("{\"name\": \"Ada\", \"age\": 36}"))
        const { code, stderr, stdout } = yield* ask()
        assert.deepStrictEqual([code, stdout], [0, "{\"name\": \"Ada\", \"age\": 36}\n"], stderr)
        const { $schema: _, properties, ...rest } = person
        assert.deepStrictEqual(formatOf((yield* simulator.requests)[0]), {
          type: "json_schema",
          name: "answer",
          strict: true,
          schema: { ...rest, properties: { ...properties, age: { type: "integer" } } }
        })
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "has an answer repaired once, and takes the JSON out of what stands around it",
    () =>
      Effect.gen(function*() {
        const right = "{\"name\":\"Ada\",\"age\":36}"
        const { ask, simulator } = yield* place(
          turns("It is Ada.", `Here it is:\n\`\`\`json\n${right}\n\`\`\``, "{\"name\": \"Ada\"}", right)
        )
        for (const args of [[], ["--json"]]) {
          const { code, stderr, stdout } = yield* ask(...args)
          assert.strictEqual(code, 0, stderr)
          if (args.length === 0) {
            assert.strictEqual(stdout, `${right}\n`)
            assert.include(stderr, "That answer cannot be used: it is broken JSON")
          } else {
            assert.deepStrictEqual(
              lines(stdout).filter(({ type }) => /^(?:input|turn)\./.test(type)).map(({ type }) => type),
              ["turn.started", "input.added", "turn.completed"]
            )
          }
        }
        const [, second, , fourth] = yield* simulator.requests
        assert.include(JSON.stringify(second?.body), "Answer again with nothing but JSON that fits this JSON Schema")
        assert.include(JSON.stringify(fourth?.body), "the value must have required property 'age'")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "ends with code 6 where the repair does not fit either, and may be gone on with",
    () =>
      Effect.gen(function*() {
        const { ask, file, fs, run } = yield* place(
          turns("no", "{\"name\":1,\"age\":\"x\",\"more\":0}", "{\"name\":\"Ada\",\"age\":36}")
        )
        const { code, stderr, stdout } = yield* ask("--output", "json", "-o", "answer.txt")
        assert.strictEqual(code, 6)
        const envelope = JSON.parse(stdout)
        assert.deepInclude(envelope, { ok: false, status: "failed", output: null, exit_code: 6 })
        assert.strictEqual(envelope.error.kind, "MalformedOutput")
        assertSentence(
          stderr,
          "it does not fit the schema: ",
          "/name must be string",
          "/age must be integer",
          "\"more\""
        )
        assert.isFalse(yield* fs.exists(file("answer.txt")))
        const next = yield* run(["resume", envelope.session_id, "--output-schema", "schema.json"])
        assert.deepStrictEqual([next.code, next.stdout], [0, "{\"name\":\"Ada\",\"age\":36}\n"], next.stderr)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "asks for the repair once, also where the turn was cut off before it came",
    () =>
      Effect.gen(function*() {
        const { ask, run, simulator } = yield* place(Script.fromTurns([
          Script.answer(Script.say("no")),
          Script.refuse(400, { error: { message: "not now" } }),
          Script.answer(Script.say("{\"name\":\"Ada\",\"age\":36}"))
        ]))
        assert.strictEqual((yield* ask()).code, 1)
        const { code, stderr, stdout } = yield* run(["resume", "--last", "--output-schema", "schema.json"])
        assert.deepStrictEqual([code, stdout], [0, "{\"name\":\"Ada\",\"age\":36}\n"], stderr)
        const [, second, third] = (yield* simulator.requests).map(({ body }) => JSON.stringify(body))
        assert.lengthOf(third?.match(/That answer cannot be used/g) ?? [], 1)
        assert.strictEqual(third, second)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("holds for values that are no objects, which servers do not take", () =>
    Effect.gen(function*() {
      const schema = { type: "array", items: { $ref: "#/definitions/n" }, definitions: { n: { type: "integer" } } }
      const { ask, simulator } = yield* place(turns("{\"value\":[1,2]}"), schema)
      const { stderr, stdout } = yield* ask()
      assert.strictEqual(stdout, "[1,2]\n", stderr)
      assert.deepInclude(formatOf((yield* simulator.requests)[0]), {
        strict: true,
        schema: {
          type: "object",
          properties: { value: { type: "array", items: { $ref: "#/$defs/n" } } },
          required: ["value"],
          additionalProperties: false,
          $defs: { n: { type: "integer" } }
        }
      })
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "says what of the turn is no answer: words that decline, and an end that is missing",
    () =>
      Effect.gen(function*() {
        const cases = [
          [Script.incomplete("max_output_tokens", Script.say("{\"name\":\"Ada\"")), 6, "cut short (max_output_tokens)"],
          [Script.answer(decline("I would rather not.")), 1, "I would rather not."]
        ] as const
        for (const [turn, expected, said] of cases) {
          const { ask, simulator } = yield* place(Script.fromTurns([turn]))
          const { code, stderr, stdout } = yield* ask()
          assert.deepStrictEqual([code, stdout], [expected, ""], stderr)
          assertSentence(stderr, said)
          assert.lengthOf(yield* simulator.requests, 1)
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("refuses what is no JSON Schema, before a model is asked", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* place(turns())
      yield* fs.makeDirectory(file("folder"))
      const files = {
        "broken.json": "{\"type\": ",
        "list.json": "[]",
        "wrong.json": JSON.stringify({ type: "objekt" }),
        "nowhere.json": JSON.stringify({ type: "object", properties: { a: { $ref: "#/$defs/none" } } }),
        "draft4.json": JSON.stringify({ $schema: "http://json-schema.org/draft-04/schema#", type: "object" }),
        "pattern.json": JSON.stringify({ type: "object", properties: { a: { type: "string", pattern: "(" } } }),
        "self.json": JSON.stringify({ type: "array", items: { $ref: "#" } })
      }
      for (const [name, text] of Object.entries(files)) yield* fs.writeFileString(file(name), text)
      for (const name of [...Object.keys(files), "missing.json", "folder"]) {
        const { code, stderr, stdout } = yield* run(["--output-schema", name, "Who is it?"])
        assert.deepStrictEqual([code, stdout], [2, ""], `${name}: ${stderr}`)
        assertSentence(stderr, `effixir: --output-schema cannot be ${name}: `)
      }
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("knows the drafts of JSON Schema by their names", () =>
    Effect.gen(function*() {
      const list = { type: "object", properties: { pair: { type: "array", prefixItems: [{ type: "string" }] } } }
      const cases = [
        ["https://json-schema.org/draft/2020-12/schema", 6],
        ["https://json-schema.org/draft/2019-09/schema", 0],
        ["http://json-schema.org/draft-06/schema#", 0]
      ] as const
      for (const [$schema, code] of cases) {
        // Only the latest draft knows the keyword.
        const { ask } = yield* place(turns("{\"pair\":[1]}", "{\"pair\":[1]}"), { $schema, ...list })
        assert.strictEqual((yield* ask()).code, code, $schema)
      }
    }).pipe(Effect.provide(platform)))
})
