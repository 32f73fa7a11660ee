import { assert, describe, it } from "@effect/vitest"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import { randomUUID } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, realpathSync } from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Secrets from "../../../src/auth/Secrets.ts"
import * as McpClients from "../../../src/node/mcp/McpClients.ts"
import * as Usage from "../../../src/responses/Usage.ts"
import * as Elicitation from "../../../src/tools/mcp/Elicitation.ts"
import type * as McpServers from "../../../src/tools/mcp/McpServers.ts"
import type { Budget } from "../../../src/tools/Tool.ts"
import type { ToolResult } from "../../../src/tools/ToolExecutor.ts"
import * as ToolExecutor from "../../../src/tools/ToolExecutor.ts"
import { eventually, isAlive, platform } from "../../cli/support.ts"

/** The tools of one server, as an agent has them. */
const agentWith = Effect.fnUntraced(function*(
  server: McpServers.Server,
  person: McpClients.Options["person"] = {},
  within?: McpClients.Options["within"]
) {
  const { toolkit } = yield* McpClients.make(
    [{ name: "one", source: "user", from: "config.json", server: Either.right(server) }],
    { folder: tmpdir(), person, within }
  ).pipe(Effect.provide(platform))
  const { access, declarations, execute } = yield* ToolExecutor.make(toolkit)
  const callOf = (name: string, args: object = {}) => ({
    type: "function_call" as const,
    call_id: "c",
    name,
    arguments: JSON.stringify(args)
  })
  return {
    names: Effect.map(declarations, (all) => all.map(({ name }) => String(name))),
    access: (name: string) => access(callOf(name)),
    call: (
      name: string,
      args: object = {},
      progress?: (text: string) => Effect.Effect<void>,
      agreed?: string | undefined,
      budget?: Budget
    ) =>
      execute(callOf(name, args), {
        budget,
        callId: "c",
        sessionId: "s",
        progress: progress ?? (() => Effect.void),
        agreed
      })
  }
})

const text = ({ output }: ToolResult): string =>
  typeof output === "string" ? output : output.map((part) => String(part["text"])).join("\n")

/** The SDK's own server, with a tool and something to read. */
const serve = (transport: Transport) => {
  const server = new McpServer({ name: "test", version: "1" })
  server.registerTool("hello", { description: "Says hello" }, () => ({ content: [{ type: "text", text: "hello" }] }))
  server.registerResource("note", "note://a", {}, () => ({ contents: [{ uri: "note://a", text: "a note" }] }))
  return server.connect(transport)
}

const listening = (handler: Http.RequestListener) =>
  Effect.acquireRelease(
    Effect.async<{ readonly server: Http.Server; readonly url: string }>((resume) => {
      const server = Http.createServer(handler)
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ server, url: `http://127.0.0.1:${port}/mcp` }))
      })
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const bodyOf = async (request: Http.IncomingMessage): Promise<unknown> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

