import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, eventually, lines, machine, platform } from "./support.ts"

type Place = Effect.Effect.Success<ReturnType<typeof machine>>
type Result = Effect.Effect.Success<ReturnType<Place["run"]>>

const forms = { text: [], jsonl: ["--json"], envelope: ["--output", "json"] } as const

/** How a run ends, and what says so: the exit code, the last line, and a sentence on stderr. */
interface Outcome {
  readonly code: number
  readonly status: "completed" | "failed" | "interrupted" | "limited"
  readonly kind?: string
  readonly said?: ReadonlyArray<string>
  readonly answer?: string
  readonly script?: () => Script.Script
  readonly options?: Parameters<typeof machine>[1]
  readonly args?: ReadonlyArray<string>
  /** How it is run, if not just by its words. */
  readonly act?: (place: Place, args: ReadonlyArray<string>) => Effect.Effect<Result, never, never>
}

const hello = Script.answer(Script.say("Hello!"))
const always = (turn: Script.Turn) => () => () => turn
const bash = (command: string) => Script.answer(Script.call("bash", { command }))
const thenHello = (first: Script.Turn) => (): Script.Script => ({ input }) =>
  input.some(({ type }) => type === "function_call_output") ? hello : first

/** A signal comes while a command runs, in a process of its own. */
const signalled = (signal: NodeJS.Signals): NonNullable<Outcome["act"]> => (place, args) =>
  Effect.scoped(Effect.gen(function*() {
    rmSync(place.file("begun"), { force: true })
    const { child, result } = yield* place.start(args)
    yield* eventually("the command runs", () => existsSync(place.file("begun")))
    child.kill(signal)
    writeFileSync(place.file("go"), "")
    return yield* result
  }))

const waiting = thenHello(bash("touch begun; sleep 300"))

const outcomes: { readonly [name: string]: Outcome } = {
  "an answer": { code: 0, status: "completed", answer: "Hello!", script: always(hello) },
  "an answer after a tool": {
    code: 0,
    status: "completed",
    answer: "Hello!",
    script: thenHello(bash("echo one; echo two >&2"))
  },
  "no answer": { code: 6, status: "failed", kind: "NoAnswer", script: always(Script.answer(Script.think("Hm."))) },
  "a used-up plan": {
    code: 7,
    status: "failed",
    kind: "UsageLimitReached",
    script: always(
      Script.refuse(429, { error: { type: "usage_limit_reached", message: "up", plan_type: "plus", resets_at: 2e9 } })
    )
  },
  "a rate limit": {
    code: 7,
    status: "failed",
    kind: "RateLimited",
    script: always(Script.refuse(429, "", { "retry-after": "100" }))
  },
  "a failing server": {
    code: 1,
    status: "failed",
    kind: "Overloaded",
    script: always(Script.refuse(500, "<html>oops</html>"))
  },
  "a cut stream": {
    code: 1,
    status: "failed",
    kind: "StreamIncomplete",
    script: always(Script.cut(3, Script.say("Half an")))
  },
  "a server that falls silent": {
    code: 1,
    status: "failed",
    kind: "IdleTimeout",
    script: always(hello),
    options: { pace: "1 hour" },
    act: ({ run }, args) => run(args, { speed: 150 })
  },
  "a conversation that is too long": {
    code: 1,
    status: "failed",
    kind: "ContextOverflow",
    script: always(Script.fail({ code: "context_length_exceeded", message: "too long" }))
  },
  "a bad key": {
    code: 4,
    status: "failed",
    kind: "Unauthorized",
    script: always(Script.refuse(401, { error: { code: "invalid_api_key", message: "wrong" } }))
  },
  "no sign-in": {
    code: 4,
    status: "failed",
    kind: "SignedOut",
    said: ["effixir login"],
    script: always(hello),
    options: { signedIn: false }
  },
  "a permission that nobody gives": {
    code: 3,
    status: "failed",
    kind: "PermissionNeeded",
    script: thenHello(bash("touch changed")),
    args: ["--permission", "ask"]
  },
  "a limit": {
    code: 8,
    status: "limited",
    kind: "LimitReached",
    said: ["--max-steps"],
    script: thenHello(bash("true")),
    args: ["--max-steps", "1"]
  },
  "a timeout": {
    code: 124,
    status: "limited",
    kind: "LimitReached",
    said: ["--timeout"],
    script: thenHello(bash("sleep 300")),
    args: ["--timeout", "1"]
  },
  "bad arguments": {
    code: 2,
    status: "failed",
    kind: "BadInput",
    args: ["--max-steps", "none"],
    said: ["--max-steps"]
  },
  "a folder that is not there": { code: 2, status: "failed", kind: "BadInput", args: ["-C", "gone"], said: ["gone"] },
  "a broken config.json": {
    code: 2,
    status: "failed",
    kind: "ConfigError",
    act: ({ home, run }, args) =>
      Effect.suspend(() => {
        writeFileSync(join(home, "config.json"), "{\"modle\":1}", { mode: 0o600 })
        return run(args)
      })
  },
  "a busy session": {
    code: 5,
    status: "failed",
    kind: "SessionBusy",
    script: waiting,
    act: (place, args) =>
      Effect.scoped(Effect.gen(function*() {
        rmSync(place.file("begun"), { force: true })
        const { child, result } = yield* place.start(["Wait"])
        yield* eventually("the command runs", () => existsSync(place.file("begun")))
        const [, ...form] = args
        const second = yield* place.run(["resume", "--last", "And more", ...form])
        child.kill("SIGTERM")
        yield* result
        return second
      }))
  },
  "SIGINT": { code: 130, status: "interrupted", kind: "Interrupted", script: waiting, act: signalled("SIGINT") },
  "SIGTERM": { code: 143, status: "interrupted", kind: "Interrupted", script: waiting, act: signalled("SIGTERM") },
  "SIGHUP": { code: 143, status: "interrupted", kind: "Interrupted", script: waiting, act: signalled("SIGHUP") },
  "SIGQUIT": { code: 131, status: "interrupted", kind: "Interrupted", script: waiting, act: signalled("SIGQUIT") },
  // Who writes to a closed pipe is told so by the write.
  "SIGPIPE": {
    code: 0,
    status: "completed",
    answer: "Hello!",
    script: thenHello(bash("touch begun; until [ -e go ]; do sleep 0.05; done")),
    act: signalled("SIGPIPE")
  },
  "a stdin that is closed": {
    code: 0,
    status: "completed",
    answer: "Hello!",
    script: always(hello),
    act: ({ run }, args) => run(args, { through: ["bash", "-c", `exec "$@" <&-`, "sh"] })
  },
  "a log that may not grow": {
    code: 1,
    status: "failed",
    kind: "SessionIo",
    said: ["The log of session"],
    script: thenHello(bash("seq 2000")),
    act: ({ run }, args) => run(args, { through: ["sh", "-c", `ulimit -f 4; exec "$@"`, "sh"] })
  },
  "a workspace that is deleted": {
    code: 1,
    status: "failed",
    kind: "WorkspaceGone",
    said: ["was deleted, moved away or unmounted"],
    script: thenHello(bash("rmdir $PWD")),
    act: ({ file, fs, run }, args) =>
      Effect.zipRight(Effect.orDie(fs.makeDirectory(file("place"), { recursive: true })), run([...args, "-C", "place"]))
  }
}

