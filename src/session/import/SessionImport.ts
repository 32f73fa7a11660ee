/**
 * Makes a session of ours from one of another agent, so that a person can go on with it here.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SessionError } from "../SessionError.ts"
import { SessionStore } from "../SessionStore.ts"
import * as ClaudeCode from "./ClaudeCode.ts"
import * as Codex from "./Codex.ts"
import type { Format, Lines, Tool } from "./ForeignSession.ts"
import { fromEntries, type Summary } from "./ImportedEvents.ts"
import * as OpenCode from "./OpenCode.ts"
import * as Pi from "./Pi.ts"

/**
 * - `NotFound` there is no such session, or no such file
 * - `Ambiguous` the id names several
 * - `Unusable` it is no session of this agent, or holds nothing
 * - `Newer` its format is newer than what is known here
 * - `Io` it cannot be read
 *
 * `detail` is the whole sentence.
 *
 * @since 0.1.0
 * @category errors
 */
export class ImportError extends Schema.TaggedError<ImportError>("effixir/session/import/SessionImport/ImportError")(
  "ImportError",
  {
    reason: Schema.Literal("NotFound", "Ambiguous", "Unusable", "Newer", "Io"),
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    return this.detail
  }
}

/**
 * The formats, by agent.
 *
 * @since 0.1.0
 * @category formats
 */
export const formats: { readonly [tool in Tool]: Format } = {
  codex: Codex.format,
  claude: ClaudeCode.format,
  pi: Pi.format,
  opencode: OpenCode.format
}

/**
 * A session that is there to be imported. `name` is what a person is told of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly tool: Tool
  readonly name: string
  /** Iterating may throw what the disk says. */
  readonly lines: Lines
}

/**
 * The session that was made, and what became of the other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Imported extends Summary {
  readonly sessionId: string
}

/**
 * Reads a session into a new one. The lines are gone through without being held; an import that fails, or is interrupted
 * or killed, leaves nothing behind.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { ForeignSessions, NodeAgent } from "effixir/node"
 * import { SessionImport } from "effixir/session"
 *
 * // Goes on here with the last session that Codex has had in a folder.
 * const sessionId = Effect.gen(function*() {
 *   const source = yield* ForeignSessions.find("codex", undefined, "/home/ada/app")
 *   const { sessionId } = yield* SessionImport.run(source)
 *   return sessionId
 * }).pipe(Effect.provide(NodeAgent.layerHome))
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const run: (source: Source) => Effect.Effect<Imported, ImportError | SessionError, SessionStore> = Effect
  .fnUntraced(function*(source) {
    const store = yield* SessionStore
    yield* check(source)
    const { name, tool } = source
    return yield* store.create(Effect.fnUntraced(function*(session) {
      const sessionId = session.id
      const events = fromEntries(formats[tool].read(source.lines), { sessionId, tool })
      const next = attempt(source, () => events.next())
      let isTalk = false
      let result = yield* next
      while (result.done !== true) {
        const { event, key } = result.value
        isTalk ||= event._tag !== "SessionStarted"
        yield* session.append(key, event)
        result = yield* next
      }
      // Nothing is made of a file in which nobody has said anything.
      return isTalk
        ? { sessionId, ...result.value }
        : yield* new ImportError({ reason: "Unusable", detail: `${name} holds no conversation` })
    }))
  })

/** How many lines are looked at to find out whose session it is. */
const looked = 50

/** A file of another agent, or of a later version, is told apart before anything is made of it. */
const check = Effect.fnUntraced(function*({ lines, name, tool }: Source) {
  const own = formats[tool]
  const { first, other, refusal, hasOwn } = yield* attempt({ name }, () => {
    let first: unknown
    let hasOwn = false
    let other: Format | undefined
    let refusal: string | undefined
    let at = 0
    for (const line of lines) {
      if (line === undefined) continue
      first ??= line
      hasOwn ||= own.isOwn(line)
      refusal ??= own.refusal(line)
      other ??= Object.values(formats).find((format) => format !== own && format.isOwn(line))
      if (++at === looked || hasOwn || refusal !== undefined) break
    }
    return { first, other, refusal, hasOwn }
  })
  if (refusal !== undefined) {
    return yield* new ImportError({ reason: "Newer", detail: `${name} cannot be read: ${refusal}` })
  }
  if (hasOwn) return
  const whose = first === undefined
    ? "there is nothing in it that could be read"
    : other === undefined
    ? `it is no session of ${own.name}`
    : `it is a session of ${other.name}; import it as one: effixir sessions import ${other.tool}`
  return yield* new ImportError({ reason: "Unusable", detail: `${name} cannot be imported: ${whose}` })
})

const attempt = <A>({ name }: Pick<Source, "name">, evaluate: () => A): Effect.Effect<A, ImportError> =>
  Effect.try({
    try: evaluate,
    catch: (cause) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      return new ImportError({ reason: "Io", detail: `${name} cannot be read: ${why}`, cause })
    }
  })
