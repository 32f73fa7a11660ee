/**
 * What an agent must be able to do for an editor: begin conversations, go on with them, and list those there are. A host
 * provides it for its own agent; `effixir acp` provides the one of the command line.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import type { Item } from "../responses/Item.ts"
import type { Stored } from "../session/SessionEvent.ts"
import type { Summary } from "../session/Summary.ts"
import type { Configured } from "../tools/mcp/McpServers.ts"
import type { Asking } from "../tools/permission/Approver.ts"
import type * as ClientCommands from "./ClientCommands.ts"
import type * as ClientFiles from "./ClientFiles.ts"

/**
 * Why something that an editor asks for is not done.
 *
 * - `SignedOut` nobody is signed in; `message` says how to
 * - `NotFound` there is no such session
 * - `BadInput` it cannot be done as it is asked for
 * - `Failed` it was tried and failed; `details` says more
 *
 * @since 0.1.0
 * @category errors
 */
export class Refused extends Schema.TaggedError<Refused>("effixir/acp/Conversations/Refused")("Refused", {
  reason: Schema.Literal("SignedOut", "NotFound", "BadInput", "Failed"),
  message: Schema.String,
  details: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
}) {}

/**
 * One of several things that can be chosen.
 *
 * @since 0.1.0
 * @category models
 */
export interface Choice {
  readonly value: string
  readonly name: string
  readonly description?: string | undefined
}

/**
 * What the next turn is asked with, and what it could be asked with instead.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  readonly now: string
  readonly choices: ReadonlyArray<Choice>
}

/** @since 0.1.0 @category models */
export interface Settings {
  /** What tools may do without a question. */
  readonly mode: Setting
  readonly model: Setting
  /** Absent where the model takes none. */
  readonly effort?: Setting | undefined
}

/**
 * A command that a person can give in the place of a prompt, behind a slash. It gives the prompt that it stands for, or
 * nothing where it has done its work.
 *
 * @since 0.1.0
 * @category models
 */
export interface Command {
  readonly name: string
  readonly description: string
  /** What can be written behind it. */
  readonly hint?: string | undefined
  readonly run: (words: string) => Effect.Effect<string | undefined, Refused>
}

/** @since 0.1.0 @category models */
export interface Conversation {
  readonly id: string
  readonly folder: string
  /** What is in the log of the session; nothing before its first turn. */
  readonly log: Effect.Effect<ReadonlyArray<Stored>, Refused>
  readonly settings: Effect.Effect<Settings, Refused>
  /** Changes what the next turn is asked with. */
  readonly choose: (choice: { readonly [setting in keyof Settings]?: string }) => Effect.Effect<void, Refused>
  readonly commands: Effect.Effect<ReadonlyArray<Command>>
  /** One turn. Closing the stream interrupts it. */
  readonly run: (input: ReadonlyArray<Item>) => Stream.Stream<AgentEvent, Refused>
}

/**
 * What the client lends to a conversation: its files, with {@link ClientFiles.around}, and its terminals, with
 * {@link ClientCommands.around}, if it has any.
 *
 * @since 0.1.0
 * @category models
 */
export interface Client {
  readonly files: ClientFiles.ClientFiles
  readonly openTerminal?: ClientCommands.OpenTerminal | undefined
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Conversations } from "effixir/acp"
 *
 * const titles = Effect.gen(function*() {
 *   const conversations = yield* Conversations.Conversations
 *   yield* conversations.signedIn
 *   return yield* conversations.list
 * })
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Conversations extends Context.Tag("effixir/acp/Conversations")<Conversations, {
  /**
   * Begins a conversation about the work in a folder. Its questions go to `asking`, and it has the tools of these MCP
   * servers as well. Its files and its commands may be had by way of `client`.
   */
  readonly begin: (
    folder: string,
    asking: Asking,
    servers: ReadonlyArray<Configured>,
    client: Client
  ) => Effect.Effect<Conversation, Refused, Scope.Scope>
  /** Goes on with a session that is there already. */
  readonly open: (
    session: string,
    folder: string,
    asking: Asking,
    servers: ReadonlyArray<Configured>,
    client: Client
  ) => Effect.Effect<Conversation, Refused, Scope.Scope>
  /** Begins a conversation that shares the past of another one. */
  readonly fork: (
    session: string,
    folder: string,
    asking: Asking,
    servers: ReadonlyArray<Configured>,
    client: Client
  ) => Effect.Effect<Conversation, Refused, Scope.Scope>
  readonly list: Effect.Effect<ReadonlyArray<Summary>, Refused>
  readonly remove: (session: string) => Effect.Effect<void, Refused>
  /** Fails with what to do if nobody is signed in. */
  readonly signedIn: Effect.Effect<void, Refused>
}>() {}
