import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Script from "../../src/testing/Script.ts"
import { lines, machine, platform } from "./support.ts"

/** How a secret can stand in a log that was written before it was known to be one, or by another program. */
const encodings: ReadonlyArray<(secret: string) => string> = [
  (secret) => secret,
  (secret) => Buffer.from(`Bearer ${secret}`).toString("base64"),
  (secret) => encodeURIComponent(`Bearer ${secret}/`),
  (secret) => Buffer.from(secret).toString("hex")
]

describe("an export", () => {
  it.scopedLive.each(["md", "html", "jsonl"])(
    "has no secret of any sign-in that the log holds: %s",
    (format) =>
      Effect.gen(function*() {
        const { home, run, secrets } = yield* machine(Script.fromTurns([
          Script.answer(Script.think("SECRET thought"), Script.call("bash", { command: ": SECRET" })),
          Script.answer(Script.say("I have seen SECRET and `SECRET`."))
        ]))
        const log = join(
          home,
          "sessions",
          String(lines((yield* run(["--json", "Look at SECRET"])).stdout)[0]?.["thread_id"])
        )
        // Another person's sign-in, in a profile of its own.
        const work = join(home, "profiles", "work")
        cpSync(join(home, "auth.json"), join(work, "auth.json"))
        const auth = JSON.parse(readFileSync(join(work, "auth.json"), "utf8"))
        const [token, refresh] = ["work-access-token-0123456789", "work-refresh-token-0123456789"]
        writeFileSync(join(work, "auth.json"), JSON.stringify({ ...auth, access_token: token, refresh_token: refresh }))

        const all = [...secrets, token, refresh]
        const text = readFileSync(join(log, "log.ndjson"), "utf8")
        assert.isAbove(text.split("SECRET").length, 6)
        const planted = all.flatMap((secret) => encodings.map((encode) => encode(secret)))
        writeFileSync(join(log, "log.ndjson"), text.replaceAll("SECRET", planted.join(" ")))
        const env = { OPENAI_API_KEY: secrets[2] ?? "" }
        const exported = yield* run(["sessions", "export", log.slice(-36), "--format", format], { env })
        assert.strictEqual(exported.code, 0, exported.stderr)
        assert.isAbove(exported.stdout.split("…").length, 6)
        for (const secret of planted) assert.notInclude(exported.stdout, secret)
      }).pipe(Effect.provide(platform))
  )
})
