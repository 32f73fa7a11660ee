import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { existsSync, readFileSync } from "node:fs"
import type { Script } from "../../src/testing/Script.ts"
import { machine, platform, type Started } from "../cli/machine.ts"
import { eventually, type Line } from "../cli/support.ts"
import { postgresUrl } from "./databases.ts"

export interface Runner extends Started {
  readonly name: string
}

const Served = Schema.parseJson(Schema.Struct({ token_file: Schema.String, url: Schema.String }))
const Body = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

/** A database, runners that are processes, and a gateway, with a model for all. */
const make = Effect.fnUntraced(function*(script: Script) {
  const database = yield* postgresUrl
  const here = yield* machine(script)
  const life = yield* Effect.scope
  const env = { EFFIXIR_DATABASE_URL: database }
  const began = (what: string, output: () => { readonly stdout: string; readonly stderr: string }) =>
    Effect.raceFirst(
      eventually(what, () => output().stdout.includes("\n")),
      Effect.delay(Effect.suspend(() => Effect.dieMessage(`${what}: ${output().stderr}`)), "1 minute")
    )

  let count = 0
  const alive: Array<Runner> = []
  /** Its commands find its name in their environment. */
  const runner = Effect.fnUntraced(function*(permission: "auto" | "ask") {
    const name = `r${++count}`
    const own = { ...env, EFFIXIR_PERMISSION: permission, RUNNER_NAME: name }
    const started = yield* Scope.extend(here.start(["runner"], { env: own }), life)
    yield* began(`runner ${name}`, started.output)
    const made: Runner = { ...started, name }
    alive.push(made)
    return made
  })

  const gateway = Effect.gen(function*() {
    const { output } = yield* Scope.extend(here.follow(["serve"], { env }), life)
    yield* began("the gateway", output)
    const { token_file, url } = yield* Schema.decode(Served)(output().stdout)
    const token = readFileSync(token_file, "utf8").trim()
    return clientOf(url, { authorization: `Bearer ${token}`, "content-type": "application/json" })
  })

  /** What commands have left in a file of the workspace. */
  const linesOf = (name: string): ReadonlyArray<string> =>
    existsSync(here.file(name)) ? readFileSync(here.file(name), "utf8").trim().split("\n") : []

  /** Two runners, whatever has happened to those before. */
  const two = Effect.gen(function*() {
    while (alive.length < 2) yield* runner("auto")
    return [...alive]
  })
  const bury = (dead: Runner) =>
    Effect.sync(() => {
      dead.child.kill("SIGKILL")
      alive.splice(alive.indexOf(dead), 1)
    })

  return { ...here, runner, two, bury, linesOf, gateway, ...yield* gateway }
})

/** Somebody who asks a gateway. */
const clientOf = (url: string, headers: Record<string, string>) => {
  const post = (path: string, payload: unknown) =>
    Effect.gen(function*() {
      const [status, text] = yield* Effect.promise(async () => {
        const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(payload) })
        return [answer.status, await answer.text()] as const
      })
      const body: typeof Body.Type = yield* Effect.orElseSucceed(Schema.decode(Body)(text), () => ({ text }))
      return { status, body }
    })

  /** Reads a session until the Scope closes: what has come so far, and the ids among it. */
  const read = Effect.fnUntraced(function*(session: string, after = 0) {
    const leaving = new AbortController()
    const seen: Array<Line> = []
    const ids: Array<number> = []
    const follow = async () => {
      const { body } = await fetch(`${url}/v1/sessions/${session}/events?after=${after}`, {
        headers,
        signal: leaving.signal
      })
      const decoder = new TextDecoder()
      let text = ""
      for await (const chunk of body ?? []) {
        const frames = (text + decoder.decode(chunk, { stream: true })).split("\n\n")
        text = frames.pop() ?? ""
        for (const frame of frames) {
          const id = /^id: (\d+)$/m.exec(frame)?.[1]
          const data = /^data: (.*)$/m.exec(frame)?.[1]
          if (id !== undefined) ids.push(Number(id))
          if (data !== undefined) seen.push(JSON.parse(data))
        }
      }
    }
    const reading = follow().catch((error: unknown) => {
      if (!leaving.signal.aborted) throw error
    })
    yield* Effect.addFinalizer(() =>
      Effect.promise(() => {
        leaving.abort()
        return reading
      })
    )
    return { seen, ids, ends: () => seen.map(({ type }) => type).filter((type) => /^turn\.(?!started)/.test(type)) }
  })

  return { post, read }
}

export class Machines extends Context.Tag("effixir/test/Machines")<
  Machines,
  Effect.Effect.Success<ReturnType<typeof make>>
>() {}

export const layer = (script: Script) =>
  Layer.scoped(Machines, Effect.orDie(make(script))).pipe(Layer.provide(platform))
