/**
 * The parts of the assembled stack that a host may bring itself.
 *
 * @since 0.1.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { CredentialStore } from "../auth/CredentialStore.ts"
import type { Responses } from "../responses/Responses.ts"
import type { SessionStore } from "../session/SessionStore.ts"
import type { Artifacts } from "../tools/command/Artifacts.ts"
import type { CommandRunner } from "../tools/command/CommandRunner.ts"
import type { Approver } from "../tools/permission/Approver.ts"
import type { Permission } from "../tools/permission/Permission.ts"
import type { Files } from "../tools/workspace/Files.ts"
import type { FileSearch } from "../tools/workspace/FileSearch.ts"

/**
 * - `CredentialStore` where sign-ins are kept, as in a host's vault
 * - `SessionStore`, `Artifacts` where sessions are kept, and the outputs that are too long for them
 * - `HttpClient` how servers are reached, to sign in and to ask models; WebSockets and MCP servers are reached without it
 * - `Responses` who answers; with `ScriptedResponses` of `effixir/testing`, a script
 * - `Permission`, `Approver` what may run, and who is asked
 * - `CommandRunner`, `Files`, `FileSearch` what the built-in tools work with
 *
 * @since 0.1.0
 * @category models
 */
export type Part =
  | CredentialStore
  | SessionStore
  | Artifacts
  | HttpClient
  | Responses
  | Permission
  | Approver
  | CommandRunner
  | Files
  | FileSearch

/**
 * A type error where a layer has none of the parts, which would be ignored.
 *
 * @since 0.1.0
 * @category models
 */
export type HasOne<P> = [P] extends [never] ? unknown
  : [Extract<P, Part>] extends [never] ? { readonly "The stack has no such part": P }
  : unknown

/**
 * The parts that a host has brought.
 *
 * @since 0.1.0
 * @category models
 */
export type Parts = Context.Context<never>

/** @since 0.1.0 @category constructors */
export const none: Parts = Context.empty()

/**
 * Whether the host has brought it. A reference such as `Approver` has a value of its own in every context, which does not
 * count.
 *
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { SessionStore } from "effixir"
 * import { Parts } from "effixir/node"
 *
 * // For a stack of your own that takes parts as `NodeAgent.layer` does.
 * const sessions = (parts: Parts.Parts) => Parts.orOwn(parts, SessionStore.SessionStore, SessionStore.layerMemory)
 * const hasSessions = (parts: Parts.Parts) => Parts.has(parts, SessionStore.SessionStore)
 * ```
 *
 * @since 0.1.0
 * @category predicates
 */
export const has = <I extends Part, S>(parts: Parts, { key }: Context.Tag<I, S>): boolean => parts.unsafeMap.has(key)

/**
 * A part that the host has brought, or else the stack's own, which is not built otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const orOwn = <I extends Part, S, O extends I, E, R>(
  parts: Parts,
  tag: Context.Tag<I, S>,
  own: Layer.Layer<O, E, R>
): Layer.Layer<O, E, R> => has(parts, tag) ? Layer.succeed(tag, Context.unsafeGet(parts, tag)) : own
