import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { readFileSync, utimesSync } from "node:fs"
import { dirname, join } from "node:path"
import * as ForeignSessions from "../../../src/node/session/ForeignSessions.ts"
import { jsonLines } from "../../../src/node/session/jsonLines.ts"
import type { Tool } from "../../../src/session/import/ForeignSession.ts"
import * as SessionImport from "../../../src/session/import/SessionImport.ts"
import * as SessionStore from "../../../src/session/SessionStore.ts"
import { layer, makeFolder, put } from "../support.ts"

const fixture = (name: string, folder: string): string =>
  readFileSync(new URL(`../../session/import/fixtures/${name}`, import.meta.url), "utf8")
    .replaceAll("/home/ada/project", folder)

/** A home of all four agents, and a folder that they have worked in. */
const machine = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const base = yield* makeFolder
  const project = join(base, "project")
  yield* fs.makeDirectory(project)
  let age = 0
  /** Each file is older than the one before. */
  const keep = (path: string, text: string) =>
    Effect.gen(function*() {
      const whole = join(base, path)
      yield* fs.makeDirectory(dirname(whole), { recursive: true })
      yield* put(whole, text)
      utimesSync(whole, 1_800_000_000 - ++age, 1_800_000_000 - age)
      return whole
    })
  const config = ConfigProvider.fromMap(
    new Map([
      ["CODEX_HOME", join(base, "codex")],
      ["CLAUDE_CONFIG_DIR", join(base, "claude")],
      ["PI_CODING_AGENT_DIR", join(base, "pi")],
      ["XDG_DATA_HOME", join(base, "share")]
    ])
  )
  const find = (tool: Tool, given?: string, folder = project) =>
    Effect.withConfigProvider(ForeignSessions.find(tool, given, folder), config)
  const take = (tool: Tool, given?: string, folder = project) =>
    Effect.flatMap(find(tool, given, folder), SessionImport.run).pipe(Effect.provide(SessionStore.layerMemory))
  const refusal = (tool: Tool, given?: string, folder = project) =>
    Effect.map(Effect.flip(take(tool, given, folder)), ({ message }) => message.replaceAll(base, "BASE"))
  return { base, project, keep, find, take, refusal }
})

