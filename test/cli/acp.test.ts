import * as Acp from "@agentclientprotocol/sdk"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import * as NodeSandbox from "../../src/node/sandbox/NodeSandbox.ts"
import * as Script from "../../src/testing/Script.ts"
import { outside as folderOutside } from "../outside.ts"
import { eventually, machine, platform } from "./support.ts"

const isSandboxThere = Either.isRight(await Effect.runPromise(NodeSandbox.find))

type Machine = Effect.Effect.Success<ReturnType<typeof machine>>

/** An editor that is connected with the program, and what it has heard. */
const connect = Effect.fnUntraced(function*(
  { start }: Machine,
  options: {
    readonly args?: ReadonlyArray<string>
    readonly answer?: (request: Acp.RequestPermissionRequest) => Acp.RequestPermissionOutcome
    readonly capabilities?: Acp.ClientCapabilities
    readonly lends?: (client: ReturnType<typeof Acp.client>) => ReturnType<typeof Acp.client>
  } = {}
) {
  const { child, result } = yield* start(["acp", ...options.args ?? []], { stdin: null })
  const updates: Array<Acp.SessionUpdate> = []
  const questions: Array<Acp.RequestPermissionRequest> = []
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) return yield* Effect.dieMessage("no pipes")
  const raw = new ReadableStream<Uint8Array>({
    start: (controller) => {
      stdout.on("data", (text: string) => controller.enqueue(new TextEncoder().encode(text)))
      stdout.once("end", () => controller.close())
    },
    cancel: () => void stdout.removeAllListeners()
  })
  const { lends = (client) => client } = options
  const { agent } = lends(Acp.client({ name: "editor" }))
    .onNotification(Acp.methods.client.session.update, ({ params }) => void updates.push(params.update))
    .onRequest(Acp.methods.client.session.requestPermission, ({ params }) => {
      questions.push(params)
      return { outcome: options.answer?.(params) ?? { outcome: "selected", optionId: "once" } }
    })
    .connect(Acp.ndJsonStream(Writable.toWeb(stdin), raw))
  const initialized = yield* Effect.promise(() =>
    agent.request(Acp.methods.agent.initialize, {
      protocolVersion: Acp.PROTOCOL_VERSION,
      clientCapabilities: options.capabilities ?? {}
    })
  )
  return { agent, initialized, updates, questions, result, leave: Effect.sync(() => void stdin.end()) }
})

const mcpServer = fileURLToPath(new URL("mcpServer.mjs", import.meta.url))

const text = (updates: ReadonlyArray<Acp.SessionUpdate>, kind: Acp.SessionUpdate["sessionUpdate"]): string =>
  updates.flatMap((update) =>
    update.sessionUpdate === kind && "content" in update && update.content !== null && "text" in update.content
      ? [update.content.text]
      : []
  ).join("")

