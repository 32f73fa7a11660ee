import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { readFileSync } from "node:fs"
import { isItem } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { lines, machine, platform } from "./support.ts"

const isLinux = process.platform === "linux"
/** The simulator tells it in one piece, which is faster than a million. */
const huge = `${" ".repeat(10 * 1024 * 1024)}x`

/** Everything that a model, or what it runs, can do wrong: the call, and what the model is told of it. */
const faults: ReadonlyArray<readonly [name: string, args: object | string, told: RegExp]> = [
  ["bash", "{\"command\":", /^The arguments of bash are not JSON/],
  ["read", { path: 7 }, /^Invalid arguments for read: path must be a string, not the number 7/],
  ["read", "null", /^Invalid arguments for read/],
  ["nothing", {}, /^There is no tool named nothing/],
  ["bash", { command: "cat" }, /^\[No output, exit code 0\.\]$/],
  ["bash", { command: "head -c 300 /dev/urandom; printf '\\0\\377\\033[2J'" }, /./],
  ["bash", { command: "sleep 60", timeout_ms: 100 }, /\[Timed out after 100ms/],
  ["bash", { command: "kill -9 $$" }, /Killed by SIGKILL/],
  ["bash", { command: "yes | head -c 300000000; echo the end" }, /\nthe end\n\[Output cut/],
  ["bash", { command: "printf changed > a.txt" }, /exit code 0/],
  ["edit", { path: "a.txt", old_string: "mine", new_string: "new" }, /has changed since you last read it/],
  ["read", { path: "../secret.txt" }, /is outside the workspace/],
  ["read", { path: "/proc/self/environ" }, /was not permitted/],
  ["read", { path: "/proc/self/root/etc/passwd" }, /is outside the workspace/],
  ["read", { path: "." }, /is a folder/],
  ["bash", { command: "mkfifo pipe; ln -s /etc out; ln -s loop loop" }, /exit code 0/],
  ["read", { path: "pipe" }, /is not a regular file/],
  ["write", { path: "pipe", content: "x" }, /is not a regular file/],
  ["read", { path: "out/passwd" }, /is outside the workspace/],
  ["read", { path: "loop" }, /./],
  ["read", { path: "/dev/zero" }, /is outside the workspace/],
  ["read", { path: huge }, /^ +…: .*name too long/i],
  ["edit", { path: "a.txt", old_string: huge, new_string: "" }, /./]
]

/** The most memory that a process has had, in bytes, as far as it could be seen. */
const watchMemory = (pid: number | undefined) => {
  let peak = 0
  const look = Effect.sync(() => {
    try {
      const [, size = "0"] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? []
      peak = Math.max(peak, Number(size) * 1024)
    } catch {
      // It has ended.
    }
  })
  return Effect.as(Effect.forkScoped(Effect.repeat(look, Schedule.spaced("20 millis"))), () => peak)
}

describe("a turn in which everything goes wrong", () => {
  it.scopedLive(
    "goes on to its answer: the model is told each time, the log is valid, and memory stays bounded",
    () =>
      Effect.gen(function*() {
        const ids = faults.map((_, n) => `c_${n}`)
        const { base, file, fs, home, path, simulator, start } = yield* machine(Script.fromTurns([
          Script.answer(Script.call("read", { path: "a.txt" }, "c_read")),
          ...faults.map(([name, args], n) => Script.answer(Script.call(name, args, ids[n]))),
          // Two calls with one id.
          Script.answer(Script.call("bash", { command: "echo one" }, "c_same"), Script.call("nothing", {}, "c_same")),
          Script.answer(Script.say("All the same."))
        ]))
        yield* fs.writeFileString(path.join(home, "config.json"), "{\"models\":{\"*\":{\"apply_patch\":false}}}")
        yield* fs.writeFileString(file("a.txt"), "mine")
        yield* fs.writeFileString(path.join(base, "secret.txt"), "hidden-7f3a")
        const { child, result } = yield* start(["run", "Go wrong"])
        const peak = yield* watchMemory(child.pid)
        const { code, stderr, stdout } = yield* result
        assert.deepStrictEqual([code, stdout], [0, "All the same.\n"], stderr)

        const { input }: { readonly input?: unknown } = (yield* simulator.requests).at(-1)?.body ?? {}
        const items = Array.isArray(input) ? input.filter(isItem) : []
        const outputs = items.filter(({ type }) => type === "function_call_output")
        assert.deepStrictEqual(outputs.map((item) => item["call_id"]), ["c_read", ...ids, "c_same", "c_same"])
        for (const [n, [name, args, told]] of faults.entries()) {
          const output = String(outputs[n + 1]?.["output"])
          assert.match(output, told, `${name} ${JSON.stringify(args).slice(0, 80)}`)
          assert.isAtMost(output.length, 60_000)
          assert.notMatch(output, /hidden-7f3a|\n\s+at /)
        }
        assert.deepStrictEqual(outputs.slice(-2).map(({ output }) => String(output).slice(0, 8)), ["one", "There is"])
        assert.strictEqual(yield* fs.readFileString(file("a.txt")), "changed")

        const [id = ""] = yield* fs.readDirectory(path.join(home, "sessions"))
        const log = lines(yield* fs.readFileString(path.join(home, "sessions", id, "log.ndjson")))
        assert.lengthOf(
          log.filter(({ event }) => JSON.stringify(event).includes("\"_tag\":\"ToolEnded\"")),
          outputs.length
        )
        // The request holds two arguments of 10 MB in the end.
        if (isLinux) assert.isBelow(peak(), 700 * 1024 * 1024)
      }).pipe(Effect.provide(platform))
  )
})
