import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const say = (text: string) => Script.answer(Script.say(text))

/** A session of two turns, the first with a call. */
const used = Effect.fnUntraced(function*(...more: ReadonlyArray<Script.Turn>) {
  const made = yield* machine(Script.fromTurns([
    Script.answer(Script.call("bash", { command: "echo one; exit 3" })),
    say("First answer"),
    say("Second answer"),
    ...more
  ]))
  const { fs, home, path, run } = made
  const folder = path.join(home, "sessions")
  const first = lines((yield* run(["--json", "Say one\nand more"])).stdout)
  const id = String(first[0]?.["thread_id"])
  yield* run(["resume", id, "Say two"])
  const logOf = (session: string) => fs.readFileString(path.join(folder, session, "log.ndjson"))
  const json = (...args: ReadonlyArray<string>) =>
    Effect.map(run([...args, "--json"]), ({ stdout }) => JSON.parse(stdout))
  return { ...made, id, short: id.slice(-8), sessions: folder, logOf, json }
})

const idsIn = ({ sessions }: { readonly sessions: ReadonlyArray<{ readonly id: string }> }) =>
  sessions.map(({ id }) => id)

describe("sessions", () => {
  it.scopedLive("are listed, shown, renamed, exported and deleted", () =>
    Effect.gen(function*() {
      const { base, fs, id, json, path, run, secrets, sessions, short } = yield* used()
      const empty = yield* run(["sessions", "list"], {
        env: { EFFIXIR_HOME: path.join(base, "none") },
        isStarted: true
      })
      assert.deepStrictEqual([empty.code, empty.stdout, empty.stderr], [0, "", "There is no session yet.\n"])

      const { sessions: [listed] } = yield* json("sessions", "list")
      assert.deepInclude(listed, { id, title: "Say one", status: "completed", turns: 2, parent: null })
      assert.deepStrictEqual(Object.keys(listed), [
        "id",
        "title",
        "workspace",
        "model",
        "status",
        "created_at",
        "updated_at",
        "turns",
        "usage",
        "parent"
      ])
      assert.isAbove(listed.usage.input_tokens, 0)
      const table = yield* run(["sessions", "list"], { isStarted: true })
      assert.match(
        table.stdout,
        new RegExp(`^ID +LAST USED +STATUS +TURNS +MODEL +TITLE\n${short} +\\d+ s ago +completed +2 +\\S+ +Say one\n$`)
      )

      const renamed = yield* run(["sessions", "rename", short, "About one"])
      assert.deepStrictEqual([renamed.code, renamed.stdout], [0, ""])
      const shown = yield* json("sessions", "show", short)
      assert.deepInclude(shown, { id, title: "About one", compactions: 0 })
      assert.isAbove(shown.context.tokens, 0)
      const transcript = (yield* run(["sessions", "show", short])).stdout
      for (
        const part of [
          "About one\n",
          "> Say one\n> and more\n",
          "• bash echo one; exit 3 (exit 3",
          "First answer",
          "> Say two"
        ]
      ) {
        assert.include(transcript, part)
      }

      const page = path.join(base, "page.html")
      const written = yield* run(["sessions", "export", short, "--format", "html", "-o", page], { isStarted: true })
      assert.deepStrictEqual([written.code, written.stdout, written.stderr], [0, "", `Written to ${page}\n`])
      assert.strictEqual((yield* fs.stat(page)).mode & 0o777, 0o600)
      assert.include(yield* fs.readFileString(page), "<h1>About one</h1>")
      assert.match((yield* run(["sessions", "export", short])).stdout, /^# About one\n/)
      const log = (yield* run(["sessions", "export", short, "--format", "jsonl", "-o", "-"])).stdout
      assert.strictEqual(
        lines(log).length,
        (yield* fs.readFileString(path.join(sessions, id, "log.ndjson"))).split("\n").length - 1
      )
      for (const secret of secrets) assert.notInclude(log, secret)
      const nowhere = yield* run(["sessions", "export", short, "-o", path.join(base, "no", "file")])
      assert.strictEqual(nowhere.code, 2)
      assertSentence(nowhere.stderr, "There is no folder")

      yield* fs.makeDirectory(path.join(sessions, id, "artifacts"), { recursive: true })
      const asked = yield* run(["sessions", "delete", short])
      assert.strictEqual(asked.code, 2)
      assertSentence(asked.stderr, "About one (2 turns", "Say --yes if that is meant")
      assert.deepStrictEqual(idsIn(yield* json("sessions", "list")), [id])
      assert.deepStrictEqual(yield* json("sessions", "delete", "--yes", short), { deleted: [id] })
      assert.deepStrictEqual(yield* fs.readDirectory(sessions), [])
      const gone = yield* run(["sessions", "show", id])
      assert.strictEqual(gone.code, 2)
      assertSentence(gone.stderr, `There is no session ${id}`)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "of another folder are listed with --all, and one whose folder is gone blocks nothing",
    () =>
      Effect.gen(function*() {
        const { base, fs, id, json, path, run } = yield* used(say("Elsewhere"), say("Back"), say("Moved"))
        const elsewhere = path.join(base, "elsewhere")
        yield* fs.makeDirectory(elsewhere)
        const other = String(lines((yield* run(["--json", "-C", elsewhere, "Say three"])).stdout)[0]?.["thread_id"])
        assert.deepStrictEqual(idsIn(yield* json("sessions", "list")), [id])
        assert.deepStrictEqual(idsIn(yield* json("sessions", "list", "--all")), [other, id])
        yield* fs.remove(elsewhere, { recursive: true })
        const last = yield* run(["resume", "--last", "Go on"])
        assert.deepStrictEqual([last.code, last.stdout], [0, "Back\n"])
        assertSentence(last.stderr, `the folder of session ${other.slice(-8)} is gone`, "-C FOLDER")
        const refused = yield* run(["resume", other, "Go on"])
        assert.strictEqual(refused.code, 2)
        assertSentence(refused.stderr, `The folder that this session worked in is gone: ${elsewhere}`, "-C FOLDER")
        assert.strictEqual((yield* run(["resume", other, "-C", ".", "Go on"])).stdout, "Moved\n")
        assert.match((yield* run(["sessions", "show", other])).stdout, /> Go on/)
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "with damaged lines are listed and shown, and the rest of them is exported",
    () =>
      Effect.gen(function*() {
        const { fs, id, logOf, path, run, sessions, short } = yield* used()
        const all = (yield* logOf(id)).split("\n")
        const broken = [...all.slice(0, 3), "no event", ...all.slice(4)].join("\n")
        yield* fs.writeFileString(path.join(sessions, id, "log.ndjson"), broken)
        const listed = yield* run(["sessions", "list"])
        assert.match(listed.stdout, /completed !/)
        assertSentence(listed.stderr, "one of them has damaged lines")
        const shown = yield* run(["sessions", "show", short])
        assert.include(shown.stdout, "Second answer")
        assertSentence(shown.stderr, "one line of the session's log is damaged and left out: 4 (")
        const exported = yield* run(["sessions", "export", short, "--format", "jsonl"])
        assert.lengthOf(lines(exported.stdout), all.length - 2)
        assertSentence(exported.stderr, "one line of the session's log is damaged and left out: 4 (")
        assert.strictEqual(yield* logOf(id), broken)
      }).pipe(Effect.provide(platform))
  )
})

describe("fork", () => {
  it.scopedLive("shares the past, goes on by itself, and holds on to it", () =>
    Effect.gen(function*() {
      const { asked, id, json, logOf, run, short } = yield* used(say("Forked"), say("Parent"), say("Again"))
      const before = yield* logOf(id)
      const begun = yield* json("fork", short, "--to-turn", "1")
      assert.deepStrictEqual(Object.keys(begun), ["session_id", "parent"])
      assert.strictEqual(begun.parent.session_id, id)
      const fork: string = begun.session_id
      assert.lengthOf((yield* logOf(fork)).trim().split("\n"), 1)
      const ran = yield* run(["resume", fork, "Say it otherwise"])
      assert.deepStrictEqual([ran.code, ran.stdout], [0, "Forked\n"])
      const sent = JSON.stringify((yield* asked).at(-1)?.body)
      assert.include(sent, "First answer")
      assert.notInclude(sent, "Second answer")
      assert.strictEqual(yield* logOf(id), before)

      yield* run(["resume", id, "Go on"])
      const S = (yield* json("sessions", "list")).sessions.find((session: { id: string }) => session.id === fork)
      assert.deepInclude(S, { turns: 2, title: "Say one", parent: begun.parent })
      const shown = (yield* run(["sessions", "show", fork])).stdout
      assert.notInclude(shown, "Parent")
      assert.include(shown, "Forked")

      // A fork of the fork, with a prompt.
      const told = lines((yield* run(["fork", fork, "--json", "Once more"])).stdout)
      const again = String(told[0]?.["thread_id"])
      assert.notInclude([id, fork], again)
      assert.strictEqual(told.at(-1)?.type, "turn.completed")
      assert.include((yield* run(["sessions", "show", again])).stdout, "> Say it otherwise")

      for (
        const [args, said] of [
          [["fork", short, "--to-turn", "9"], "it has no turn 9, but 1 to 3"],
          [["fork", short, "--to-turn", "x"], "--to-turn cannot be"],
          [["fork"], "Which session?"],
          [["fork", "ffffffff"], "There is no session ffffffff"],
          [["sessions", "delete", short, "--yes"], `${fork} is a fork that goes on from it`],
          [["sessions", "delete", fork, id, "--yes"], `${again} is a fork that goes on from it`]
        ] as const
      ) {
        const { code, stderr } = yield* run(args)
        assert.strictEqual(code, 2, stderr)
        assertSentence(stderr, said)
      }
      const { deleted } = yield* json("sessions", "delete", id, fork, again, "--yes")
      assert.deepStrictEqual(deleted, [again, fork, id])
    }).pipe(Effect.provide(platform)))
})

describe("--ephemeral", () => {
  it.scopedLive("keeps nothing of a run, and leaves a session as it was", () =>
    Effect.gen(function*() {
      const long = "seq 1 200000"
      const { asked, fs, id, json, logOf, run, sessions } = yield* used(
        say("Run"),
        Script.answer(Script.call("bash", { command: long })),
        say("Resumed"),
        say("Forked")
      )
      const before = yield* logOf(id)
      const ran = yield* run(["--ephemeral", "Say one"])
      assert.deepStrictEqual([ran.code, ran.stdout], [0, "Run\n"])
      assert.include(ran.stderr, "Nothing of it is kept (--ephemeral).")
      assert.notMatch(ran.stderr, /[0-9a-f]{8}-[0-9a-f-]{27}/)
      assert.strictEqual((yield* run(["resume", id, "--ephemeral", "Go on"])).stdout, "Resumed\n")
      assert.include(JSON.stringify((yield* asked).at(-1)?.body), "Second answer")
      const artifact = /(\/[^\s"]+\/artifacts\/[^\s"]+\.txt)/.exec(JSON.stringify((yield* asked).at(-1)?.body))?.[1] ??
        ""
      assert.notInclude(artifact, sessions)
      assert.notStrictEqual(artifact, "")
      assert.isFalse(yield* fs.exists(artifact))
      assert.strictEqual((yield* run(["fork", id, "--to-turn", "1", "--ephemeral", "Go on"])).stdout, "Forked\n")
      assert.notInclude(JSON.stringify((yield* asked).at(-1)?.body), "Second answer")
      assert.strictEqual(yield* logOf(id), before)
      assert.deepStrictEqual(yield* fs.readDirectory(sessions), [id])
      assert.deepStrictEqual(idsIn(yield* json("sessions", "list", "--all")), [id])
      assertSentence((yield* run(["fork", id, "--ephemeral"])).stderr, "A fork that is not kept needs a prompt")
    }).pipe(Effect.provide(platform)))
})