describe("A server over HTTP", () => {
  it.scopedLive("gets its headers, is read, and is begun anew when it has forgotten the session", () =>
    Effect.gen(function*() {
      const sessions = new Map<string, StreamableHTTPServerTransport>()
      const tokens = new Set<string | undefined>()
      let begun = 0
      const { url } = yield* listening(async (request, response) => {
        tokens.add(request.headers.authorization)
        const id = request.headers["mcp-session-id"]
        const known = typeof id === "string" ? sessions.get(id) : undefined
        if (known === undefined && id !== undefined) {
          response.writeHead(404).end()
          return
        }
        const transport = known ?? new StreamableHTTPServerTransport({
          sessionIdGenerator: randomUUID,
          onsessioninitialized: (id) => {
            begun++
            sessions.set(id, transport)
          }
        })
        if (known === undefined) await serve(transport as Transport)
        await transport.handleRequest(request, response, await bodyOf(request))
      })
      const { call, names } = yield* agentWith({ url, headers: { authorization: "Bearer of-the-test" } })
      assert.deepStrictEqual(yield* names, ["mcp__one__hello", "mcp__one__list_resources", "mcp__one__read_resource"])
      assert.strictEqual(text(yield* call("mcp__one__hello")), "hello")
      assert.include(text(yield* call("mcp__one__list_resources")), "note://a")
      assert.strictEqual(text(yield* call("mcp__one__read_resource", { uri: "note://a" })), "[note://a]\na note")
      assert.match(text(yield* call("mcp__one__read_resource", { uri: "note://b" })), /^The server one answered: /)
      sessions.clear()
      const both = yield* Effect.all([call("mcp__one__hello"), call("mcp__one__hello")], { concurrency: "unbounded" })
      assert.deepStrictEqual(both.map(text), ["hello", "hello"])
      assert.strictEqual(begun, 2)
      assert.deepStrictEqual([...tokens], ["Bearer of-the-test"])
    }))

  it.scopedLive("may know only the older way, by events", () =>
    Effect.gen(function*() {
      let transport: SSEServerTransport | undefined
      const { url } = yield* listening(async (request, response) => {
        if (request.method === "POST" && request.url?.startsWith("/post")) {
          await transport?.handlePostMessage(request, response, await bodyOf(request))
        } else if (request.method === "GET") {
          transport = new SSEServerTransport("/post", response)
          await serve(transport)
        } else response.writeHead(405).end()
      })
      const { call, names } = yield* agentWith({ url })
      assert.include(yield* names, "mcp__one__hello")
      assert.strictEqual(text(yield* call("mcp__one__hello")), "hello")
    }))

  for (
    const [what, status, type, expected] of [
      ["wants a token", 401, "text/plain", "it wants a token (401)"],
      ["is a web page", 200, "text/html", "what is there is no MCP server"],
      ["fails", 500, "text/plain", "it answered 500"]
    ] as const
  ) {
    it.scopedLive(`that ${what} is told as such`, () =>
      Effect.gen(function*() {
        const { url } = yield* listening((_, response) =>
          response.writeHead(status, { "content-type": type }).end("<p>")
        )
        const server = { url, required: true }
        assert.include((yield* Effect.flip(Effect.asVoid(agentWith(server)))).message, expected)
      }))
  }
})

/** The least that a server over HTTP has to say, and what it answers to a call. */
const minimal = (onCall: (response: Http.ServerResponse, id: unknown) => void, seen: Array<string> = []) =>
  listening(async (request, response) => {
    const { id, method = request.method }: { readonly id?: number; readonly method?: string } =
      await bodyOf(request) as object ?? {}
    seen.push(method ?? "")
    const say = (result: object) =>
      response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "s" }).end(
        JSON.stringify({ jsonrpc: "2.0", id, result })
      )
    switch (method) {
      case "initialize":
        return say({
          protocolVersion: "2025-06-18",
          capabilities: { tools: {} },
          serverInfo: { name: "minimal", version: "1" }
        })
      case "tools/list":
        return say({ tools: [{ name: "hello", inputSchema: { type: "object" } }] })
      case "tools/call":
        return onCall(response, id)
      default:
        return response.writeHead(request.method === "POST" ? 202 : 405).end()
    }
  })

describe("A call over HTTP", () => {
  for (const status of [400, 408, 409, 429]) {
    it.scopedLive(`that is answered with ${status} is not made again`, () =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const { url } = yield* minimal((response) => response.writeHead(status).end("no, HTTP 404"), seen)
        const { call } = yield* agentWith({ url })
        assert.strictEqual(
          text(yield* call("mcp__one__hello")),
          `The server one cannot be reached: it answered ${status}`
        )
        assert.deepStrictEqual(seen.filter((method) => /initialize$|call/.test(method)), ["initialize", "tools/call"])
      }))
  }

  it.scopedLive("whose answer is an event too large, in many lines, ends at once", () =>
    Effect.gen(function*() {
      const { url } = yield* minimal((response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).on("error", () => {})
        const line = `data: ${"x".repeat(1024 * 1024)}\n`
        const write = (left: number): void => {
          if (left > 0 && !response.destroyed) response.write(line, () => write(left - 1))
        }
        write(20)
      })
      const { call } = yield* agentWith({ url })
      assert.include(text(yield* call("mcp__one__hello")), "sent more than 16 MB at once")
    }))

  it.live("is of a session that is ended with the agent", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const { url } = yield* minimal(() => {}, seen)
      yield* Effect.scoped(Effect.flatMap(agentWith({ url }), ({ names }) => names))
      assert.include(seen, "DELETE")
    }).pipe(Effect.scoped))
})

