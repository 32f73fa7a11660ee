/**
 * Signing in to an MCP server that wants it, in a browser of this machine.
 *
 * @internal
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import * as BrowserPages from "../../auth/BrowserPages.ts"
import { networkProblem } from "../../internal/networkProblem.ts"
import { version } from "../../internal/version.ts"
import { Client, StreamableHTTPClientTransport, type Transport, UnauthorizedError } from "../../vendor/mcp.ts"
import * as NodeCallbackServer from "../auth/NodeCallbackServer.ts"
import * as Network from "../network/Network.ts"
import { boundedFetch } from "./boundedFetch.ts"
import * as Connection from "./Connection.ts"
import * as SignIns from "./SignIns.ts"

/**
 * Signs in; `show` is given the address that the person has to open. False if the server wants no sign-in.
 *
 * @since 0.1.0
 * @category running
 */
export const login = Effect.fnUntraced(
  function*<R>(signed: SignIns.Signed, show: (address: string) => Effect.Effect<void, never, R>) {
    const fetch = boundedFetch(yield* Network.makeFetch(yield* Config.unwrap(Network.config)))
    const { next, redirectUri } = yield* NodeCallbackServer.make({ ports: [0], hostname: "127.0.0.1" }).listen
    const state = randomUUID()
    let address: URL | undefined
    const authProvider = yield* SignIns.provider(signed, {
      redirectUri,
      state,
      open: (url) => {
        address = url
      }
    })
    const transport = new StreamableHTTPClientTransport(new URL(signed.url), { authProvider, fetch })
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => new Client({ name: "effixir", version }, { capabilities: {} })),
      (client) => Effect.ignore(Effect.tryPromise(() => client.close()))
    )
    const isOpen = yield* Effect.tryPromise((signal) => client.connect(transport as Transport, { signal })).pipe(
      Effect.as(true),
      Effect.catchAll(({ error }) => error instanceof UnauthorizedError ? Effect.succeed(false) : failed(error))
    )
    if (isOpen) return false
    if (address === undefined) return yield* failed(new Error("it names no page to sign in at"))
    if (!isSafe(address)) {
      return yield* failed(
        new Error(`it names a page to sign in at that is not opened: ${address.protocol} is no https`)
      )
    }
    yield* show(address.href)
    while (true) {
      const { query, reply } = yield* next
      if (query.get("state") !== state) {
        yield* reply(BrowserPages.mismatch)
        continue
      }
      const code = query.get("code")
      if (code === null) {
        const why = query.get("error_description") ?? query.get("error") ?? "there is no code in its answer"
        const error = new Connection.McpProblem({ reason: "Refused", problem: why.slice(0, 300) })
        yield* reply(BrowserPages.failed(error.message))
        return yield* error
      }
      yield* Effect.tryPromise(() => transport.finishAuth(code)).pipe(
        Effect.catchAll(({ error }) => failed(error)),
        Effect.tapError(({ message }) => reply(BrowserPages.failed(message)))
      )
      yield* reply(BrowserPages.success)
      return true
    }
  }
)

/** Another scheme would open whatever program of this machine has it. */
const isSafe = ({ hostname, protocol }: URL): boolean =>
  protocol === "https:" || protocol === "http:" && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

const failed = (error: unknown) => {
  const problem = networkProblem(error)
  return new Connection.McpProblem({
    reason: "Unusable",
    // A server of a plain 401 has nothing to register at, and the SDK shows its whole answer.
    problem: /Invalid OAuth error response/.test(problem)
      ? "this server has no sign-in; it wants a token (bearer_token_env_var)"
      : problem.slice(0, 300)
  })
}
