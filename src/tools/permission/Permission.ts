/**
 * Whether a call may run: a decision before each call, with the rule that made it.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { below, resolve } from "../../internal/paths.ts"
import { control, escape } from "../../internal/visible.ts"
import * as Refusals from "../../prompts/Refusals.ts"
import type { CommandRunner } from "../command/CommandRunner.ts"
import type { Access } from "../Tool.ts"
import { Workspace } from "../workspace/Workspace.ts"
import * as CommandCheck from "./CommandCheck.ts"
import * as Grants from "./Grants.ts"
import * as Policy from "./Policy.ts"
import { SecretFiles } from "./SecretFiles.ts"

/**
 * A call that is about to run, as far as it matters here. `describe` says in a line what it would do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly sessionId: string
  readonly tool: string
  readonly access: Access
  readonly describe: string
}

/**
 * - `Allow` the call runs; `isRoutine` where no other decision was possible, so that it need not be shown or logged
 * - `Deny` it does not, and the model is told why; `advice` where there is something else that it may do
 * - `Ask` the approver decides; `question` is what would be done, unescaped, `reason` why approval is needed, where the
 *   question does not say it, and `scopes` are what "always" may let pass from then on. `isByMode` where it is the mode
 *   that asks, and `auto` would not
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | { readonly _tag: "Allow"; readonly rule: string; readonly isRoutine: boolean }
  | { readonly _tag: "Deny"; readonly rule: string; readonly reason: string; readonly advice?: string }
  | {
    readonly _tag: "Ask"
    readonly rule: string
    readonly isByMode: boolean
    readonly question: string
    readonly reason: string | undefined
    readonly scopes: ReadonlyArray<Grants.Scope>
  }

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { Permission } from "effixir"
 *
 * // A decision of your own: nothing with the word `secret`, and all else as `ask` has it.
 * const NoSecrets = Layer.effect(
 *   Permission.Permission,
 *   Effect.map(Permission.Permission, (next) =>
 *     Permission.Permission.of({
 *       ...next,
 *       decide: (request) =>
 *         request.describe.includes("secret")
 *           ? Effect.succeed({ _tag: "Deny", rule: "no-secrets", reason: "Secrets are not for you." })
 *           : next.decide(request)
 *     }))
 * ).pipe(Layer.provide(Permission.layerAsk))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Permission extends Context.Tag("effixir/tools/permission/Permission")<Permission, {
  readonly decide: (request: Request) => Effect.Effect<Decision>
  /** From now on allows in a session what was granted for all of it. */
  readonly remember: (sessionId: string, grants: ReadonlyArray<string>) => Effect.Effect<void>
  /** What was granted for all of a session; where this is absent, no path can be. */
  readonly granted?: (sessionId: string) => Effect.Effect<ReadonlySet<string>>
  /** How it decides, for the log of a session: a resumed session decides in the same way. */
  readonly inForce?: { readonly permission: Policy.Mode; readonly policy?: string }
}>() {}

type FileAccess = Extract<Access, { readonly paths: unknown }>
type CommandAccess = Extract<Access, { readonly kind: "run" }>

const allow = (rule: string, isRoutine = false): Decision => ({ _tag: "Allow", rule, isRoutine })
const deny = (rule: string, reason: string, advice?: string): Decision => ({
  _tag: "Deny",
  rule,
  reason,
  ...(advice === undefined ? {} : { advice })
})

