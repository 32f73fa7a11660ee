import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { isFunctionCallOutput, type Item } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { canMount, canRun, fileLimit, type Through, where } from "./disks.ts"
import { applyPatch, assertSentence, type Line, lines, machine, platform } from "./support.ts"

const calls = 4

/** Calls that each leave a mark and have something to say, and an answer: what comes next follows from the request. */
const script: Script.Script = ({ input }) => {
  const n = input.filter(isFunctionCallOutput).length
  return n < calls
    ? Script.answer(Script.call("bash", { command: `echo ${n} >> done.txt; seq 1000` }, `c${n}`))
    : Script.answer(Script.say("All done."))
}

const ends = (all: ReadonlyArray<Line>) => all.filter(({ type }) => /^turn\.(?!started)/.test(type))

/** The events of a log, every line of which must be one. */
const eventsOf = (log: string) => {
  const text = existsSync(log) ? readFileSync(log, "utf8") : ""
  assert.match(text, /^$|\n$/)
  return lines(text).map((line) => line["event"] as { readonly _tag: string; readonly [field: string]: unknown })
}

const assertFailed = (stdout: string, stderr: string, said: string) => {
  const all = lines(stdout)
  assert.deepStrictEqual(ends(all).map(({ type }) => type), ["turn.failed"])
  assert.strictEqual(all.at(-1)?.["exit_code"], 1)
  assert.nestedPropertyVal(all.at(-1), "error.kind", "SessionIo")
  assertSentence(stderr, "The log of session", said)
  assert.lengthOf(stderr.match(/effixir: /g) ?? [], 1)
}

/** What must hold once there was room again: every call has an end, and what has run has run once. */
const assertWhole = (log: string, done: string) => {
  const events = eventsOf(log)
  assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
  assert.lengthOf(events.filter(({ _tag }) => _tag === "ToolEnded"), calls)
  assert.deepStrictEqual(readFileSync(done, "utf8").trim().split("\n"), ["0", "1", "2", "3"])
}

const limits = fileLimit(1)
const canLimit = canRun(limits)

describe.runIf(canLimit)(where(canLimit, "a log that may not grow any more", "a shell with ulimit"), () => {
  it.scopedLive(
    "ends the turn with one line wherever that happens, stays valid, and goes on when it may",
    () =>
      Effect.gen(function*() {
        const { file, fs, home, path, run } = yield* machine(script)
        const reached = new Set<number>()
        for (const blocks of [1, 2, 3, 4, 6, 10, 14, 20, 28, 36]) {
          const place = file(`at-${blocks}`)
          yield* fs.makeDirectory(place)
          const { code, stderr, stdout } = yield* run(["--json", "-C", place, "Count"], { through: fileLimit(blocks) })
          assert.strictEqual(code, 1, stderr)
          assertFailed(stdout, stderr, "larger than files may be")
          // Ids sort by time.
          const id = readdirSync(path.join(home, "sessions")).toSorted().at(-1) ?? ""
          const log = path.join(home, "sessions", id, "log.ndjson")
          const kept = eventsOf(log)
          reached.add(kept.length)
          // Whatever was told is in the log.
          const told = lines(stdout).filter(({ type }) => type === "item.completed").map(({ item }) => item?.id)
          const itemIds = kept.filter(({ _tag }) => _tag === "ToolEnded").map(({ itemId }) => itemId)
          assert.includeMembers(itemIds, told)

          if (!kept.some(({ _tag }) => _tag === "TurnStarted")) continue
          const resumed = yield* run(["resume", id, "--json"])
          assert.strictEqual(resumed.code, 0, resumed.stderr)
          assert.deepStrictEqual(ends(lines(resumed.stdout)).map(({ type }) => type), ["turn.completed"])
          assertWhole(log, path.join(place, "done.txt"))
        }
        // It happened at different steps.
        assert.isAbove(reached.size, 4, Array.from(reached).join(" "))
      }).pipe(Effect.provide(platform))
  )
})

/** A home on a disk with so much room, in KB; afterwards there is more, and the turn goes on. */
const smallDisk = (room: number): Through => [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `[ -e "$EFFIXIR_HOME/auth.json" ] || exec "$@"
   cp "$EFFIXIR_HOME/auth.json" ../auth && mount -t tmpfs -o size=256k,mode=700 tmpfs "$EFFIXIR_HOME" || exit 90
   cp ../auth "$EFFIXIR_HOME/auth.json" && chmod 600 "$EFFIXIR_HOME/auth.json" && mkdir -m 700 "$EFFIXIR_HOME/cache" || exit 91
   dd if=/dev/zero of="$EFFIXIR_HOME/room" bs=1k count=${room} 2> ../dd.txt || exit 92
   dd if=/dev/zero of="$EFFIXIR_HOME/rest" bs=1k count=1000 2> ../dd.txt && exit 93
   rm "$EFFIXIR_HOME/room"
   "$@"
   echo $? > ../code
   cat "$EFFIXIR_HOME"/sessions/*/log.ndjson > ../failed.ndjson
   rm "$EFFIXIR_HOME/rest"
   "$1" "$2" resume --last --json > ../resumed.txt
   code=$?
   cat "$EFFIXIR_HOME"/sessions/*/log.ndjson > ../whole.ndjson
   exit $code`,
  "sh"
]

