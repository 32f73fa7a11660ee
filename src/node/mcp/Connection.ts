/**
 * A connection to an MCP server, for as long as its Scope lasts.
 *
 * @internal
 */
import * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { basename, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import * as Host from "../../auth/Host.ts"
import { Secrets } from "../../auth/Secrets.ts"
import { field, text } from "../../internal/json.ts"
import { networkProblem } from "../../internal/networkProblem.ts"
import { version } from "../../internal/version.ts"
import * as Told from "../../prompts/McpTools.ts"
import * as McpPrompt from "../../tools/mcp/McpPrompt.ts"
import type * as McpServers from "../../tools/mcp/McpServers.ts"
import * as McpTool from "../../tools/mcp/McpTool.ts"
import type { Budget } from "../../tools/Tool.ts"
import {
  Client,
  ErrorCode,
  ListRootsRequestSchema,
  McpError,
  PromptListChangedNotificationSchema,
  ResultSchema,
  SSEClientTransport,
  SseError,
  StreamableHTTPClientTransport,
  StreamableHTTPError,
  ToolListChangedNotificationSchema,
  type Transport,
  UnauthorizedError
} from "../../vendor/mcp.ts"
import * as Network from "../network/Network.ts"
import type { ProcessWatcher } from "../process/ProcessWatcher.ts"
import { boundedFetch } from "./boundedFetch.ts"
import * as ServerQuestions from "./ServerQuestions.ts"
import * as ServerSandbox from "./ServerSandbox.ts"
import * as SignIns from "./SignIns.ts"
import * as StdioTransport from "./StdioTransport.ts"

/**
 * Why a server cannot be used, or did not answer. The problem is the end of a sentence, and `status` what a server over
 * HTTP has answered in place of a message; -1 for something that is none.
 *
 * - `Unusable` it cannot be started or reached, or not with these settings
 * - `Closed` the connection is lost: another one may be made, but the request may have been carried out
 * - `Forgotten` the server does not know the session any more, and has not carried out the request
 * - `TimedOut` there was no answer in time
 * - `TooMuch` a message was larger than it may be, and the connection is closed
 * - `Refused` the server says no to the request
 *
 * @since 0.1.0
 * @category errors
 */
export class McpProblem extends Data.TaggedError("McpProblem")<{
  readonly reason: "Unusable" | "Closed" | "Forgotten" | "TimedOut" | "TooMuch" | "Refused"
  readonly problem: string
  readonly status?: number
  readonly pages?: ReadonlyArray<unknown>
}> {
  override get message(): string {
    return this.problem
  }
}

/** @since 0.1.0 @category models */
export interface Options {
  readonly name: string
  readonly source: McpServers.Configured["source"]
  /** The folder that the agent works in. */
  readonly folder: string
  readonly watcher: ProcessWatcher
  /** Who answers what the server asks. */
  readonly person: ServerQuestions.Person
  /** What keeps a program in the sandbox; nothing without it. */
  readonly within?: ServerSandbox.Within | undefined
  /** Called when the server says that its tools or prompts have changed. */
  readonly onChanged: () => void
}

/** @since 0.1.0 @category models */
export interface Asked {
  readonly method: string
  readonly params?: { readonly [name: string]: unknown }
  readonly timeout: Duration.Duration
  /** Also lets the time begin anew. */
  readonly onProgress?: ((told: string) => void) | undefined
  /** What the run may still use, of which answers of the model to the server are taken. */
  readonly budget?: Budget | undefined
}

/** @since 0.1.0 @category models */
export interface Connection {
  readonly isClosed: () => boolean
  /** Ends when the connection is lost. */
  readonly closed: Effect.Effect<void>
  /** What the server has: `tools`, `resources`. */
  readonly has: (capability: "tools" | "resources") => boolean
  readonly ask: (asked: Asked) => Effect.Effect<unknown, McpProblem>
  readonly tools: Effect.Effect<ReadonlyArray<McpTool.Listed>, McpProblem>
  /** None from a server that cannot list them: its tools are of use without. */
  readonly prompts: Effect.Effect<ReadonlyArray<McpPrompt.Listed>>
}

/** The longest time of a timer, in milliseconds. */
const forEver = 2 ** 31 - 1

/** How many times the time of a call a server may take that reports progress. */
const longest = 10

/** How long a server that was told to stop has to show that it is still there. */
const pingTimeout = Duration.seconds(5)

/** @since 0.1.0 @category constructors */
export const open = Effect.fnUntraced(function*(server: McpServers.Server, options: Options) {
  return yield* "url" in server ? openHttp(server, options) : openStdio(server, options)
})

const openStdio = Effect.fnUntraced(function*(server: McpServers.StdioServer, options: Options) {
  const { command, cwd = ".", env = {} } = server
  const folder = resolve(options.folder, cwd)
  const { source, within } = options
  const sandbox = ServerSandbox.before(server, folder, { source, within, workspace: options.folder })
  const stdio = yield* Effect.zip(sandbox, valuesOf(env)).pipe(
    Effect.flatMap(([before, env]) =>
      StdioTransport.make({
        watcher: options.watcher,
        folder,
        ...ServerSandbox.behind(before, [command, ...server.args ?? []], env)
      })
    ),
    Effect.catchTag("CommandNotStarted", ({ problem }) => unusable(`it could not be started: ${problem}`))
  )
  const explain = (error: unknown): McpProblem => {
    if (stdio.isTooMuch()) return tooMuch
    const known = problemOf(error, options.name)
    const ending = stdio.ending()
    if (known.reason !== "Closed" || ending === undefined) return withWords(known, stdio.said())
    const isMissing = ending.endsWith("exit code 127")
    return withWords(
      new McpProblem({ reason: "Closed", problem: isMissing ? `the program ${command} is not there` : ending }),
      isMissing ? "" : stdio.said()
    )
  }
  return yield* connect(server, stdio.transport, { ...options, explain, isProgram: true })
})

const withWords = (error: McpProblem, said: string): McpProblem =>
  said === "" || error.reason === "Refused"
    ? error
    : new McpProblem({ reason: error.reason, problem: `${error.problem}; it said: ${said}` })

const openHttp = Effect.fnUntraced(function*(server: McpServers.HttpServer, options: Options) {
  const url = new URL(server.url)
  const network = yield* Effect.mapError(
    Config.unwrap(Network.config),
    () => new McpProblem({ reason: "Unusable", problem: "the proxy that the environment names cannot be used" })
  )
  let isTooMuch = false
  let close = () => {}
  const fetch = boundedFetch(yield* Network.makeFetch(network), () => {
    isTooMuch = true
    close()
  })
  const token = server.bearer_token_env_var === undefined
    ? {}
    : { authorization: `Bearer ${yield* variable(server.bearer_token_env_var)}` }
  const headers = { ...yield* valuesOf(server.headers ?? {}), ...token }
  const signed = { name: options.name, url: server.url }
  const hasToken = Object.keys(headers).some((name) => name.toLowerCase() === "authorization")
  const signIn = hasToken ?
    Option.none() :
    yield* Effect.mapError(SignIns.find(signed), (error) => unusable(error.message))
  const how = {
    fetch: Option.isNone(signIn) ? fetch : yield* SignIns.renewingFetch(signed, fetch),
    requestInit: { headers },
    ...Option.isNone(signIn) ? {} : { authProvider: yield* SignIns.provider(signed) }
  }
  const explain = (error: unknown) =>
    isTooMuch
      ? tooMuch
      : error instanceof UnauthorizedError || Option.isSome(signIn) && isOAuthError(error)
      ? unusable(`the sign-in is over; sign in again with \`effixir mcp login ${options.name}\``)
      : problemOf(error, options.name)
  const over = (transport: Transport) => {
    close = () => void transport.close()
    return connect(server, transport, { ...options, explain, isProgram: false })
  }
  const streamable = new StreamableHTTPClientTransport(url, how)
  return yield* Effect.catchIf(
    // Its declaration says of an absent session id what ours may not.
    Effect.tap(over(streamable as Transport), () => Effect.addFinalizer(() => endSession(streamable))),
    isOtherTransport,
    (first) => Effect.mapError(over(new SSEClientTransport(url, how)), () => first)
  )
})

/** Servers keep sessions that nobody ends. One that does not answer is not waited for. */
const endSession = (transport: StreamableHTTPClientTransport) =>
  Effect.tryPromise(() => transport.terminateSession()).pipe(Effect.timeout(endTimeout), Effect.ignore)

const endTimeout = Duration.seconds(1)

/** What the protocol tells a client to try the older way at, which has another kind of address. */
const isOtherTransport = ({ status = 0 }: McpProblem): boolean =>
  status === notAMessage || status >= 400 && status < 500 && !wantsToken(status)

const notAMessage = -1

const wantsToken = (status: number): boolean => status === 401 || status === 403

const tooMuch = new McpProblem({ reason: "TooMuch", problem: "it sent too much at once" })

interface Connecting extends Options {
  readonly explain: (error: unknown) => McpProblem
  readonly isProgram: boolean
}

const connect = Effect.fnUntraced(function*(
  server: McpServers.Server,
  transport: Transport,
  { explain, folder, isProgram, name, onChanged, person: { sample, ...asking } }: Connecting
) {
  const { disabled_tools = [], enabled_tools, roots = false, sampling = false } = server
  const person = { ...asking, sample: sampling ? sample : undefined }
  const startup_timeout = startupOf(server)
  let isClosed = false
  const closed = yield* Deferred.make<void>()
  const client = yield* Effect.acquireRelease(
    Effect.sync(() =>
      new Client({ name: "effixir", version }, {
        capabilities: { ...ServerQuestions.capabilitiesOf(person), ...roots ? { roots: {} } : {} }
      })
    ),
    (client) => Effect.ignore(Effect.tryPromise(() => client.close()))
  )
  Object.assign(
    client,
    {
      onclose: () => {
        isClosed = true
        Deferred.unsafeDone(closed, Effect.void)
      },
      // What comes too late, or belongs to nothing, is no failure.
      onerror: () => {}
    } satisfies Pick<Client, "onclose" | "onerror">
  )
  client.setNotificationHandler(ToolListChangedNotificationSchema, onChanged)
  client.setNotificationHandler(PromptListChangedNotificationSchema, onChanged)
  if (roots) {
    // The folder of a run stays the same, so no change of it is announced.
    const root = { uri: pathToFileURL(resolve(folder)).href, name: basename(resolve(folder)) }
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [root] }))
  }
  const questions = yield* ServerQuestions.make(name, client, person)
  yield* Effect.tryPromise({
    try: (signal) => client.connect(transport, { signal, timeout: startup_timeout * 1000 }),
    catch: explain
  })
  const capabilities = client.getServerCapabilities()
  const scope = yield* Effect.scope

  const send = ({ method, onProgress, params, timeout }: Asked) =>
    Effect.suspend(() => {
      let told = 0
      const sent = Effect.tryPromise({
        try: (signal) =>
          client.request(params === undefined ? { method } : { method, params }, ResultSchema, {
            signal,
            // The time is ours, as it stands still meanwhile the person is asked.
            timeout: forEver,
            ...onProgress === undefined ? {} : {
              onprogress: ({ message, progress, total }) => {
                told++
                onProgress(message ?? (total === undefined ? String(progress) : `${progress} of ${total}`))
              }
            }
          }),
        catch: (error) => isClosed ? explain(closedError) : explain(error)
      })
      return Effect.raceFirst(sent, overtime(timeout, () => told, questions.isAsking))
    })

  /** A program that does not even answer this has not stopped what it was told to stop. */
  const check = send({ method: "ping", timeout: pingTimeout }).pipe(
    // It begins where a call is interrupted, and could else not be ended by its time.
    Effect.interruptible,
    Effect.catchIf(({ reason }) => reason === "TimedOut", () => Effect.promise(() => client.close())),
    Effect.ignore,
    Effect.forkIn(scope)
  )

  const stoppable = (asked: Asked) => isProgram ? Effect.onInterrupt(send(asked), () => check) : send(asked)

  /** What a person or the model has called for: only then may the server ask the person. */
  const ask = (asked: Asked): Effect.Effect<unknown, McpProblem> =>
    questions.during(stoppable(asked), asked.budget).pipe(
      Effect.tapError(({ pages = [], problem }) =>
        Effect.flatMap(
          pages.length === 0 ? Effect.succeed(false) : questions.visitAll(pages),
          (isDone) => isDone ? new McpProblem({ reason: "Refused", problem: Told.visited(problem) }) : Effect.void
        )
      )
    )

  /** What the server lists, page by page; of one name the first. */
  const list = Effect.fnUntraced(function*<A extends { readonly name: string }>(
    method: "tools/list" | "prompts/list",
    listedIn: (answer: unknown) => ReadonlyArray<A>
  ) {
    const all: Array<A> = []
    let cursor: string | undefined
    for (let page = 0; page < maxPages; page++) {
      const answer = yield* stoppable({
        method,
        ...cursor === undefined ? {} : { params: { cursor } },
        timeout: Duration.seconds(startup_timeout)
      })
      all.push(...listedIn(answer))
      cursor = text(field(answer, "nextCursor"))
      if (cursor === undefined || cursor === "") break
    }
    return all.filter(({ name }, at) => all.findIndex((other) => other.name === name) === at)
  })

  const tools = Effect.map(
    list("tools/list", McpTool.listedIn),
    (all) =>
      all.filter(({ name }) =>
        (enabled_tools === undefined || enabled_tools.includes(name)) && !disabled_tools.includes(name)
      )
  )

  const prompts = Effect.orElseSucceed(list("prompts/list", McpPrompt.listedIn), () => [])

  const connection: Connection = {
    isClosed: () => isClosed,
    closed: Deferred.await(closed),
    has: (capability) => capabilities?.[capability] !== undefined,
    ask,
    tools: capabilities?.tools === undefined ? Effect.succeed([]) : tools,
    prompts: capabilities?.prompts === undefined ? Effect.succeed([]) : prompts
  }
  return connection
})