/**
 * Decides by a policy, and by a mode where no rule matches a call.
 *
 * - Secret files are denied to every tool that takes paths, unless a rule allows their very paths.
 * - What later runs are told and what git does (`.agents`, `.effixir`, `.mcp.json` and `.git`, anywhere) is written by tools that take paths
 *   only where a rule allows the very paths, or the approver does. `AGENTS.md` is open: people ask for it.
 * - `auto` lets everything else run. That holds for commands too, also for those that name a secret file: a shell can
 *   reach it in other ways than by its name, so a question about the name alone would protect nothing.
 * - `ask` allows tools that read, and read-only commands; it asks about all others.
 * - `read-only` refuses what `ask` asks about.
 *
 * Commands with control characters other than line ends and tabs are never asked about, and do not count as read-only
 * in `ask`: a person cannot allow what a person cannot read. No "always" outdoes a rule that denies.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(policy: Policy.Policy, otherwise: Policy.Mode) {
  const workspace = yield* Workspace
  const secrets = yield* SecretFiles
  const check = yield* CommandCheck.make({ isDenied: (path) => Policy.denies(policy, "read", path) })
  const granted = yield* Ref.make<ReadonlyMap<string, ReadonlySet<string>>>(new Map())
  const { root } = workspace

  /** As the model spells it and as it is, both relative to the workspace where they are in it. */
  const spellings = (given: string) =>
    Effect.map(Effect.either(workspace.resolveToRead(given)), (resolved) => {
      const spelled = relative(root, given)
      return resolved._tag === "Left" ? [spelled] : [spelled, relative(root, resolved.right)]
    })

  const byMode = (
    request: Request,
    isHarmless: boolean,
    why: string,
    scopes: ReadonlyArray<Grants.Scope>
  ): Decision => {
    const rule = `mode ${otherwise}`
    if (otherwise === "auto") return allow(rule, policy.rules.length === 0)
    if (isHarmless) return allow(rule)
    if (otherwise === "read-only") return deny(rule, why)
    return { ...ask(rule, request, scopes), isByMode: true, reason: request.access.kind === "write" ? undefined : why }
  }

  const decideFiles = Effect.fnUntraced(function*(request: Request, access: FileAccess) {
    const { sessionId, tool } = request
    const paths = yield* Effect.forEach(access.paths, spellings)
    const verdict = Policy.judge(policy, tool, { _tag: "Files", paths })
    if (verdict._tag === "deny") return deny(verdict.rule, Refusals.deniedByRule)
    const isExplicit = verdict._tag === "allow" && verdict.isExplicit
    const secret = paths.flat().find((path) => secrets.isSecret(resolve(root, path), sessionId, access.kind))
    if (secret !== undefined && !isExplicit) {
      const isSkill = access.kind === "write" && !secrets.isSecret(resolve(root, secret), sessionId)
      return deny(
        "secret files",
        isSkill ? Refusals.partOfSkill(secret) : Refusals.secretFile(secret)
      )
    }
    const steering = access.kind === "write" && !isExplicit ? [...new Set(paths.flat().filter(steers))] : []
    const [first] = steering
    if (first !== undefined) {
      const scopes = Grants.ofFilesAlone(tool, steering)
      const why = Refusals.steersLaterRuns(first)
      if (verdict._tag === "ask") return ask(verdict.rule, request, scopes, why)
      return otherwise === "ask"
        ? ask(`mode ${otherwise}`, request, scopes, why)
        : deny("protected files", Refusals.protectedFile(first))
    }
    if (verdict._tag === "allow") return allow(verdict.rule)
    const real = paths.map((spellings) => spellings.at(-1) ?? "")
    const scopes = access.kind === "write" ? Grants.ofFiles(tool, real) : Grants.ofTool(tool)
    return verdict._tag === "ask"
      ? ask(verdict.rule, request, scopes)
      : byMode(request, access.kind === "read", Refusals.changesFiles, scopes)
  })

  const decideCommand = Effect.fnUntraced(function*(request: Request, access: CommandAccess) {
    const { sessionId, tool } = request
    const { command, workdir } = access
    if (otherwise === "auto" && policy.rules.length === 0) return byMode(request, true, "", [])
    const verdict = Policy.judge(policy, tool, { _tag: "Command", command })
    if (verdict._tag === "deny") return deny(verdict.rule, Refusals.deniedByRule)
    const line = yield* check.read({ command, workdir, sessionId })
    const { namesSecret } = line
    const denied = Policy.judge(policy, "read", { _tag: "Files", paths: line.paths })
    if (denied._tag === "deny") return deny(denied.rule, Refusals.pathDeniedByRule)
    // A grant for a git command must not extend to secrets.
    const scopes = Grants.ofCommand(tool, command, { workdir, isExact: namesSecret })
    if (verdict._tag === "ask") return ask(verdict.rule, request, scopes)
    if (verdict._tag === "allow" && (!namesSecret || otherwise === "auto")) return allow(verdict.rule)
    if (otherwise === "auto") return byMode(request, true, "", scopes)
    if (namesSecret) return byMode(request, false, Refusals.namesSecret, scopes)
    const objection = yield* line.objection(verdict._tag === "none" ? verdict.undecided : [])
    return byMode(request, Option.isNone(objection), Option.getOrElse(objection, () => ""), scopes)
  })

  const decide = (request: Request): Effect.Effect<Decision> => {
    const { access, tool } = request
    switch (access.kind) {
      case "read":
      case "write":
        return decideFiles(request, access)
      case "run":
        return decideCommand(request, access)
      case "other": {
        const verdict = Policy.judge(policy, tool, { _tag: "Other" })
        if (verdict._tag === "deny") return Effect.succeed(deny(verdict.rule, Refusals.deniedByRule))
        const { once, version } = access
        const scopes = version === undefined ? Grants.ofTool(tool) : Grants.ofVersion(tool, { version, once })
        if (verdict._tag === "ask") return Effect.succeed(ask(verdict.rule, request, scopes))
        return Effect.succeed(
          verdict._tag === "allow"
            ? allow(verdict.rule)
            : byMode(request, false, Refusals.unknownTool(tool), scopes)
        )
      }
    }
  }

  return Permission.of({
    decide: Effect.fnUntraced(function*(request) {
      const decision = yield* decide(request)
      const isUnread = decision._tag === "Allow" && decision.rule === "mode ask"
      if (decision._tag !== "Ask" && !isUnread) return decision
      const unreadable = controlIn(request.access)
      if (unreadable !== undefined) return denyControl(decision.rule, unreadable)
      if (decision._tag !== "Ask") return decision
      const known = (yield* Ref.get(granted)).get(request.sessionId) ?? new Set()
      return Grants.isCovered(decision.scopes, known) ? allow("always in this session") : decision
    }),
    remember: (sessionId, grants) =>
      grants.length === 0 ? Effect.void : Ref.update(
        granted,
        (all) => new Map(all).set(sessionId, new Set([...all.get(sessionId) ?? [], ...grants]))
      ),
    granted: (sessionId) => Effect.map(Ref.get(granted), (all) => all.get(sessionId) ?? new Set()),
    inForce: { permission: otherwise, ...(policy === noRules ? {} : { policy: policy.source }) }
  })
})