const odd = fileURLToPath(new URL("../../cli/mcpServer.mjs", import.meta.url))

describe("A call that is stopped", () => {
  for (const [behaviour, what] of [["busy", "goes on with it"], ["hanging", "answers nothing more"]] as const) {
    it.scopedLive(`stops a program that ${what}`, () =>
      Effect.gen(function*() {
        const file = join(tmpdir(), `effixir-test-${process.pid}-${behaviour}.pid`)
        const { call, names } = yield* agentWith({ command: process.execPath, args: [odd, behaviour, file] })
        yield* names
        const isRunning = yield* Deferred.make<void>()
        const calling = yield* Effect.fork(
          call("mcp__one__echo", {}, () => Effect.asVoid(Deferred.succeed(isRunning, undefined)))
        )
        yield* behaviour === "busy" ? Deferred.await(isRunning) : Effect.sleep("200 millis")
        assert.isTrue(existsSync(file))
        const pid = Number(readFileSync(file, "utf8"))
        yield* Fiber.interrupt(calling)
        yield* eventually("the program is gone", () => !isAlive(pid))
        // It is there again when it is needed.
        yield* Effect.fork(call("mcp__one__echo"))
        yield* eventually("another one has started", () => Number(readFileSync(file, "utf8")) !== pid)
      }))
  }
}, 30_000)

const everything = fileURLToPath(
  new URL("../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js", import.meta.url)
)

const filesystem = fileURLToPath(
  new URL("../../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js", import.meta.url)
)

