/**
 * Files and terminals of the client, where it has them.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { withDeadline } from "../internal/withDeadline.ts"
import * as Sdk from "../vendor/acp.ts"
import type { Client } from "./Conversations.ts"
import { type Opened, tell } from "./OpenSession.ts"

/**
 * Nothing is asked of the client before it knows of the session.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (agent: Acp.AgentContext, capabilities: Acp.ClientCapabilities, opened: Opened): Client => {
  const { fs, terminal } = Sdk.methods.client
  const asked = <A>(ask: (sessionId: string, cancellationSignal: AbortSignal) => Promise<A>) =>
    Effect.tryPromise((signal) => {
      const open = opened()
      return open === undefined ? Promise.reject(new Error("no session")) : ask(open.conversation.id, signal)
    })
  return {
    files: {
      read: capabilities.fs?.readTextFile !== true ?
        undefined :
        (path) =>
          asked(async (sessionId, cancellationSignal) => {
            const { content } = await agent.request(fs.readTextFile, { sessionId, path }, { cancellationSignal })
            return content
          }),
      // Once begun, it is done or not, and nobody could tell which; but no editor holds up a session for ever.
      write: capabilities.fs?.writeTextFile !== true ?
        undefined :
        (path, content) =>
          withDeadline(patience, () => new Cause.TimeoutException("it has not answered"))(asked(async (sessionId) => {
            await agent.request(fs.writeTextFile, { sessionId, path, content })
          }))
    },
    openTerminal: capabilities.terminal !== true ?
      undefined :
      ({ args, command, cwd, env, program }) =>
        Effect.gen(function*() {
          const { sessionId, terminalId } = yield* asked(async (sessionId) => {
            const wanted: Acp.CreateTerminalRequest = {
              sessionId,
              command: program,
              args: [...args],
              env: Object.entries(env).map(([name, value]) => ({ name, value })),
              cwd,
              outputByteLimit: mostPrinted
            }
            const { terminalId } = await agent.request(terminal.create, wanted)
            return { sessionId, terminalId }
          })
          yield* tell(agent, sessionId, opened()?.updates?.attach(command, terminalId) ?? [])
          const named = { sessionId, terminalId }
          return {
            output: asked((_, cancellationSignal) => agent.request(terminal.output, named, { cancellationSignal })),
            exit: asked((_, cancellationSignal) => agent.request(terminal.waitForExit, named, { cancellationSignal })),
            kill: asked(() => agent.request(terminal.kill, named)),
            release: asked(() => agent.request(terminal.release, named))
          }
        })
  }
}

/** How long a client may take to write a file. */
const patience = "10 seconds"

/** How much a client keeps of what a command prints, in bytes. It is asked for it ten times a second. */
const mostPrinted = 4 * 1024 * 1024