/** An editor with files that are not saved yet, and terminals. */
const lending = () => {
  const unsaved = new Map<string, string>()
  const asked: Array<string> = []
  const terminals = new Map<
    string,
    { readonly child: ChildProcess; output: string; readonly exit: Promise<number | null> }
  >()
  const { fs, terminal } = Acp.methods.client
  const lends = (client: ReturnType<typeof Acp.client>) =>
    client
      .onRequest(fs.readTextFile, ({ params: { path } }) => {
        asked.push(`read ${path}`)
        const content = unsaved.get(path)
        if (content === undefined) throw new Acp.RequestError(-32603, "not of this project")
        return { content }
      })
      .onRequest(fs.writeTextFile, ({ params: { content, path } }) => {
        asked.push(`write ${path}`)
        unsaved.set(path, content)
        writeFileSync(path, content)
        return {}
      })
      .onRequest(terminal.create, ({ params: { args = [], command, cwd, env = [] } }) => {
        const child = spawn(command, args, {
          cwd: cwd ?? ".",
          env: {
            ...process.env,
            OPENAI_API_KEY: "sk-of-the-editor",
            ...Object.fromEntries(env.map(({ name, value }) => [name, value]))
          }
        })
        const exit = new Promise<number | null>((resolve) => child.once("close", resolve))
        const one = { child, output: "", exit }
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding("utf8").on("data", (text: string) => {
            one.output += text
          })
        }
        const terminalId = `t${terminals.size + 1}`
        asked.push(`terminal ${terminalId}`)
        terminals.set(terminalId, one)
        return { terminalId }
      })
      .onRequest(terminal.output, ({ params: { terminalId } }) => {
        const { child, output } = terminals.get(terminalId) ?? { child: undefined, output: "" }
        return { output, truncated: false, exitStatus: child?.exitCode == null ? null : { exitCode: child.exitCode } }
      })
      .onRequest(terminal.waitForExit, async ({ params: { terminalId } }) => {
        const exitCode = await terminals.get(terminalId)?.exit ?? null
        return exitCode === null ? { signal: "SIGKILL" } : { exitCode }
      })
      .onRequest(terminal.kill, ({ params: { terminalId } }) => {
        terminals.get(terminalId)?.child.kill("SIGKILL")
        return {}
      })
      .onRequest(terminal.release, ({ params: { terminalId } }) => {
        asked.push(`release ${terminalId}`)
        return {}
      })
  return { unsaved, asked, terminals, lends }
}