describe("A program", () => {
  it.scopedLive("hears which folder the agent works in where it may, and else keeps what it was given", () =>
    Effect.gen(function*() {
      const given = mkdtempSync(join(tmpdir(), "effixir-test-"))
      const folders = Effect.fnUntraced(function*(more: object) {
        const { call } = yield* agentWith({ command: process.execPath, args: [filesystem, given], ...more })
        return Effect.map(call("mcp__one__list_allowed_directories"), (result) => text(result).split("\n").slice(1))
      })
      const told = yield* folders({ roots: true })
      // It asks for the folder when it is ready, and may answer a call before it knows.
      let shown: ReadonlyArray<string> = []
      while (!shown.includes(realpathSync(tmpdir()))) shown = yield* told
      assert.notInclude(shown, realpathSync(given))
      assert.deepStrictEqual(yield* yield* folders({}), [realpathSync(given)])
    }))

  it.scopedLive("has its variables in the sandbox alone, and none of them in a command line", () =>
    Effect.gen(function*() {
      const folder = mkdtempSync(join(tmpdir(), "effixir-test-"))
      const [outside, line] = [join(folder, "environment"), join(folder, "line")]
      const value = "$HOME `id` \"x\"\n'y'"
      const { call } = yield* agentWith(
        {
          command: process.execPath,
          args: [odd],
          env: { GCONV_PATH: "/evil", "not;a name": "x", SECRET_OF_OURS: value }
        },
        {},
        () => Effect.succeed(["/bin/sh", "-c", `env > ${outside}; echo "$*" > ${line}; exec "$@"`, "sh"])
      )
      assert.strictEqual(JSON.parse(text(yield* call("mcp__one__echo"))).env, value)
      assert.match(readFileSync(outside, "utf8"), /^PATH=/m)
      assert.notMatch(readFileSync(outside, "utf8"), /^(?:GCONV_PATH|SECRET_OF_OURS)=/m)
      assert.notMatch(readFileSync(line, "utf8"), /evil|HOME/)
    }))

  it.scopedLive("may write where npx keeps packages only if a person's own entry names npx, and not as a file", () =>
    Effect.gen(function*() {
      const home = mkdtempSync(join(tmpdir(), "effixir-test-"))
      const before = process.env["HOME"]
      yield* Effect.acquireRelease(
        Effect.sync(() => process.env["HOME"] = home),
        () => Effect.sync(() => process.env["HOME"] = before)
      )
      const granted: Array<readonly [source: string, folders: ReadonlyArray<string>]> = []
      for (const [source, command] of [["project", "npx"], ["user", "./npx"], ["user", "npx"]] as const) {
        const server = Either.right({ command, args: ["--version"] })
        const { servers } = yield* McpClients.make([{ name: "one", source, from: "f", server }], {
          folder: tmpdir(),
          within: (folders) => Effect.sync(() => (granted.push([`${source} ${command}`, folders]), []))
        }).pipe(Effect.provide(platform))
        yield* Effect.forEach(servers, ({ state }) => state)
        assert.strictEqual(existsSync(join(home, ".npm")), source === "user" && command === "npx")
      }
      assert.deepStrictEqual(granted, [
        ["project npx", []],
        ["user ./npx", []],
        ["user npx", [join(home, ".npm"), join(home, ".cache")]]
      ])
    }))

  it.scopedLive("that has come back with another tool does not run it on an approval of the first", () =>
    Effect.gen(function*() {
      const { access, call, names } = yield* agentWith({ command: process.execPath, args: [odd, "reborn"] })
      yield* names
      const approved = yield* access("mcp__one__echo")
      const agreed = "version" in approved ? approved.version : undefined
      assert.isDefined(agreed)
      const run = Effect.map(call("mcp__one__echo", {}, undefined, agreed), text)
      assert.include(yield* run, "The connection to the server one was lost")
      assert.include(yield* run, "has changed since the call was approved")
    }))

  it.scopedLive("has secrets that are cut out of all output, and words that are none", () =>
    Effect.gen(function*() {
      const { names } = yield* agentWith({
        command: process.execPath,
        args: [odd],
        env: { DATABASE_PASSWORD: "literal-secret", MODE: "nothing-secret", DB: { env: "OF_A_VARIABLE" } }
      })
      yield* names
      const { url } = yield* minimal(() => {})
      yield* (yield* agentWith({
        url,
        headers: { "Accept-Language": "application/json", Authorization: "Bearer of-the-header" }
      })).names
      const { hide, isOwnIn } = yield* Secrets.Secrets
      assert.strictEqual(
        hide("literal-secret nothing-secret of-a-variable application/json of-the-header"),
        "… nothing-secret … application/json …"
      )
      assert.isFalse(isOwnIn("literal-secret"))
    }).pipe(
      Effect.provide(Secrets.layer),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["OF_A_VARIABLE", "of-a-variable"]])))
    ))

  for (
    const [what, server, expected] of [
      ["is missing", { command: "/nowhere/at-all" }, "the program /nowhere/at-all is not there"],
      ["dies at once", { command: process.execPath, args: [odd, "dead"] }, "it said: the database is not there"],
      ["has a name that no program can have", { command: "a\0b" }, "could not be started"]
    ] as const
  ) {
    it.scopedLive(`that ${what} is told as such`, () =>
      Effect.gen(function*() {
        assert.include((yield* Effect.flip(Effect.asVoid(agentWith({ ...server, required: true })))).message, expected)
      }))
  }
}, 30_000)