const types = {
  completed: "turn.completed",
  failed: "turn.failed",
  interrupted: "turn.interrupted",
  limited: "turn.limited"
}

/** Nothing but what was asked for is on stdout, it tells the end once, and stderr says the rest in sentences. */
const check = (form: keyof typeof forms, outcome: Outcome, { code, stderr, stdout }: Result) => {
  const { answer, kind, said = [], status } = outcome
  assert.strictEqual(code, outcome.code, `${stdout}${stderr}`)
  assert.notInclude(stderr, "\u001B")
  if (status !== "completed") {
    assertSentence(stderr, ...said)
    assert.isAbove(stderr.trim().length, 20)
    assert.isAtMost(stderr.match(/^effixir: /gm)?.length ?? 0, 1)
  }
  switch (form) {
    case "text":
      return assert.strictEqual(stdout, answer === undefined ? "" : `${answer}\n`)
    case "jsonl": {
      const all = lines(stdout)
      for (const { seq, ts, type } of all) {
        assert.isString(type)
        assert.isNumber(seq)
        assert.strictEqual(new Date(ts).toISOString(), ts)
      }
      const ends = all.filter(({ type }) => Object.values(types).includes(type))
      assert.deepStrictEqual(ends.map(({ type }) => type), [types[status]])
      assert.strictEqual(all.at(-1), ends[0])
      if (status !== "completed") assert.strictEqual(ends[0]?.["exit_code"], code)
      if (status === "failed") assert.nestedPropertyVal(ends[0], "error.kind", kind)
      return
    }
    case "envelope": {
      assert.lengthOf(stdout.split("\n"), 2, stdout)
      const envelope = JSON.parse(stdout)
      assert.deepInclude(envelope, {
        ok: status === "completed",
        status,
        output: answer ?? null,
        exit_code: code
      })
      assert.strictEqual(envelope.error?.kind, kind)
    }
  }
}

describe("the end of a run is told in its code, its last line and a sentence", () => {
  for (const [name, outcome] of Object.entries(outcomes)) {
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        for (const form of ["text", "jsonl", "envelope"] as const) {
          const place = yield* machine(outcome.script?.() ?? (() => hello), outcome.options)
          const args = ["Say hello", ...forms[form], ...outcome.args ?? []]
          check(form, outcome, yield* (outcome.act ?? (({ run }, args) => run(args)))(place, args))
        }
      }).pipe(Effect.provide(platform)))
  }
})

describe("an output that cannot be told", () => {
  it.scopedLive("is told in the code and in a sentence: a full disk", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(always(hello)())
      for (const args of Object.values(forms)) {
        const full = yield* run(["Say hello", ...args], { through: ["bash", "-c", `"$@" > /dev/full`, "sh"] })
        assert.strictEqual(full.code, 1, full.stderr)
        assertSentence(full.stderr, "effixir: The output could not be written: there is no space left on its disk")
      }
    }).pipe(Effect.provide(platform)))
})