const maxPages = 20

/**
 * Fails when a server has had its time, which begins anew with its progress, but not for ever. That the person is asked
 * is not the server's time.
 */
const overtime = Effect.fnUntraced(function*(
  timeout: Duration.Duration,
  progress: () => number,
  isAsking: () => boolean
) {
  const limit = Duration.toMillis(timeout)
  const tick = Math.min(1000, limit / 10)
  let seen = 0
  let all = 0
  let quiet = 0
  while (quiet < limit && all < longest * limit) {
    yield* Effect.sleep(tick)
    if (isAsking()) continue
    all += tick
    quiet = progress() === seen ? quiet + tick : 0
    seen = progress()
  }
  return yield* timedOut
})

const timedOut = new McpProblem({ reason: "TimedOut", problem: "it did not answer in time" })

/**
 * How long a server has to be ready, in seconds: 10 without a setting, and 60 where its command may have to fetch it
 * first. To end `npx` in the middle of that may leave its cache broken.
 *
 * @since 0.1.0
 * @category accessors
 */
export const startupOf = (server: McpServers.Server): number =>
  server.startup_timeout ?? ("command" in server && fetches.has(basename(server.command)) ? 60 : 10)

const fetches: ReadonlySet<string> = new Set(["bunx", "docker", "npx", "pnpm", "pnpx", "podman", "uv", "uvx", "yarn"])

