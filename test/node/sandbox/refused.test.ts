import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { userInfo } from "node:os"
import { Agent } from "../../../src/agent/Agent.ts"
import type { AgentEvent } from "../../../src/agent/AgentEvent.ts"
import * as NodeAgent from "../../../src/node/NodeAgent.ts"
import * as NodeSandbox from "../../../src/node/sandbox/NodeSandbox.ts"
import * as Script from "../../../src/testing/Script.ts"
import * as ScriptedResponses from "../../../src/testing/ScriptedResponses.ts"
import * as Approver from "../../../src/tools/permission/Approver.ts"
import * as Policy from "../../../src/tools/permission/Policy.ts"
import { outside as folderOutside } from "../../outside.ts"
import { layer as platform, makeFolder } from "../support.ts"

const isThere = Either.isRight(await Effect.runPromise(NodeSandbox.find))

type Options = Pick<NodeAgent.Options, "permission" | "policy"> & Omit<Approver.Asking, "ask">

/** An agent in a sandbox, a person who gives these answers, and what the model is told of each call. */
const machine = Effect.gen(function*() {
  const [home, workspace, outside] = [yield* makeFolder, yield* makeFolder, yield* folderOutside]
  const questions: Array<Approver.Question> = []
  const events: Array<AgentEvent> = []
  const go = (commands: ReadonlyArray<string>, answers: ReadonlyArray<Approver.Answer>, options: Options = {}) => {
    const { isThere = true, ...more } = options
    const left = [...answers]
    const model = ScriptedResponses.layer(Script.fromTurns([
      ...commands.map((command) => Script.answer(Script.call("bash", { command }))),
      Script.answer(Script.say("Done."))
    ]))
    const approver: Approver.Asking = {
      isThere: "isThere" in options ? options.isThere : isThere,
      ask: (question) =>
        Effect.sync(() => {
          questions.push(question)
          return Option.fromNullable(left.shift())
        })
    }
    return Effect.gen(function*() {
      const { run } = yield* Agent
      const told = Chunk.toReadonlyArray(yield* Stream.runCollect(run("s", "Go")))
      events.push(...told)
      return told.flatMap((event) => event._tag === "ToolEnded" ? [String(event.output)] : [])
    }).pipe(Effect.provide(
      NodeAgent.layer({
        workspace,
        model: "gpt-5.5",
        parts: model,
        approver,
        sandbox: { mode: "workspace-write", network: true, writable: [], isRequired: true },
        ...more
      }).pipe(Layer.provide(
        Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["EFFIXIR_HOME", home]])))
      ))
    ))
  }
  return { go, questions, events, home, workspace, outside }
})

const test = (
  name: string,
  body: (all: Effect.Effect.Success<typeof machine>) => Effect.Effect<void, unknown>
) => it.scopedLive(name, () => Effect.flatMap(machine, (all) => Effect.orDie(body(all))).pipe(Effect.provide(platform)))

