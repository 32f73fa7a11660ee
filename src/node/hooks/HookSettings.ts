/**
 * Commands that run at certain points of a session, as `config.json` names them: in the shape that Claude Code and Codex
 * have.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/**
 * The points at which there are hooks.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Event = Schema.Literal(
  "SessionStart",
  "UserPromptSubmit",
  "PreToolUse",
  "PostToolUse",
  "Stop",
  "PreCompact"
)

/** @since 0.1.0 @category models */
export type Event = typeof Event.Type

/**
 * `timeout` in seconds.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Command = Schema.Struct({
  type: Schema.optional(Schema.Literal("command")),
  command: Schema.NonEmptyString,
  timeout: Schema.optional(Schema.Number.pipe(Schema.between(0.1, 3600))),
  statusMessage: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Command = typeof Command.Type

const isPattern = (text: string): boolean => {
  if (text === "*") return true
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

/**
 * Commands with what they are for: a regular expression that a whole name has to match, of a tool at PreToolUse and
 * PostToolUse; `*`, nothing and none are for all. `from` is set for those of a project: they allow nothing.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Group = Schema.Struct({
  matcher: Schema.optional(Schema.String.pipe(Schema.filter(isPattern))),
  hooks: Schema.Array(Command),
  from: Schema.optional(Schema.Literal("project"))
})

/** @since 0.1.0 @category models */
export type Group = typeof Group.Type

const groups = Schema.optional(Schema.Array(Group))

/** @since 0.1.0 @category schemas */
export const HookSettings = Schema.Struct({
  SessionStart: groups,
  UserPromptSubmit: groups,
  PreToolUse: groups,
  PostToolUse: groups,
  Stop: groups,
  PreCompact: groups
})

/** @since 0.1.0 @category models */
export type HookSettings = typeof HookSettings.Type

/**
 * The hooks of both, as they are written, those of the first one first: what a project has to say takes nothing from what a
 * person has.
 *
 * @example
 * ```ts
 * import { HookSettings } from "effixir/node"
 *
 * const own = { Stop: [{ hooks: [{ command: "notify-send done" }] }] }
 * const project = { Stop: [{ hooks: [{ command: "npm test" }] }] }
 *
 * const both = HookSettings.merge(own, HookSettings.ofProject(project))
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const merge = (self: unknown, that: unknown): unknown => {
  if (!Predicate.isReadonlyRecord(self) || !Predicate.isReadonlyRecord(that)) return that
  const names = new Set([...Object.keys(self), ...Object.keys(that)])
  return Object.fromEntries(Array.from(names, (name) => {
    const [first, second] = [self[name], that[name]]
    return [name, Array.isArray(first) && Array.isArray(second) ? [...first, ...second] : second ?? first]
  }))
}

/**
 * The hooks of a project, as they are written, marked as such.
 *
 * @since 0.1.0
 * @category combining
 */
export const ofProject = (hooks: unknown): unknown =>
  Predicate.isReadonlyRecord(hooks)
    ? Object.fromEntries(
      Object.entries(hooks).map(([event, groups]) => [
        event,
        Array.isArray(groups)
          ? groups.map((group) => Predicate.isReadonlyRecord(group) ? { ...group, from: "project" } : group)
          : groups
      ])
    )
    : hooks
