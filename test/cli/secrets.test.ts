import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./support.ts"

const encodings: ReadonlyArray<(secret: string) => string> = [
  (secret) => secret,
  (secret) => Buffer.from(`Bearer ${secret}`).toString("base64"),
  (secret) => encodeURIComponent(`Bearer ${secret}/`),
  (secret) => Buffer.from(secret).toString("hex")
]

const answers: { readonly [name: string]: (said: string) => Script.Turn } = {
  "an error": (said) => Script.refuse(400, { error: { message: `Bad header: ${said}`, code: said } }),
  "a page": (said) => Script.refuse(404, `You sent ${said}`),
  "an event": (said) => Script.fail({ code: "invalid_prompt", message: `You sent ${said}.` }),
  "an answer": (said) => Script.answer(Script.say(`You are ${said}!`)),
  "arguments of a call": (said) => Script.answer(Script.call("bash", { command: `: ${said}` })),
  "a call that is none": (said) => Script.answer(Script.call(`tool-${said.slice(0, 60)}`, said))
}

/** All that is kept of a run, and all that it has shown. */
const told = Effect.fnUntraced(function*(
  { fs, home, run }: Effect.Effect.Success<ReturnType<typeof machine>>,
  ...args: Parameters<Effect.Effect.Success<ReturnType<typeof machine>>["run"]>
) {
  const { stderr, stdout } = yield* run(...args)
  const names = yield* fs.readDirectory(`${home}/sessions`, { recursive: true })
  const files = names.filter((name) => /\.(?:ndjson|txt)$/.test(name))
  const kept = yield* Effect.forEach(files, (name) => fs.readFileString(`${home}/sessions/${name}`))
  return [stdout, pieces(stdout), stderr, ...kept]
})

/** The texts that came in pieces, put together. */
const pieces = (stdout: string): string =>
  Array.from(stdout.matchAll(/^\{.*"type":"item\.delta".*\}$/gm), ([line]) => JSON.parse(line).delta).join("")

describe("a server that quotes what signs us in", () => {
  for (const [where, turn] of Object.entries(answers)) {
    it.live(`is not quoted further: ${where}`, () =>
      Effect.gen(function*() {
        let said = ""
        const here = yield* machine((_, n) => n === 0 ? turn(said) : Script.answer(Script.say(`Done with ${said}.`)))
        const [token = "", , key = ""] = here.secrets
        for (const args of [["--json"], ["--json", "--deltas"], ["--auth", "api-key"]]) {
          const quotes = [token, key].flatMap((secret) => encodings.map((encode) => encode(secret)))
          said = quotes.join(" ")
          const words = ["run", "--max-steps", "3", ...args, "hello"]
          const texts = yield* told(here, words, { env: { OPENAI_API_KEY: key } })
          assert.include(texts.join(), "…", "something was cut out")
          for (const text of texts) for (const quote of quotes) assert.notInclude(text, quote)
        }
      }).pipe(Effect.scoped, Effect.provide(platform)))
  }

  it.live("is not quoted by a command that prints it either", () =>
    Effect.gen(function*() {
      const here = yield* machine((_, n) =>
        n === 0
          ? Script.answer(
            Script.call("bash", { command: "cat \"$EFFIXIR_HOME/auth.json\"; base64 -w0 \"$EFFIXIR_HOME/auth.json\"" })
          )
          : Script.answer(Script.say("Done."))
      )
      for (const text of yield* told(here, ["run", "--json", "hello"])) {
        for (const secret of here.secrets) assert.notInclude(text, secret)
        assert.notInclude(text, Buffer.from(here.secrets[0] ?? "").toString("base64").slice(4, -4))
      }
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("is not kept with the output of a command that is too long to be shown", () =>
    Effect.gen(function*() {
      const command = "for n in $(seq 300); do printf 'line %s \\377 ' $n; cat \"$EFFIXIR_HOME/auth.json\"; done"
      const here = yield* machine((_, n) =>
        Script.answer(n === 0 ? Script.call("bash", { command }) : Script.say("Done."))
      )
      const texts = yield* told(here, ["run", "--json", "hello"])
      const artifact = texts.find((text) => text.startsWith("line 1 "))
      assert.include(artifact, "line 300 ", "all of it is kept")
      assert.include(artifact, "…")
      for (const text of texts) for (const secret of here.secrets) assert.notInclude(text, secret)
    }).pipe(Effect.scoped, Effect.provide(platform)))
})