describe.runIf(isThere)("a write that the sandbox has refused", () => {
  test("is asked about, and on a yes the command runs again from its start, once with that path", ({ events, go, outside, questions, workspace }) =>
    Effect.gen(function*() {
      const command = `echo run >> count.txt; echo in > ${outside}/a.txt && echo fine`
      const [first, second] = yield* go([command, command], [Approver.once, Approver.no("put it here")])
      assert.match(first ?? "", /^\[The sandbox refused the first run [^]* this once[^]*second run\.\]\nfine$/)
      assert.include(first, outside)
      assert.strictEqual(readFileSync(`${outside}/a.txt`, "utf8"), "in\n")
      assert.match(second ?? "", /\[Exit code 1\.\][^]*said no: put it here\.\]$/)
      assert.strictEqual(readFileSync(`${workspace}/count.txt`, "utf8"), "run\n".repeat(3))
      assert.lengthOf(questions, 2)
      const [question] = questions
      assert.deepStrictEqual(question?.subject, { _tag: "Command", command, workdir: undefined, writable: [outside] })
      assert.include(question?.reason, "again from its start")
      // What is there already is asked about itself.
      assert.deepStrictEqual(questions[1]?.subject, {
        _tag: "Command",
        command,
        workdir: undefined,
        writable: [`${outside}/a.txt`]
      })
      const tags = events.flatMap(({ _tag }) =>
        /^(Tool|Permission)/.test(_tag) && _tag !== "ToolProgress" ? [_tag] : []
      )
      const asked = ["ToolStarted", "PermissionRequested", "PermissionDecided", "ToolEnded"]
      assert.deepStrictEqual(tags, [...asked, ...asked])
    }))

  test("is allowed for the session by always, also when another process goes on with it", ({ go, outside, questions }) =>
    Effect.gen(function*() {
      const write = (name: string) => `echo ${name} > ${outside}/${name}`
      const first = yield* go([write("a"), write("b")], [Approver.always()])
      assert.match(first[0] ?? "", /in this session from now on/)
      assert.strictEqual(first[1], "[No output, exit code 0.]")
      const [scope] = questions[0]?.scopes ?? []
      assert.deepStrictEqual(scope?.allows, [`writing of any command in ${outside}`])
      assert.deepStrictEqual(yield* go([write("c")], []), ["[No output, exit code 0.]"])
      // What was allowed does not count where less may be done now.
      const [denied] = yield* go([write("d")], [], { permission: "read-only" })
      assert.include(denied, "not permitted")
      const policy = yield* Effect.orDie(
        Policy.fromText(JSON.stringify({ rules: [{ decision: "deny", tool: "write" }] }), "policy.json")
      )
      const [kept] = yield* go([write("e")], [], { policy })
      assert.include(kept, "Read-only file system")
      assert.lengthOf(questions, 1)
      assert.deepStrictEqual(["a", "b", "c", "d", "e"].filter((name) => existsSync(`${outside}/${name}`)), [
        "a",
        "b",
        "c"
      ])
    }))

  test("lets nothing be written through a link that has taken its place", ({ go, outside }) =>
    Effect.gen(function*() {
      const [granted, other] = [`${outside}/granted`, `${outside}/other`]
      mkdirSync(granted)
      mkdirSync(other)
      yield* go([`touch ${granted}/a`], [Approver.always()])
      rmSync(granted, { recursive: true })
      symlinkSync(other, granted)
      const [told] = yield* go([`touch ${granted}/b`], [Approver.no()])
      assert.include(told, "Read-only file system")
      assert.isFalse(existsSync(`${other}/b`))
    }))

  test("is shown by its real path, links resolved", ({ go, outside, questions }) =>
    Effect.gen(function*() {
      mkdirSync(`${outside}/real`)
      symlinkSync(`${outside}/real`, `${outside}/link`)
      yield* go([`touch ${outside}/link/deep/a 2>&1; mkdir -p ${outside}/link/deep/er`], [Approver.once])
      const { subject } = questions[0] ?? assert.fail("nothing was asked")
      assert.deepStrictEqual(subject._tag === "Command" && subject.writable, [`${outside}/real`])
      assert.isTrue(existsSync(`${outside}/real/deep/er`))
    }))

  test("keeps in a repository what git goes by, also on a yes", ({ go, outside }) =>
    Effect.gen(function*() {
      mkdirSync(`${outside}/.git/hooks`, { recursive: true })
      writeFileSync(`${outside}/.git/HEAD`, "ref: refs/heads/main\n")
      writeFileSync(`${outside}/.git/config`, "[core]\n")
      const [told] = yield* go(
        [`touch ${outside}/a || exit 1; touch ${outside}/.git/hooks/pre-commit; echo x >> ${outside}/.git/config`],
        [Approver.once]
      )
      assert.include(told, "ran again")
      assert.isTrue(existsSync(`${outside}/a`))
      assert.isFalse(existsSync(`${outside}/.git/hooks/pre-commit`))
      assert.strictEqual(readFileSync(`${outside}/.git/config`, "utf8"), "[core]\n")
    }))

  test("is not asked about where it is a secret, steers git or later runs, is the system's, or cannot be told", ({ go, home, outside, questions, workspace }) =>
    Effect.gen(function*() {
      mkdirSync(`${outside}/.git/hooks`, { recursive: true })
      mkdirSync(`${outside}/projects/one/.git`, { recursive: true })
      mkdirSync(`${workspace}/.git/hooks`, { recursive: true })
      writeFileSync(`${outside}/.env`, "")
      writeFileSync(`${outside}/server.pem`, "")
      symlinkSync(`${outside}/nowhere`, `${outside}/dangling`)
      const said = (path: string) => `echo "touch: cannot touch '${path}': Read-only file system"; exit 1`
      const commands = [
        `echo x >> ${outside}/.env`,
        `echo x >> ${outside}/server.pem`,
        `touch ${outside}/.git/x`,
        `touch ${outside}/.git/hooks/pre-commit`,
        `touch ${outside}/projects/x`,
        `touch .git/hooks/x`,
        `touch ${outside}/dangling`,
        // Of two, one may not be: it would fail again.
        `touch ${outside}/a ${outside}/.git/x`,
        `cd ${outside} && touch a`,
        ...[
          `${home}/config.json`,
          "/",
          `${userInfo().homedir}/new.txt`,
          `${userInfo().homedir}/.ssh/authorized_keys`,
          "/proc/sys/kernel/hostname",
          "/sys/x",
          "/dev/x"
        ].map(said)
      ]
      const told = yield* go(commands, [])
      for (const [at, text] of told.entries()) assert.include(text, "Read-only file system", commands[at])
      assert.deepStrictEqual(questions.map(({ text }) => text), [])
    }))

  test("is not asked about where a rule denies it, the mode changes nothing, or nobody is there", ({ events, go, outside, questions }) =>
    Effect.gen(function*() {
      const command = `touch ${outside}/a`
      const policy = yield* Effect.orDie(
        Policy.fromText(JSON.stringify({ rules: [{ decision: "deny", tool: "edit" }] }), "policy.json")
      )
      const all: ReadonlyArray<Options> = [
        { policy },
        { permission: "read-only" },
        { isThere: false },
        // Nobody knows whether a person is there, and the mode asks about nothing.
        { isThere: undefined }
      ]
      for (const options of all) yield* go([command], [Approver.once], options)
      assert.lengthOf(questions, 0)
      assert.isFalse(events.some(({ _tag }) => _tag === "PermissionRequested"))
      assert.isFalse(existsSync(`${outside}/a`))
      yield* go([command], [Approver.once, Approver.once], { isThere: undefined, permission: "ask" })
      assert.lengthOf(questions, 2)
      assert.isTrue(existsSync(`${outside}/a`))
    }))
})