describe("effixir acp", () => {
  it.scopedLive("works with the files and the terminals that an editor lends, and with its own where that refuses", () =>
    Effect.gen(function*() {
      const all = yield* machine(Script.fromTurns([
        Script.answer(Script.call("read", { path: "draft.txt" }), Script.call("read", { path: "other.txt" })),
        Script.answer(Script.call("write", { path: "draft.txt", content: "changed\n" })),
        Script.answer(
          Script.call("bash", {
            command: "echo live; echo key=$OPENAI_API_KEY; until [ -e go ]; do sleep 0.05; done; echo over; exit 3"
          })
        ),
        Script.answer(Script.say("Done.")),
        Script.answer(Script.call("bash", { command: "echo $$ > pid; sleep 300" }))
      ]))
      const draft = `${all.folder}/draft.txt`
      writeFileSync(draft, "saved\n")
      writeFileSync(`${all.folder}/other.txt`, "on disk\n")
      const { asked, lends, terminals, unsaved } = lending()
      unsaved.set(draft, "unsaved\n")
      const editor = yield* connect(all, {
        capabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: true },
        lends
      })
      const { agent, updates } = editor
      const { sessionId } = yield* Effect.promise(() =>
        agent.request(Acp.methods.agent.session.new, { cwd: all.folder, mcpServers: [] })
      )
      const turn = (text: string) =>
        Effect.promise(() =>
          agent.request(Acp.methods.agent.session.prompt, { sessionId, prompt: [{ type: "text", text }] })
        )
      const running = yield* Effect.fork(turn("go"))
      const isShown = () => JSON.stringify(updates).includes("\"terminalId\":\"t1\"")
      yield* eventually(
        "the terminal is shown while it runs",
        () => isShown() && terminals.get("t1")?.output.includes("live") === true
      )
      writeFileSync(`${all.folder}/go`, "")
      assert.deepStrictEqual(yield* Fiber.join(running), { stopReason: "end_turn" })
      assert.strictEqual(readFileSync(draft, "utf8"), "changed\n")
      assert.includeMembers(asked, [`read ${draft}`, `read ${all.folder}/other.txt`, `write ${draft}`, "release t1"])
      const bodies = JSON.stringify((yield* all.simulator.requests).map(({ body }) => body))
      for (const heard of ["unsaved", "on disk", "live", "over"]) assert.include(bodies, heard)
      assert.notInclude(bodies, "sk-of-the-editor")
      const ended = updates.findLast((update) =>
        update.sessionUpdate === "tool_call_update" && update.status !== "in_progress"
      )
      assert.deepInclude(ended, { content: [{ type: "terminal", terminalId: "t1" }] })

      const stopped = yield* Effect.fork(turn("again"))
      yield* eventually("the command runs", () => existsSync(`${all.folder}/pid`))
      yield* Effect.promise(() => agent.notify(Acp.methods.agent.session.cancel, { sessionId }))
      assert.deepStrictEqual(yield* Fiber.join(stopped), { stopReason: "cancelled" })
      yield* eventually("the terminal is given back", () => asked.includes("release t2"))
      assert.isTrue(terminals.get("t2")?.child.killed)
      yield* editor.leave
      assert.strictEqual((yield* editor.result).code, 0)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("runs turns for an editor: it asks, shows calls, changes and plans, and loads what was said", () =>
    Effect.gen(function*() {
      const all = yield* machine(Script.fromTurns([
        Script.answer(
          Script.say("I shall write it."),
          Script.call("update_plan", { entries: [{ step: "Write", status: "in_progress" }] }),
          Script.call("write", { path: "note.txt", content: "one\ntwo\n" }),
          Script.call("bash", { command: "cat note.txt >> copy.txt; cat note.txt" }),
          Script.call("mcp__own__echo", { text: "from the editor" })
        ),
        Script.answer(Script.say("Done."))
      ]))
      const { folder: cwd } = all
      const editor = yield* connect(all, { args: ["--permission", "ask"] })
      assert.deepInclude(editor.initialized.agentCapabilities, {
        loadSession: true,
        promptCapabilities: { image: true, embeddedContext: true }
      })
      const { agent, questions, updates } = editor
      const servers: Array<Acp.McpServer> = [
        {
          name: "own",
          command: process.execPath,
          args: [mcpServer, "good"],
          env: [{ name: "SECRET_OF_OURS", value: "1" }]
        }
      ]
      const session = yield* Effect.promise(() =>
        agent.request(Acp.methods.agent.session.new, { cwd, mcpServers: servers })
      )
      assert.strictEqual(session.modes?.currentModeId, "ask")
      assert.deepStrictEqual(session.configOptions?.map(({ id }) => id), ["mode", "model", "effort"])
      const { sessionId } = session
      const ended = yield* Effect.promise(() =>
        agent.request(Acp.methods.agent.session.prompt, {
          sessionId,
          prompt: [
            { type: "text", text: "Write a note" },
            { type: "resource_link", name: "list.md", uri: "file:///list.md" }
          ]
        })
      )
      assert.deepStrictEqual(ended, { stopReason: "end_turn" })
      assert.deepStrictEqual(questions.map(({ toolCall }) => toolCall.kind), ["edit", "execute", "other"])
      assert.deepStrictEqual(questions[0]?.toolCall.content, [
        { type: "diff", path: `${cwd}/note.txt`, oldText: null, newText: "one\ntwo\n" }
      ])
      assert.strictEqual(questions[1]?.toolCall.title, "cat note.txt >> copy.txt; cat note.txt")
      for (const { options } of questions) assert.strictEqual(options.at(-1)?.kind, "reject_once")
      assert.isTrue(existsSync(all.file("copy.txt")))
      assert.strictEqual(text(updates, "agent_message_chunk"), "I shall write it.Done.")
      assert.deepInclude(updates, {
        sessionUpdate: "plan",
        entries: [{ content: "Write", priority: "medium", status: "in_progress" }]
      })
      const ends = updates.filter((update) =>
        update.sessionUpdate === "tool_call_update" && update.status === "completed"
      )
      assert.lengthOf(ends, 4)
      assert.include(JSON.stringify(ends), "from the editor")
      assert.include(JSON.stringify(ends[2]), "one\\ntwo")
      const usage = updates.find(({ sessionUpdate }) => sessionUpdate === "usage_update")
      assert.isDefined(usage)
      assert.isTrue(updates.some(({ sessionUpdate }) => sessionUpdate === "available_commands_update"))

      const before = updates.length
      yield* Effect.promise(() => agent.request(Acp.methods.agent.session.load, { sessionId, cwd, mcpServers: [] }))
      const replayed = updates.slice(before)
      assert.include(text(replayed, "user_message_chunk"), "Write a note[list.md](file:///list.md)")
      assert.strictEqual(text(replayed, "agent_message_chunk"), "I shall write it.Done.")
      const { sessions } = yield* Effect.promise(() => agent.request(Acp.methods.agent.session.list, { cwd }))
      assert.deepStrictEqual(sessions.map(({ sessionId }) => sessionId), [sessionId])

      yield* editor.leave
      const { code, stdout } = yield* editor.result
      assert.strictEqual(code, 0)
      for (const line of stdout.trim().split("\n")) assert.deepInclude(JSON.parse(line), { jsonrpc: "2.0" })
    }).pipe(Effect.provide(platform)))

  it.scopedLive("has an editor that can show forms of MCP servers do so", () =>
    Effect.gen(function*() {
      const asked: Array<Acp.CreateElicitationRequest> = []
      const turn = Effect.fnUntraced(
        function*(capabilities: Acp.ClientCapabilities, answer: Acp.CreateElicitationResponse) {
          const all = yield* machine(Script.fromTurns([
            Script.answer(Script.call("mcp__form__echo", {}, "c_1"), Script.call("mcp__page__echo", {}, "c_2")),
            Script.answer(Script.say("Done."))
          ]))
          const editor = yield* connect(all, {
            capabilities,
            lends: (client) =>
              client.onRequest(Acp.methods.client.elicitation.create, ({ params }) => {
                asked.push(params)
                return answer
              })
          })
          const { folder: cwd } = all
          const own = (name: string, behaviour: string): Acp.McpServer => ({
            name,
            command: process.execPath,
            args: [mcpServer, behaviour],
            env: []
          })
          const mcpServers = [own("form", "asking"), own("page", "leading")]
          const { agent } = editor
          const { sessionId } = yield* Effect.promise(() =>
            agent.request(Acp.methods.agent.session.new, { cwd, mcpServers })
          )
          yield* Effect.promise(() =>
            agent.request(Acp.methods.agent.session.prompt, { sessionId, prompt: [{ type: "text", text: "Go" }] })
          )
          yield* editor.leave
          return JSON.stringify((yield* all.simulator.requests).at(-1)?.body).replaceAll("\\", "")
        }
      )
      const accept = { action: "accept", content: { city: "Oslo" } } as const
      const heard = yield* turn({ elicitation: { form: {}, url: {} } }, accept)
      assert.include(
        heard,
        "{\"can\":{\"form\":{},\"url\":{}},\"answer\":{\"action\":\"accept\",\"content\":{\"city\":\"Oslo\"}}}"
      )
      assert.include(heard, "{\"can\":{\"form\":{},\"url\":{}},\"answer\":{\"action\":\"accept\"}}")
      assert.deepStrictEqual(asked.map(({ mode }) => mode).toSorted(), ["form", "url"])
      const form = asked.find(({ mode }) => mode === "form")
      assert.match(form?.message ?? "", /^The MCP server form asks: Where to\?/)
      assert.include(JSON.stringify(form), "\"required\":[\"city\"]")
      // Without the word of the editor nobody is there.
      assert.include(yield* turn({}, accept), "{\"can\":null,\"answer\":{\"action\":\"decline\"}}")
      assert.lengthOf(asked, 2)
      assert.match(
        yield* turn({ elicitation: { form: {} } }, { action: "accept", content: {} }),
        /does not fit: the field "city" wants a text/
      )
    }).pipe(Effect.provide(platform)))

  it.scopedLive("stops a turn when the editor says so, in a question or in the middle, and goes on with the next", () =>
    Effect.gen(function*() {
      const all = yield* machine(Script.fromTurns([
        Script.answer(Script.call("bash", { command: "touch a" })),
        Script.answer(Script.call("bash", { command: "ls; sleep 600" })),
        Script.answer(Script.say("Hello!"))
      ]))
      const cwd = all.folder
      let isCancelling = true
      const editor = yield* connect(all, {
        args: ["--permission", "ask"],
        answer: () => isCancelling ? { outcome: "cancelled" } : { outcome: "selected", optionId: "always command" }
      })
      const { agent, updates } = editor
      const { sessionId } = yield* Effect.promise(() =>
        agent.request(Acp.methods.agent.session.new, { cwd, mcpServers: [] })
      )
      const prompt = (text: string, signal?: AbortSignal) =>
        Effect.tryPromise({
          try: () =>
            agent.request(
              Acp.methods.agent.session.prompt,
              { sessionId, prompt: [{ type: "text", text }] },
              signal === undefined ? {} : { cancellationSignal: signal }
            ),
          catch: (error) => error as Acp.RequestError
        })
      assert.deepStrictEqual(yield* prompt("One"), { stopReason: "cancelled" })
      assert.isFalse(existsSync(all.file("a")))
      assert.deepInclude(updates.findLast(({ sessionUpdate }) => sessionUpdate === "tool_call_update"), {
        status: "failed"
      })

      isCancelling = false
      const second = yield* Effect.fork(prompt("Two"))
      yield* eventually(
        "the command runs",
        () => updates.some((update) => update.sessionUpdate === "tool_call_update" && update.status === "in_progress")
      )
      const refused = yield* Effect.flip(prompt("Three"))
      assert.strictEqual(refused.code, -32602)
      assert.include(refused.message, "A turn of this session is running")
      yield* Effect.promise(() => agent.notify(Acp.methods.agent.session.cancel, { sessionId }))
      assert.deepStrictEqual(yield* Fiber.join(second), { stopReason: "cancelled" })

      // What was left unfinished is told to the model with the next prompt.
      assert.deepStrictEqual(yield* prompt("Four"), { stopReason: "end_turn" })
      assert.strictEqual(text(updates, "agent_message_chunk"), "Hello!")
      const aborted = yield* Effect.flip(prompt("Five", AbortSignal.abort()))
      assert.strictEqual(aborted.code, -32800)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("changes what the next turn is asked with, and looks after sessions", () =>
    Effect.gen(function*() {
      const all = yield* machine(() => Script.answer(Script.say("Hello!")))
      const cwd = all.folder
      const { agent } = yield* connect(all)
      const request = <A>(ask: () => Promise<A>) =>
        Effect.tryPromise({ try: ask, catch: (error) => error as Acp.RequestError })
      const { session } = Acp.methods.agent
      const { configOptions, sessionId } = yield* request(() => agent.request(session.new, { cwd, mcpServers: [] }))
      const models = configOptions?.find(({ id }) => id === "model")
      const other = models?.type === "select" && "value" in (models.options[1] ?? {}) ? models.options[1] : undefined
      const value = other !== undefined && "value" in other ? other.value : ""
      yield* request(() => agent.request(session.setConfigOption, { sessionId, configId: "model", value }))
      yield* request(() => agent.request(session.setConfigOption, { sessionId, configId: "effort", value: "high" }))
      yield* request(() => agent.request(session.setMode, { sessionId, modeId: "read-only" }))
      const unknown = yield* Effect.flip(request(() => agent.request(session.setMode, { sessionId, modeId: "yolo" })))
      assert.strictEqual(unknown.message, "There is no mode \"yolo\" (there are auto, ask, read-only)")
      yield* request(() => agent.request(session.prompt, { sessionId, prompt: [{ type: "text", text: "Hello?" }] }))
      const [asked] = yield* all.simulator.requests
      assert.deepInclude(asked?.body, { model: value })
      assert.deepInclude(Object(asked?.body).reasoning, { effort: "high" })

      const fork = yield* request(() =>
        agent.request<Acp.NewSessionResponse>("session/fork", { sessionId, cwd, mcpServers: [] })
      )
      assert.notStrictEqual(fork.sessionId, sessionId)
      const forked = yield* request(() =>
        agent.request(session.prompt, { sessionId: fork.sessionId, prompt: [{ type: "text", text: "And?" }] })
      )
      assert.strictEqual(forked.stopReason, "end_turn")
      yield* request(() => agent.request(session.close, { sessionId: fork.sessionId }))
      yield* request(() => agent.request(session.delete, { sessionId: fork.sessionId }))
      const { sessions } = yield* request(() => agent.request(session.list, {}))
      assert.deepStrictEqual(sessions.map(({ sessionId }) => sessionId), [sessionId])
      const gone = yield* Effect.flip(
        request(() => agent.request(session.load, { sessionId: fork.sessionId, cwd, mcpServers: [] }))
      )
      assert.strictEqual(gone.code, -32002)
      const relative = yield* Effect.flip(request(() => agent.request(session.new, { cwd: "work", mcpServers: [] })))
      assert.strictEqual(relative.message, "cwd must be an absolute path, and is \"work\"")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("tells who is not signed in what to do, and of a plan that is used up when it can be used again", () =>
    Effect.gen(function*() {
      const nobody = yield* machine(() => Script.answer(Script.say("Hello!")), { signedIn: false })
      const stranger = yield* connect(nobody, { capabilities: { auth: { terminal: true } } })
      assert.deepInclude(stranger.initialized.authMethods?.[0], { type: "terminal", args: ["login"] })
      const refused = yield* Effect.flip(Effect.tryPromise({
        try: () => stranger.agent.request(Acp.methods.agent.session.new, { cwd: nobody.folder, mcpServers: [] }),
        catch: (error) => error as Acp.RequestError
      }))
      assert.strictEqual(refused.code, -32000)
      assert.include(refused.message, "effixir login")

      const all = yield* machine(() =>
        Script.refuse(429, { error: { type: "usage_limit_reached", message: "No more.", resets_at: 2e9 } })
      )
      const { agent } = yield* connect(all)
      const { sessionId } = yield* Effect.promise(() =>
        agent.request(Acp.methods.agent.session.new, { cwd: all.folder, mcpServers: [] })
      )
      const failed = yield* Effect.flip(Effect.tryPromise({
        try: () =>
          agent.request(Acp.methods.agent.session.prompt, { sessionId, prompt: [{ type: "text", text: "Hello?" }] }),
        catch: (error) => error as Acp.RequestError
      }))
      assert.strictEqual(failed.code, -32603)
      assert.deepInclude(failed.data, { kind: "UsageLimitReached", details: failed.message })
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(isSandboxThere)(
    "asks to let a command write what its sandbox has refused",
    () =>
      Effect.gen(function*() {
        const outside = yield* folderOutside
        const command = `echo in > ${outside}/a`
        const all = yield* machine(Script.fromTurns([
          Script.answer(Script.call("bash", { command })),
          Script.answer(Script.say("Done."))
        ]))
        const editor = yield* connect(all, { args: ["--sandbox", "workspace-write"] })
        const { sessionId } = yield* Effect.promise(() =>
          editor.agent.request(Acp.methods.agent.session.new, { cwd: all.folder, mcpServers: [] })
        )
        yield* Effect.promise(() =>
          editor.agent.request(Acp.methods.agent.session.prompt, { sessionId, prompt: [{ type: "text", text: "Go" }] })
        )
        const [question] = editor.questions
        assert.include(
          JSON.stringify(question?.toolCall.content),
          `${command}\\n(again from its start, and it may then write ${outside})`
        )
        assert.deepStrictEqual(question?.options.map(({ name }) => name), [
          "Yes, this once",
          `Always in this session: writing of any command in ${outside}`,
          "No"
        ])
        assert.isTrue(existsSync(`${outside}/a`))
        yield* editor.leave
      }).pipe(Effect.provide(platform))
  )
})