const closedError = new McpError(ErrorCode.ConnectionClosed, "")

const unusable = (problem: string) => new McpProblem({ reason: "Unusable", problem })

const valuesOf = (given: { readonly [name: string]: McpServers.Value }) =>
  Effect.map(
    Effect.forEach(Object.entries(given), ([name, value]) =>
      Effect.map(
        typeof value !== "string"
          ? variable(value.env)
          : Effect.as(Host.isSecretName(name) ? remember(value) : Effect.void, value),
        (value) => [name, value] as const
      )),
    (entries): Readonly<Record<string, string>> => Object.fromEntries(entries)
  )

/** What a person has put into a variable for a server is taken for a secret. */
const variable = (name: string) =>
  Effect.mapError(Config.nonEmptyString(name), () => unusable(`the variable ${name} of the environment is not set`))
    .pipe(Effect.tap(remember))

/** It is cut out of all output from now on. */
const remember = (value: string) =>
  Effect.flatMap(
    Secrets,
    ({ addForeign }) =>
      addForeign(...[value, value.replace(/^(?:Bearer|Basic|Token) /i, "")].map((text) => Redacted.make(text)))
  )

/** Abort and timeout have the same code; who aborts does not read the error. */
const problemOf = (error: unknown, name: string): McpProblem => {
  if (error instanceof McpError) {
    const said = error.message.replace(/^MCP error -?\d+: /, "")
    switch (error.code as ErrorCode) {
      case ErrorCode.ConnectionClosed:
        return new McpProblem({ reason: "Closed", problem: "it closed the connection" })
      case ErrorCode.RequestTimeout:
        return timedOut
      case ErrorCode.UrlElicitationRequired: {
        const pages = field(error.data, "elicitations")
        return new McpProblem({ reason: "Refused", problem: said, pages: Array.isArray(pages) ? pages : [] })
      }
      default:
        return new McpProblem({ reason: "Refused", problem: said })
    }
  }
  if (error instanceof StreamableHTTPError || error instanceof SseError) {
    return ofStatus(error.code ?? notAMessage, error.message, name)
  }
  // The SDK has no code for this one.
  const message = error instanceof Error ? error.message : ""
  const status = /^Error POSTing to endpoint \(HTTP (\d{3})\)/.exec(message)?.[1]
  if (status !== undefined) return ofStatus(Number(status), message, name)
  return unusable(networkProblem(error).slice(0, 300))
}

/** Of the SDK's errors of a sign-in, which have a class for each code. */
const isOAuthError = (error: unknown): boolean => error instanceof Error && "errorCode" in error

const ofStatus = (status: number, message: string, name: string): McpProblem => {
  if (status === notAMessage) {
    return new McpProblem({ reason: "Unusable", problem: "what is there is no MCP server", status })
  }
  if (wantsToken(status)) {
    return unusable(
      `it wants a token (${status}): sign in with \`effixir mcp login ${name}\`, or put one into a variable and name ` +
        "that as bearer_token_env_var"
    )
  }
  const isForgotten = status === 404 || status === 400 && /session/i.test(message)
  return new McpProblem({
    reason: isForgotten ? "Forgotten" : "Unusable",
    problem: `it answered ${status}`,
    status
  })
}
