import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, eventually, isAlive, lines, machine, platform } from "./support.ts"

const serverOf = (name: string): string =>
  fileURLToPath(new URL(`../../node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, import.meta.url))

const odd = fileURLToPath(new URL("mcpServer.mjs", import.meta.url))

/** The server of this folder, which behaves as the word says. */
const behaving = (behaviour: string, ...more: ReadonlyArray<string>) => ({
  command: process.execPath,
  args: [odd, behaviour, ...more]
})

/** A machine whose config.json names these servers, and whose model calls their tools one after the other. */
const withServers = Effect.fnUntraced(function*(
  servers: object,
  calls: ReadonlyArray<readonly [name: string, args: object]> = [],
  settings: object = {}
) {
  const one = yield* machine(Script.fromTurns([
    ...calls.map(([name, args], n) => Script.answer(Script.call(name, args, `c_${n}`))),
    Script.answer(Script.say("Done."))
  ]))
  const { fs, home, path } = one
  yield* fs.writeFileString(path.join(home, "config.json"), JSON.stringify({ mcp_servers: servers, ...settings }))
  return one
})

/** What the calls of a run gave. */
const outputs = (stdout: string) =>
  lines(stdout).flatMap(({ item, type }) =>
    type === "item.completed" && item?.type === "tool_call" ? [String(item["output"])] : []
  )

/** The names of the tools in a request. */
const toolsIn = (request: { readonly body: unknown } | undefined): ReadonlyArray<string> => {
  const { tools }: { readonly tools?: unknown } = request?.body ?? {}
  return Array.isArray(tools) ? tools.map((tool: { readonly name?: string }) => String(tool.name)) : []
}

describe("MCP servers", () => {
  it.scopedLive("have tools that a run calls", () =>
    Effect.gen(function*() {
      const { folder, fs, path, run, simulator } = yield* withServers({}, [["mcp__files__list_directory", {
        path: "."
      }]])
      yield* fs.writeFileString(path.join(folder, "kept.txt"), "kept")
      const added = yield* run(["mcp", "add", "files", "--", process.execPath, serverOf("filesystem"), folder])
      assert.strictEqual(added.code, 0, added.stderr)
      const { code, stderr, stdout } = yield* run(["--json", "What is here?"])
      assert.deepStrictEqual([code, stderr, outputs(stdout)], [0, "", ["[FILE] kept.txt"]])
      assert.include(toolsIn((yield* simulator.requests)[0]), "mcp__files__write_file")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("may be odd, and the run goes on", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* withServers(
        {
          lying: behaving("lying"),
          long: behaving("long"),
          huge: behaving("huge"),
          dying: behaving("dying"),
          slow: { ...behaving("hanging"), tool_timeout: 0.5 },
          dead: behaving("dead"),
          silent: { ...behaving("silent"), startup_timeout: 1 },
          off: { ...behaving("dead"), enabled: false }
        },
        [
          ["mcp__lying__echo", { list: [1] }],
          ["mcp__long__echo", {}],
          ["mcp__huge__echo", {}],
          ["mcp__dying__echo", {}],
          ["mcp__slow__echo", {}],
          ["mcp__dying__echo", {}]
        ]
      )
      const { code, stderr, stdout } = yield* run(["--json", "Try them"])
      assert.strictEqual(code, 0, stderr)
      const [lying, long = "", huge, dying, slow, again] = outputs(stdout)
      assert.strictEqual(lying, `{"list":[1]}`)
      assert.isBelow(long.length, 60_000)
      assert.match(huge ?? "", /sent more than 16 MB at once, and was stopped/)
      assert.match(dying ?? "", /The connection to the server dying was lost/)
      assert.match(slow ?? "", /did not answer within 0.5 s/)
      assert.strictEqual(again, dying)
      assertSentence(
        stderr,
        "MCP server dead could not be started: it ended with exit code 7; it said: the database is not there",
        "MCP server silent could not be started: it was not ready within 1 s (startup_timeout)"
      )
      // Once each, and nothing else.
      assert.lengthOf(stderr.trim().split("\n"), 2, stderr)
      const requests = yield* simulator.requests
      assert.deepStrictEqual(
        toolsIn(requests[0]).filter((name) => name.startsWith("mcp__")).toSorted(),
        [
          "mcp__dying__echo",
          "mcp__huge__echo",
          "mcp__long__echo",
          "mcp__lying__echo",
          "mcp__lying__no_schema",
          "mcp__lying__wrong",
          "mcp__slow__echo"
        ]
      )
    }).pipe(Effect.provide(platform)))

  it.scopedLive("are asked again for tools that have changed", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* withServers({ one: behaving("changing") }, [["mcp__one__echo", {}]])
      const { code, stderr } = yield* run(["Go"])
      assert.strictEqual(code, 0, stderr)
      const [before, after] = (yield* simulator.requests).map(({ body }) => JSON.stringify(body))
      assert.include(before, "Says it")
      assert.include(after, "Deletes everything")
    }).pipe(Effect.provide(platform)))

  it.scopedLive("that are required have to be there", () =>
    Effect.gen(function*() {
      const { home, run, simulator } = yield* withServers({ dead: { ...behaving("dead"), required: true } })
      const { code, stderr } = yield* run(["Go"])
      assert.strictEqual(code, 2)
      assertSentence(stderr, `mcp_servers.dead in ${home}/config.json`, "the server is required", "the database is not")
      assert.lengthOf(yield* simulator.requests, 0)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a project count once it is trusted, and get no sign-in of ours", () =>
    Effect.gen(function*() {
      const { folder, fs, path, run, secrets } = yield* withServers({}, [["mcp__own__echo", { text: "a" }]])
      const { args, command } = behaving("good")
      const servers = {
        own: { command: "${NODE}", args, env: { SECRET_OF_OURS: "${NOT_SET:-none}" } },
        greedy: { command, args, env: { SECRET_OF_OURS: "${OPENAI_API_KEY}" } },
        // Other ways to the same.
        naming: { command, args, env: { SECRET_OF_OURS: { env: "OPENAI_API_KEY" } } },
        far: { url: "http://127.0.0.1:9/mcp", bearer_token_env_var: "OPENAI_${NOT_SET:-API}_KEY" },
        renamed: { url: "http://127.0.0.1:9/mcp", headers: { "X-Any": { env: "OPENAI_API_KEY" } } }
      }
      yield* fs.writeFileString(path.join(folder, ".mcp.json"), JSON.stringify({ mcpServers: servers }))
      const env = { NODE: process.execPath, OPENAI_API_KEY: secrets[2] ?? "" }
      const before = yield* run(["mcp", "list", "--json"], { env })
      assert.strictEqual(before.stdout, `{"servers":[]}\n`)
      assert.include(before.stderr, ".mcp.json left out: this project is not trusted")
      const { code, stderr, stdout } = yield* run(["--json", "--trust", "Go"], { env })
      assert.strictEqual(code, 0, stderr)
      assert.deepStrictEqual(outputs(stdout), [`{"text":"a","env":"none"}`])
      for (const name of ["greedy", "naming", "far", "renamed"]) {
        assert.include(stderr, `MCP server ${name} could not be started: OPENAI_API_KEY is a sign-in of effixir's own`)
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a trusted project start only as they were when it was trusted", () =>
    Effect.gen(function*() {
      const { folder, fs, home, path, run } = yield* withServers({}, [])
      const file = path.join(folder, ".mcp.json")
      const names = Effect.map(run(["mcp", "list", "--json"]), ({ stderr, stdout }) => ({
        names: JSON.parse(stdout).servers.map(({ name }: { name: string }) => name),
        stderr
      }))
      const write = (name: string) =>
        fs.writeFileString(file, JSON.stringify({ mcpServers: { [name]: behaving("good") } }))
      // Trusted by an earlier version, or before there was such a file.
      yield* fs.writeFileString(path.join(home, "trusted.json"), JSON.stringify({ folders: [folder] }))
      yield* write("first")
      const before = yield* names
      assert.deepStrictEqual(before.names, [])
      assertSentence(before.stderr, "MCP servers of", ".mcp.json are left out", "--trust")
      const left = yield* run(["run", "Go"])
      assert.strictEqual(left.stderr.split(".mcp.json are left out").length, 2)
      assert.notInclude((yield* run(["run", "--trust", "Go"])).stderr, "left out")
      assert.deepStrictEqual(yield* names, { names: ["first"], stderr: "" })
      yield* write("second")
      assert.deepStrictEqual((yield* names).names, [])
      yield* run(["run", "--trust", "Go"])
      assert.deepStrictEqual((yield* names).names, ["second"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("hear nothing of a stored sign-in, and show nothing of it, whoever looks at them", () =>
    Effect.gen(function*() {
      const key = "sk-stored-0123456789abcdef"
      const { run } = yield* withServers({ telling: behaving("telling", key) })
      yield* run(["login", "--with-api-key"], { stdin: key })
      for (const args of [["mcp", "list", "--json"], ["doctor", "--json", "--offline"]]) {
        const { stdout } = yield* run(args, { env: { OTHER_NAME: key } })
        assert.include(stdout, "it has undefined, and was told …")
        assert.notInclude(stdout, key)
      }
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a project whose file is broken are told of by doctor", () =>
    Effect.gen(function*() {
      const { folder, fs, path, run } = yield* withServers({})
      const file = path.join(folder, ".mcp.json")
      for (const [text, expected] of [["{", "cannot be used"], [" ".repeat(2 ** 20 + 1), "larger than"]] as const) {
        yield* fs.writeFileString(file, text)
        yield* run(["run", "--trust", "Go"])
        const { checks }: { readonly checks: ReadonlyArray<{ readonly id: string; readonly summary: string }> } = JSON
          .parse((yield* run(["doctor", "--json", "--offline"])).stdout)
        assert.include(checks.find(({ id }) => id === "mcp.project")?.summary ?? "", expected)
      }
    }).pipe(Effect.provide(platform)))

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it.scopedLive(`are gone soon after ${signal}`, () =>
      Effect.gen(function*() {
        const { file, fs, start } = yield* withServers({}, [["mcp__deaf__echo", {}], ["bash", { command: "sleep 60" }]])
        const pids = ["deaf.pid", "calm.pid"].map(file)
        const servers = { deaf: behaving("deaf", pids[0] ?? ""), calm: behaving("hanging", pids[1] ?? "") }
        const { child, output, result } = yield* start([
          "--json",
          "--set",
          `mcp_servers=${JSON.stringify(servers)}`,
          "Go"
        ])
        yield* eventually("the second call has begun", () => output().stdout.includes("sleep 60"))
        const running = (yield* Effect.forEach(pids, (pid) => fs.readFileString(pid))).map(Number)
        assert.deepStrictEqual(running.filter(isAlive), running)
        child.kill(signal)
        yield* result
        yield* eventually("nobody is left", () => running.filter(isAlive).length === 0)
      }).pipe(Effect.provide(platform)))
  }
})

describe("effixir mcp", () => {
  it.scopedLive("adds, shows, lists and removes servers", () =>
    Effect.gen(function*() {
      const { folder, fs, home, path, run } = yield* withServers({})
      const file = path.join(home, "config.json")
      yield* fs.writeFileString(file, `{\n  // the usual one\n  "model": "gpt-6-astra" // good\n}\n`)
      const add = (...words: ReadonlyArray<string>) => run(["mcp", "add", ...words])
      const added = yield* add(
        "memory",
        "--env",
        `MEMORY_FILE_PATH=${folder}/m.json`,
        "--",
        process.execPath,
        serverOf("memory")
      )
      assert.deepStrictEqual([added.code, added.stdout], [0, ""])
      yield* add("all", "--env", "API_KEY=hidden-from-all", "--", process.execPath, serverOf("everything"))
      yield* add("far", "--url", "http://127.0.0.1:9/mcp", "--header", "X-Token: hidden-from-all")
      const text = yield* fs.readFileString(file)
      assert.include(text, "// the usual one")
      assert.include(text, "// good")

      const { code, stdout } = yield* run(["mcp", "list", "--json"])
      assert.strictEqual(code, 0)
      const { servers }: { readonly servers: ReadonlyArray<Listed> } = JSON.parse(stdout)
      assert.deepStrictEqual(
        servers.map(({ error, name, source, status, transport }) => [
          name,
          transport,
          source,
          status,
          error === null
        ]),
        [
          ["memory", "stdio", "user", "ready", true],
          ["all", "stdio", "user", "ready", true],
          ["far", "http", "user", "failed", false]
        ]
      )
      assert.deepInclude(servers[0]?.tools ?? [], { name: "read_graph", title: "Read Graph" })
      // It can only be run as a task.
      assert.notInclude(servers[1]?.tools.map(({ name }) => name) ?? [], "simulate-research-query")

      yield* add(
        "odd",
        "--env",
        "url=/var/run/x",
        "--env",
        "DATABASE_URL=postgres://me:hidden-from-all@host/db",
        "--",
        "x",
        "--api-key",
        "hidden-from-all",
        "--token=hidden-from-all",
        "-e",
        "PASSWORD=hidden-from-all",
        "postgres://me:hidden-from-all@host/db"
      )
      yield* add("query", "--url", "http://me:hidden-from-all@127.0.0.1:9/mcp?api_key=hidden-from-all&a=b")
      const odd = (yield* run(["mcp", "get", "odd"])).stdout
      for (const part of ["url", "DATABASE_URL", "--api-key", "postgres://[hidden]@host/db"]) assert.include(odd, part)

      for (
        const args of [
          ["mcp", "get", "far"],
          ["mcp", "get", "all", "--json"],
          ["mcp", "get", "odd"],
          ["mcp", "get", "query"],
          ["config", "list"]
        ]
      ) {
        const { code, stdout } = yield* run(args)
        assert.strictEqual(code, 0)
        assert.notInclude(stdout, "hidden-from-all")
      }
      const doctor = yield* run(["doctor", "--json", "--offline"])
      const { checks }: { readonly checks: ReadonlyArray<{ readonly id: string; readonly status: string }> } = JSON
        .parse(
          doctor.stdout
        )
      assert.deepStrictEqual(checks.flatMap(({ id, status }) => id.startsWith("mcp.") ? [[id, status]] : []), [
        ["mcp.memory", "ok"],
        ["mcp.all", "ok"],
        ["mcp.odd", "warn"],
        ["mcp.far", "skip"],
        ["mcp.query", "skip"]
      ])
      assert.strictEqual((yield* run(["mcp", "remove", "far"])).code, 0)
      assert.notInclude(yield* fs.readFileString(file), `"far"`)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says what it cannot do", () =>
    Effect.gen(function*() {
      const { run } = yield* withServers({ files: { command: "x" } })
      for (
        const [args, ...parts] of [
          [["add"], "What is it called?"],
          [["add", "a b", "--", "x"], "cannot be called"],
          [["add", "__proto__", "--", "x"], "cannot be called"],
          [["add", "a"], "Where is it?"],
          [["add", "a", "https://example.com/mcp"], "--url https://example.com/mcp"],
          [["add", "a", "--url", "ftp://x"], "--url cannot be"],
          [["add", "a", "--url", "http://x", "--", "y"], "give one of them"],
          [["add", "a", "--env", "secret", "--", "y"], "--env wants NAME=VALUE"],
          [["add", "files", "--", "y"], "already", "effixir mcp remove files"],
          [["get", "file"], "There is no MCP server file, the nearest is files"],
          [["remove", "file"], "the nearest is files"]
        ] as const
      ) {
        const { code, stderr } = yield* run(["mcp", ...args])
        assert.strictEqual(code, 2, stderr)
        assertSentence(stderr, ...parts)
      }
    }).pipe(Effect.provide(platform)))
})

interface Listed {
  readonly name: string
  readonly transport: string
  readonly source: string
  readonly status: string
  readonly tools: ReadonlyArray<{ readonly name: string; readonly title: string | null }>
  readonly error: string | null
}