describe("A server that asks the person", () => {
  const behaving = (behaviour: string, ...more: ReadonlyArray<string>) => ({
    command: process.execPath,
    args: [odd, behaviour, ...more]
  })
  const asked = Effect.fnUntraced(function*(behaviour: string, person: McpClients.Options["person"] = {}) {
    const { call } = yield* agentWith(behaving(behaviour), person)
    return text(yield* call("mcp__one__echo"))
  })

  it.scopedLive("is told that nobody is there, and no for an answer if it asks all the same", () =>
    Effect.gen(function*() {
      const nobody = JSON.stringify({ can: null, answer: { action: "decline" } })
      assert.strictEqual(yield* asked("asking"), nobody)
      assert.strictEqual(yield* asked("leading"), nobody)
      // Who fills in forms need not open pages.
      assert.match(
        yield* asked("leading", { fill: () => Effect.succeed(Elicitation.decline) }),
        /"can":\{"form":\{\}\}/
      )
    }))

  it.scopedLive("gets the answer, and none that does not fit its form", () =>
    Effect.gen(function*() {
      const answering = (content: object) => ({
        fill: () => Effect.succeed({ _tag: "Accept", content: { ...content } } as const)
      })
      assert.strictEqual(
        yield* asked("asking", answering({ city: "Oslo", days: 3 })),
        JSON.stringify({ can: { form: {} }, answer: { action: "accept", content: { city: "Oslo", days: 3 } } })
      )
      assert.match(
        yield* asked("asking", answering({ city: "Oslo", days: 30 })),
        /"code":-32602,"message":"[^"]*The answer does not fit: the field \\"days\\" wants a whole number from 1 to 14/
      )
      assert.match(yield* asked("asking", { fill: () => Effect.succeed(Elicitation.cancel) }), /"action":"cancel"/)
    }))

  it.scopedLive("waits as long as the person thinks, and asks nothing when no call runs", () =>
    Effect.gen(function*() {
      const file = join(mkdtempSync(join(tmpdir(), "effixir-test-")), "answer")
      const fill = () => Effect.as(Effect.sleep("1500 millis"), { _tag: "Accept", content: { city: "Oslo" } } as const)
      const slow = yield* agentWith({ ...behaving("asking"), tool_timeout: 0.5 }, { fill })
      assert.include(text(yield* slow.call("mcp__one__echo")), "Oslo")
      const late = yield* agentWith(behaving("asking late", file), { fill: () => Effect.dieMessage("asked") })
      assert.strictEqual(text(yield* late.call("mcp__one__echo")), "said")
      yield* eventually("the answer to what was asked late", () => existsSync(file))
      assert.strictEqual(readFileSync(file, "utf8"), JSON.stringify({ action: "decline" }))
    }))

  it.scopedLive("asks only so often in a call, and not again when the person has gone away", () =>
    Effect.gen(function*() {
      let shown = 0
      const answering = (answer: Elicitation.Answer) => ({
        fill: () =>
          Effect.sync(() => {
            shown++
            return answer
          })
      })
      const { call } = yield* agentWith(behaving("asking on"), answering(Elicitation.decline))
      yield* call("mcp__one__echo")
      assert.strictEqual(shown, 5)
      yield* call("mcp__one__echo")
      assert.strictEqual(shown, 10)
      shown = 0
      assert.strictEqual(
        yield* asked("asking on", answering(Elicitation.cancel)),
        "cancel decline decline decline decline decline decline"
      )
      assert.strictEqual(shown, 1)
    }))

  it.scopedLive("asks nothing while it lists what it has", () =>
    Effect.gen(function*() {
      const { names } = yield* agentWith(behaving("asking in lists"), { fill: () => Effect.dieMessage("asked") })
      assert.deepStrictEqual(yield* names, ["mcp__one__echo"])
    }))

  it.scopedLive("has the person go to a page, also before it does anything", () =>
    Effect.gen(function*() {
      const pages: Array<Elicitation.Page> = []
      const visit = (answer: Elicitation.Answer) => (page: Elicitation.Page) =>
        Effect.sync(() => {
          pages.push(page)
          return answer
        })
      assert.strictEqual(
        yield* asked("leading", { visit: visit(Elicitation.visited) }),
        JSON.stringify({ can: { url: {} }, answer: { action: "accept" } })
      )
      assert.deepStrictEqual(pages.map(({ host }) => host), ["evil.example"])
      assert.match(
        yield* asked("wanting", { visit: visit(Elicitation.visited) }),
        /has opened the page .* call it again/
      )
      assert.strictEqual(
        yield* asked("wanting", { visit: visit(Elicitation.decline) }),
        "The server one answered: Sign in first"
      )
    }))

  it.scopedLive("has the model answer only where it may, after a yes to all that the model gets, and so often", () =>
    Effect.gen(function*() {
      const server = { command: process.execPath, args: [everything, "stdio"] }
      const asked: Array<Elicitation.Form> = []
      const spent: Array<number> = []
      let answer: Elicitation.Answer = Elicitation.visited
      const person: McpClients.Options["person"] = {
        fill: (form) =>
          Effect.sync(() => {
            asked.push(form)
            return answer
          }),
        sample: ({ input, instructions, room }) =>
          Effect.succeed({
            model: "gpt-5.5",
            text: `${instructions} ${JSON.stringify(input)} ${room}`,
            isCut: false,
            usage: { ...Usage.zero, inputTokens: 7 }
          })
      }
      const tool = "mcp__one__trigger-sampling-request"
      assert.notInclude(yield* (yield* agentWith(server, person)).names, tool)
      const { call, names } = yield* agentWith({ ...server, sampling: true }, person)
      assert.include(yield* names, tool)
      const budget = {
        left: Effect.succeed({ tokens: 1, cost: 1 }),
        spend: ({ inputTokens }: Usage.Usage) => Effect.sync(() => void spent.push(inputTokens))
      }
      const sample = call(tool, { prompt: "What is tea?", maxTokens: 10 }, undefined, undefined, budget)
      const said = text(yield* sample)
      assert.include(said, "You are a helpful test server.")
      assert.include(said, "What is tea?")
      assert.include(said, " 40\"")
      assert.match(
        asked[0]?.message ?? "",
        /\[instructions\] You are a helpful test server\.\n\[user\] .*What is tea\?/
      )
      assert.deepStrictEqual(spent, [7])
      answer = Elicitation.decline
      assert.include(text(yield* sample), "The model is not asked: the user has said no")
      answer = Elicitation.visited
      const used = { ...budget, left: Effect.succeed({ tokens: 0, cost: 1 }) }
      assert.include(
        text(yield* call(tool, { prompt: "x", maxTokens: 10 }, undefined, undefined, used)),
        "the run has used up its limits"
      )
      assert.lengthOf(spent, 1)
      const often = yield* agentWith({ ...behaving("sampling"), sampling: true }, person)
      const answers = text(yield* often.call("mcp__one__echo")).split("; ")
      assert.lengthOf(answers.filter((text) => text.includes("What is tea?")), 5)
      assert.include(answers.at(-1), "no more than 5 in a call")
    }))

  it.scopedLive("may be a real one", () =>
    Effect.gen(function*() {
      const forms: Array<Elicitation.Form> = []
      const { call, names } = yield* agentWith({ command: process.execPath, args: [everything, "stdio"] }, {
        fill: (form) =>
          Effect.sync(() => {
            forms.push(form)
            return { _tag: "Accept", content: { name: "Kari", check: true, integer: 3 } } as const
          })
      })
      assert.include(yield* names, "mcp__one__trigger-elicitation-request")
      assert.match(text(yield* call("mcp__one__trigger-elicitation-request")), /Kari/)
      assert.isAbove(forms[0]?.fields.length ?? 0, 10)
      const alone = yield* agentWith({ command: process.execPath, args: [everything, "stdio"] })
      assert.notInclude(yield* alone.names, "mcp__one__trigger-elicitation-request")
    }))
}, 60_000)