/**
 * What deciding requires: the file system to resolve paths and read the repository's settings, and a way to run
 * programs for previews of what a command would show.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = CommandRunner | FileSystem.FileSystem | Workspace

const noRules: Policy.Policy = { source: "", rules: [], otherwise: undefined }

/**
 * Decides by a policy; `otherwise` is the mode if the policy names none.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Permission, Policy } from "effixir"
 *
 * const policy = Policy.fromText("{ \"rules\": [{ \"decision\": \"deny\", \"command\": \"rm\" }] }", "policy.json")
 *
 * const decides = Effect.flatMap(policy, (policy) => Permission.make(policy, "ask"))
 * const asALayer = Effect.map(policy, (policy) => Permission.layerPolicy(policy, "auto"))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPolicy = (
  policy: Policy.Policy,
  otherwise: Policy.Mode = "auto"
): Layer.Layer<Permission, never, Requirements> => Layer.effect(Permission, make(policy, policy.otherwise ?? otherwise))

/**
 * Decides by a mode alone.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Permission, Policy } from "effixir"
 *
 * const fromASetting = (mode: Policy.Mode) => Permission.layerMode(mode)
 *
 * const all = [
 *   Permission.layerReadOnly, // looks, and changes nothing
 *   Permission.layerAsk, // asks before it changes something
 *   Permission.layerAuto, // changes the workspace, and asks before the rest
 *   Permission.layerAllowAll,
 *   Permission.layerDenyAll
 * ]
 *
 * // For a child that may at most look.
 * const looking = Effect.flatMap(Permission.Permission, (own) => Permission.atMost(own, "read-only"))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMode = (mode: Policy.Mode): Layer.Layer<Permission, never, Requirements> => layerPolicy(noRules, mode)

/** @since 0.1.0 @category layers */
export const layerAuto: Layer.Layer<Permission, never, Requirements> = layerMode("auto")