describe("ForeignSessions", () => {
  it.scoped("takes the session of this folder that was used last", () =>
    Effect.gen(function*() {
      const { keep, take, project } = yield* machine
      const elsewhere = "/somewhere/else"
      yield* keep(
        "codex/sessions/2026/11/29/rollout-2026-11-29T22-00-00-other.jsonl",
        fixture("codex.jsonl", elsewhere)
      )
      yield* keep("codex/sessions/2026/11/28/rollout-2026-11-28T20-54-16-used.jsonl", fixture("codex.jsonl", project))
      yield* keep(
        "codex/sessions/2026/11/29/rollout-2026-11-29T20-54-21-old.jsonl",
        fixture("codex-killed.jsonl", project)
      )
      yield* keep("claude/projects/a/other.jsonl", fixture("claude-killed.jsonl", elsewhere))
      yield* keep("claude/projects/b/agent-1.jsonl", fixture("claude-killed.jsonl", project))
      yield* keep("claude/projects/b/used.jsonl", fixture("claude.jsonl", project))
      yield* keep("pi/sessions/--project--/one_used.jsonl", fixture("pi.jsonl", project))
      yield* keep("pi/sessions/--project--/two_old.jsonl", fixture("pi-killed.jsonl", project))
      for (const tool of ["codex", "claude", "pi"] as const) {
        assert.deepInclude(yield* take(tool), { folder: project, turns: 2 }, tool)
      }
    }).pipe(Effect.provide(layer)))

  it.scoped("takes the session that any part of an id names, and lists those that it could be", () =>
    Effect.gen(function*() {
      const { keep, refusal, take, project } = yield* machine
      yield* keep("pi/sessions/--project--/2026_01a22916-bcfa.jsonl", fixture("pi-killed.jsonl", project))
      yield* keep("pi/sessions/--else--/2026_01a22916-9c7c.jsonl", fixture("pi.jsonl", "/else"))
      assert.deepInclude(yield* take("pi", "9C7C"), { folder: "/else", turns: 2 })
      assert.deepInclude(yield* take("pi", "bcfa"), { folder: project, turns: 1 })
      assert.strictEqual(
        yield* refusal("pi", "01a22916"),
        "2 sessions of Pi have 01a22916 in their id; give more of it: 2026_01a22916-bcfa.jsonl, 2026_01a22916-9c7c.jsonl"
      )
      assert.strictEqual(yield* refusal("pi", "xyz"), "Pi has no session with xyz in its id in BASE/pi/sessions")
    }).pipe(Effect.provide(layer)))

  it.scoped("takes a file, also as its path from this folder", () =>
    Effect.gen(function*() {
      const { base, keep, take, project } = yield* machine
      yield* keep("project/session.jsonl", fixture("claude.jsonl", project))
      yield* keep("export.json", fixture("opencode.json", project))
      assert.deepInclude(yield* take("claude", "session.jsonl"), { turns: 2 })
      assert.deepInclude(yield* take("opencode", join(base, "export.json")), { turns: 2, title: "A title" })
      assert.deepInclude(yield* take("opencode", "../export.json"), { turns: 2 })
    }).pipe(Effect.provide(layer)))

  it.scoped("says in a sentence what cannot be taken", () =>
    Effect.gen(function*() {
      const { keep, refusal, project } = yield* machine
      assert.strictEqual(yield* refusal("codex", "./none.jsonl"), "There is no file BASE/project/none.jsonl")
      assert.strictEqual(
        yield* refusal("codex", project),
        "BASE/project is a folder; give the file of a session, or its id"
      )
      yield* keep("project/empty.jsonl", "")
      assert.strictEqual(yield* refusal("pi", "empty.jsonl"), "BASE/project/empty.jsonl is empty")
      yield* keep("project/photo.jsonl", "\u0089PNG\r\n\u001a\n\u0000\u0001")
      assert.strictEqual(
        yield* refusal("pi", "photo.jsonl"),
        "BASE/project/photo.jsonl cannot be imported: there is nothing in it that could be read"
      )
      yield* keep("project/package.json", "{\n  \"name\": \"x\"\n}\n")
      assert.strictEqual(
        yield* refusal("claude", "package.json"),
        "BASE/project/package.json cannot be imported: there is nothing in it that could be read"
      )
      assert.strictEqual(
        yield* refusal("opencode", "package.json"),
        "BASE/project/package.json cannot be imported: there is nothing in it that could be read"
      )
      yield* keep("project/rollout-1.jsonl.zst", "(\u00b5/\u00fd")
      assert.strictEqual(
        yield* refusal("codex", "rollout-1.jsonl.zst"),
        "BASE/project/rollout-1.jsonl.zst is compressed; unpack it first: zstd -d rollout-1.jsonl.zst"
      )
      assert.strictEqual(
        yield* refusal("codex"),
        "Codex has no session of this folder in BASE/codex; give the id of another, or its file"
      )
      assert.match(yield* refusal("opencode"), /^opencode keeps no sessions here: there is no BASE\/share\/opencode/)
    }).pipe(Effect.provide(layer)))

  it.scoped("reads lines of any length and end, and no more than were there at the beginning", () =>
    Effect.gen(function*() {
      const { keep } = yield* machine
      const long = "x".repeat(700_000)
      const text = `\ufeff{"a":1}\r\n\n  \n{"b":"${long}ü"}\n{broken\n${JSON.stringify([long])}`
      const path = yield* keep("lines.jsonl", text)
      const size = Buffer.byteLength(text)
      yield* put(path, `${text}\n{"later":true}\n`)
      const read = [...jsonLines(path, size)]
      assert.deepStrictEqual(read, [{ a: 1 }, { b: `${long}ü` }, undefined, [long]])
    }).pipe(Effect.provide(layer)))
})