describe.runIf(canMount)(where(canMount, "a log on a disk that is full", "the right to mount one"), () => {
  for (const room of [8, 12, 20]) {
    it.scopedLive(
      `after ${room} KB ends the turn with one line, and goes on when there is room`,
      () =>
        Effect.gen(function*() {
          const { base, file, fs, path, run } = yield* machine(script)
          const { code, stderr, stdout } = yield* run(["--json", "Count"], { through: smallDisk(room) })
          const left = (name: string) => path.join(base, name)
          assert.strictEqual(code, 0, stderr)
          assert.strictEqual(yield* fs.readFileString(left("code")), "1\n")
          assertFailed(stdout, stderr, "no space left on the disk")
          assert.isNotEmpty(eventsOf(left("failed.ndjson")))
          const resumed = lines(yield* fs.readFileString(left("resumed.txt")))
          assert.deepStrictEqual(ends(resumed).map(({ type }) => type), ["turn.completed"])
          assertWhole(left("whole.ndjson"), file("done.txt"))
        }).pipe(Effect.provide(platform))
    )
  }
})

/** The work folder on a disk of its own, with one file on it and no room. What it holds is looked at in the end. */
const fullWork: Through = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `[ -e "$EFFIXIR_HOME/auth.json" ] || exec "$@"
   mount -t tmpfs -o size=64k tmpfs "$PWD" && cd "$PWD" && echo old > a.txt || exit 90
   dd if=/dev/zero of=rest bs=1k count=100 2> ../dd.txt && exit 91
   "$@"
   code=$?
   cat a.txt > ../a.txt && ls -A > ../names.txt || exit 92
   exit $code`,
  "sh"
]

/** What changes a part of a file, in the two ways that models have been taught. */
const parts = {
  edit: Script.call("edit", { path: "a.txt", old_string: "old", new_string: "new ".repeat(5000) }, "c_part"),
  apply_patch: applyPatch("c_part", "*** Update File: a.txt", "@@", "-old", `+${"new ".repeat(5000)}`)
}

const taught = (apply_patch: boolean) => JSON.stringify({ models: { "*": { apply_patch } } })

const changing = (part: Item): Script.Script =>
  Script.fromTurns([
    Script.answer(
      Script.call("read", { path: "a.txt" }, "c_read"),
      Script.call("write", { path: "a.txt", content: "new ".repeat(5000) }, "c_over"),
      Script.call("write", { path: "b.txt", content: "new ".repeat(5000) }, "c_write"),
      part,
      Script.call("bash", { command: "seq 10000 > c.txt; echo code $?" }, "c_bash")
    ),
    Script.answer(Script.say("All done."))
  ])

const outputsOf = (stdout: string) =>
  new Map(
    lines(stdout).filter(({ type }) => type === "item.completed")
      .map(({ item }) => [String(item?.["call_id"]), [String(item?.["status"]), String(item?.["output"])] as const])
  )

describe.runIf(canMount)(where(canMount, "a workspace on a disk that is full", "the right to mount one"), () => {
  it.scopedLive.each(Object.entries(parts))(
    "keeps its files as they were, and the turn goes on: %s",
    ([tool, part]) =>
      Effect.gen(function*() {
        const { base, fs, home, path, run } = yield* machine(changing(part))
        yield* fs.writeFileString(path.join(home, "config.json"), taught(tool === "apply_patch"))
        const { code, stderr, stdout } = yield* run(["--json", "Change it"], { through: fullWork })
        assert.strictEqual(code, 0, stderr)
        const outputs = outputsOf(stdout)
        for (const [id, name] of [["c_over", "a.txt"], ["c_write", "b.txt"], ["c_part", "a.txt"]] as const) {
          const [status, output = ""] = outputs.get(id) ?? []
          assert.strictEqual(status, "failed")
          assert.include(output, `${name}: ENOSPC: no space left on device`)
        }
        assert.include(outputs.get("c_bash")?.[1], "No space left on device")
        assert.strictEqual(yield* fs.readFileString(path.join(base, "a.txt")), "old\n")
        assert.deepStrictEqual((yield* fs.readFileString(path.join(base, "names.txt"))).trim().split("\n"), [
          "a.txt",
          "c.txt",
          "rest"
        ])
      }).pipe(Effect.provide(platform))
  )
})

describe.runIf(canLimit)(where(canLimit, "files that may not grow", "a shell with ulimit"), () => {
  it.scopedLive(
    "stay as they were, the model is told, and long outputs are kept as far as they fit",
    () =>
      Effect.gen(function*() {
        const { file, fs, home, path, run } = yield* machine(Script.fromTurns([
          Script.answer(
            Script.call("edit", { path: "a.txt", old_string: "a", new_string: "bbbb", replace_all: true }, "c_edit"),
            Script.call("bash", { command: "seq 100000; echo the end" }, "c_bash")
          ),
          Script.answer(Script.say("All done."))
        ]))
        yield* fs.writeFileString(path.join(home, "config.json"), taught(false))
        yield* fs.writeFileString(file("a.txt"), "a".repeat(80_000))
        const { code, stderr, stdout } = yield* run(["--json", "Change it"], {
          through: fileLimit(400)
        })
        assert.strictEqual(code, 0, stderr)
        const outputs = outputsOf(stdout)
        assert.deepStrictEqual(outputs.get("c_edit"), ["failed", "a.txt: EFBIG: file too large. No file was changed."])
        assert.strictEqual(yield* fs.readFileString(file("a.txt")), "a".repeat(80_000))
        assert.deepStrictEqual(yield* fs.readDirectory(file(".")), ["a.txt"])
        const [status, output = ""] = outputs.get("c_bash") ?? []
        assert.strictEqual(status, "completed")
        const [, location = ""] = /\nthe end\n\[.* Only its beginning could be kept, in (\S+)\. .*\]$/.exec(output) ??
          []
        assert.match(yield* fs.readFileString(location), /^1\n2\n3\n/)
      }).pipe(Effect.provide(platform))
  )
})