/** @since 0.1.0 @category layers */
export const layerAsk: Layer.Layer<Permission, never, Requirements> = layerMode("ask")

/** @since 0.1.0 @category layers */
export const layerReadOnly: Layer.Layer<Permission, never, Requirements> = layerMode("read-only")

/**
 * Decides as `first` does, and lets nothing run that a mode would not: where one denies a call it is denied, and where one
 * asks about it, it is asked about. For agents that work for another one.
 *
 * @since 0.1.0
 * @category combining
 */
export const atMost = (
  first: typeof Permission.Service,
  mode: Policy.Mode
): Effect.Effect<typeof Permission.Service, never, Requirements> =>
  Effect.map(make(noRules, mode), (second) =>
    Permission.of({
      decide: Effect.fnUntraced(function*(request) {
        const decision = yield* first.decide(request)
        if (decision._tag === "Deny") return decision
        const other = yield* second.decide(request)
        return other._tag === "Deny" || decision._tag === "Allow" ? other : decision
      }),
      remember: first.remember,
      ...first.granted === undefined ? {} : { granted: first.granted },
      inForce: { ...first.inForce, permission: mode }
    }))

/**
 * Allows everything: for tools that only concern the host.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAllowAll: Layer.Layer<Permission> = Layer.succeed(Permission, {
  decide: () => Effect.succeed(allow("all is allowed", true)),
  remember: () => Effect.void
})

/**
 * Denies everything.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDenyAll: Layer.Layer<Permission> = Layer.succeed(Permission, {
  decide: () => Effect.succeed(deny("all is denied", Refusals.noToolMayRun)),
  remember: () => Effect.void,
  inForce: { permission: "read-only" }
})

const ask = (
  rule: string,
  { access, describe }: Request,
  scopes: ReadonlyArray<Grants.Scope>,
  reason = `${rule} asks about it`
): Decision & { _tag: "Ask" } => ({
  _tag: "Ask",
  rule,
  isByMode: false,
  question: questionOf(access, describe),
  reason,
  scopes
})

/**
 * What a call would do, as it is asked about.
 *
 * @example
 * ```ts
 * import { Permission, Tool } from "effixir"
 *
 * Permission.questionOf(Tool.writes("/home/ada/app/notes.md"), "write notes.md")
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const questionOf = (access: Access, describe: string): string =>
  access.kind === "run"
    ? `run ${access.command}${access.workdir === undefined ? "" : ` in ${access.workdir}`}${
      access.stays === true ? " in the background, where it stays" : ""
    }`
    : describe

/** A control character in a command line. */
const controlIn = (access: Access): string | undefined =>
  access.kind === "run" ? control.exec(`${access.command}${access.workdir ?? ""}`)?.[0] : undefined

const denyControl = (rule: string, character: string): Decision =>
  deny(
    rule,
    Refusals.controlCharacter(escape(character)),
    Refusals.withoutControlCharacters
  )

/** Skills, settings, hooks and MCP servers, also a repository's: changes there affect what happens after this run. */
const steers = (path: string): boolean => /(^|\/)\.(agents|effixir|git|mcp\.json)(\/|$)/i.test(path)

/** No system supports a longer one. */
const maxPath = 5000

/** As a rule would spell it. */
const relative = (root: string, given: string): string => {
  const path = resolve(root, given.slice(0, maxPath))
  return path === root ? "." : below(root, path) ?? path
}
