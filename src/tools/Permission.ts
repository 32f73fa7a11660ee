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
import { below, resolve } from "../internal/paths.ts"
import * as CommandCheck from "./CommandCheck.ts"
import type { CommandRunner } from "./CommandRunner.ts"
import * as Policy from "./Policy.ts"
import * as SafeCommands from "./SafeCommands.ts"
import { SecretFiles } from "./SecretFiles.ts"
import type { Access } from "./Tool.ts"
import { Workspace } from "./Workspace.ts"

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
 * - `Allow` the call runs; `isRoutine` where nothing else could have been decided, so that nobody need read of it
 * - `Deny` it does not, and the model is told why
 * - `Ask` somebody has to say; `grants` is what "always" would let pass from then on, and `always` says so in a line.
 *   `isByMode` where it is the mode that asks, and `auto` would not
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | { readonly _tag: "Allow"; readonly rule: string; readonly isRoutine: boolean }
  | { readonly _tag: "Deny"; readonly rule: string; readonly reason: string }
  | {
    readonly _tag: "Ask"
    readonly rule: string
    readonly isByMode: boolean
    readonly question: string
    readonly grants: ReadonlyArray<string>
    readonly always: string
  }

/** @since 0.1.0 @category services */
export class Permission extends Context.Tag("effixir/tools/Permission")<Permission, {
  readonly decide: (request: Request) => Effect.Effect<Decision>
  /** Lets pass in a session what somebody has allowed for all of it. */
  readonly remember: (sessionId: string, grants: ReadonlyArray<string>) => Effect.Effect<void>
  /** How it decides, in a few words for the log of a session: it goes on like that when it goes on. */
  readonly leash?: { readonly permission: Policy.Mode; readonly policy?: string }
}>() {}

type FileAccess = Extract<Access, { readonly paths: unknown }>
type CommandAccess = Extract<Access, { readonly kind: "run" }>

const allow = (rule: string, isRoutine = false): Decision => ({ _tag: "Allow", rule, isRoutine })
const deny = (rule: string, reason: string): Decision => ({ _tag: "Deny", rule, reason })

/**
 * Decides by a policy, and by a mode where no rule is about a call.
 *
 * - Secret files are denied to every tool that takes paths, unless a rule allows their very paths.
 * - What later runs are told and what git does (`.agents` and `.git`, anywhere) is written by tools that take paths only
 *   where a rule allows the very paths, or somebody is there to say so. `AGENTS.md` is open: people ask for it.
 * - `auto` lets everything else run. That holds for commands too, also for those that name a secret file: a shell can
 *   reach it in more ways than a name tells, and what is asked for by one name and not by another protects nothing.
 * - `ask` lets run what reads, and commands that only look; it asks about all others.
 * - `read-only` refuses what `ask` asks about.
 *
 * "Always" is about the tool, and for a command about the same command: all of it, or the first words of programs that
 * have commands of their own (`git push`). No such word outdoes a rule that denies.
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

  const byMode = (request: Request, isHarmless: boolean, why: string, namesSecret = false): Decision => {
    const rule = `mode ${otherwise}`
    if (otherwise === "auto") return allow(rule, policy.rules.length === 0)
    if (isHarmless) return allow(rule)
    return otherwise === "ask" ? { ...ask(rule, request, namesSecret), isByMode: true } : deny(rule, why)
  }

  const decideFiles = Effect.fnUntraced(function*(request: Request, access: FileAccess) {
    const { sessionId, tool } = request
    const paths = yield* Effect.forEach(access.paths, spellings)
    const verdict = Policy.judge(policy, tool, { _tag: "Files", paths })
    if (verdict._tag === "deny") return deny(verdict.rule, "a rule denies it")
    const isExplicit = verdict._tag === "allow" && verdict.isExplicit
    const secret = paths.flat().find((path) => secrets.isSecret(resolve(root, path), sessionId, access.kind))
    if (secret !== undefined && !isExplicit) {
      const isSkill = access.kind === "write" && !secrets.isSecret(resolve(root, secret), sessionId)
      return deny(
        "secret files",
        isSkill
          ? `${secret} is part of a skill, which can only be read`
          : `${secret} is a file that holds secrets, or is taken for one`
      )
    }
    const steering = access.kind === "write" && !isExplicit ? [...new Set(paths.flat().filter(steers))] : []
    const [first] = steering
    if (first !== undefined) {
      if (verdict._tag === "ask") return askToSteer(verdict.rule, request, steering)
      return otherwise === "ask" ? askToSteer(`mode ${otherwise}`, request, steering) : deny(
        "protected files",
        `${first} is part of what later runs or git go by, and is written only where a rule of the user's names its path`
      )
    }
    if (verdict._tag === "allow") return allow(verdict.rule)
    return verdict._tag === "ask"
      ? ask(verdict.rule, request)
      : byMode(request, access.kind === "read", "it would change files")
  })

  const decideCommand = Effect.fnUntraced(function*(request: Request, access: CommandAccess) {
    const { sessionId, tool } = request
    const { command, workdir } = access
    if (otherwise === "auto" && policy.rules.length === 0) return byMode(request, true, "")
    const verdict = Policy.judge(policy, tool, { _tag: "Command", command })
    if (verdict._tag === "deny") return deny(verdict.rule, "a rule denies it")
    const line = yield* check.read({ command, workdir, sessionId })
    const { namesSecret } = line
    const denied = Policy.judge(policy, "read", { _tag: "Files", paths: line.paths })
    if (denied._tag === "deny") return deny(denied.rule, "a rule denies what it names")
    if (verdict._tag === "ask") return ask(verdict.rule, request, namesSecret)
    if (verdict._tag === "allow" && (!namesSecret || otherwise === "auto")) return allow(verdict.rule)
    if (otherwise === "auto") return byMode(request, true, "")
    if (namesSecret) return byMode(request, false, "it names a file that holds secrets", true)
    const objection = yield* line.objection(verdict._tag === "none" ? verdict.undecided : [])
    return byMode(request, Option.isNone(objection), Option.getOrElse(objection, () => ""))
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
        if (verdict._tag === "deny") return Effect.succeed(deny(verdict.rule, "a rule denies it"))
        if (verdict._tag === "ask") return Effect.succeed(ask(verdict.rule, request))
        return Effect.succeed(
          verdict._tag === "allow"
            ? allow(verdict.rule)
            : byMode(request, false, `what ${tool} does is not known to only look`)
        )
      }
    }
  }

  return Permission.of({
    decide: Effect.fnUntraced(function*(request) {
      const decision = yield* decide(request)
      if (decision._tag !== "Ask") return decision
      const known = (yield* Ref.get(granted)).get(request.sessionId)
      return decision.grants.length > 0 && decision.grants.every((grant) => known?.has(grant) === true)
        ? allow("always in this session")
        : decision
    }),
    remember: (sessionId, grants) =>
      grants.length === 0 ? Effect.void : Ref.update(
        granted,
        (all) => new Map(all).set(sessionId, new Set([...all.get(sessionId) ?? [], ...grants]))
      ),
    leash: { permission: otherwise, ...(policy === noRules ? {} : { policy: policy.source }) }
  })
})

/**
 * What it takes to decide: where the paths of a call lead, what the repository names, and what a command would show, which
 * its program is asked for.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = CommandRunner | FileSystem.FileSystem | Workspace

const noRules: Policy.Policy = { source: "", rules: [], otherwise: undefined }

/**
 * Decides by a policy; `otherwise` is the mode if the policy names none.
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
 * Lets everything run: for tools that are nobody's business but the host's.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAllowAll: Layer.Layer<Permission> = Layer.succeed(Permission, {
  decide: () => Effect.succeed(allow("all is allowed", true)),
  remember: () => Effect.void
})

/**
 * Lets nothing run.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerDenyAll: Layer.Layer<Permission> = Layer.succeed(Permission, {
  decide: () => Effect.succeed(deny("all is denied", "no tool may run")),
  remember: () => Effect.void,
  leash: { permission: "read-only" }
})

const ask = (rule: string, { access, describe, tool }: Request, namesSecret = false): Decision & { _tag: "Ask" } => {
  const of = { _tag: "Ask" as const, rule, isByMode: false }
  if (access.kind !== "run") {
    return { ...of, question: describe, grants: [`tool ${tool}`], always: `every call of ${tool}` }
  }
  const { command, workdir } = access
  const place = workdir === undefined ? "" : ` in ${workdir}`
  // Who lets git show one thing has not let it show a secret.
  const commands = namesSecret ? [exactly(command)] : commandsOf(command)
  return {
    ...of,
    question: `run ${whole(command)}${place}`,
    grants: commands.map(({ grant }) => `${tool} ${grant}${place}`),
    always: commands.map(({ always }) => always).join(", and ")
  }
}

/** Skills, and a repository's settings and hooks: whoever writes there has a say in what happens after this run. */
const steers = (path: string): boolean => /(^|\/)\.(agents|git)(\/|$)/i.test(path)

/** Who has let a tool write files has not let it write these. */
const askToSteer = (rule: string, { describe, tool }: Request, paths: ReadonlyArray<string>): Decision => ({
  _tag: "Ask",
  rule,
  isByMode: false,
  question: describe,
  grants: paths.map((path) => `tool ${tool} ${path}`),
  always: `calls of ${tool} that change ${paths.join(", ")}`
})

/** Programs whose first word after the name says what they do, and how many words say it. */
const commanders: { readonly [program: string]: number } = {
  git: 2,
  npm: 2,
  pnpm: 2,
  yarn: 2,
  bun: 2,
  cargo: 2,
  go: 2,
  make: 2,
  docker: 2,
  kubectl: 2,
  gh: 2,
  pip: 2,
  uv: 2
}

/** What "always" is about: a command with whatever options, where its words say what it is, and else the very command. */
const commandsOf = (line: string): ReadonlyArray<{ readonly grant: string; readonly always: string }> => {
  const parts = SafeCommands.split(line)
  if (parts === undefined) return [exactly(line)]
  return parts.map((words) => {
    const [program] = words
    const count = Object.hasOwn(commanders, program) ? commanders[program] ?? 0 : 0
    const length = words[1] === "run" || words[1] === "compose" ? count + 1 : count
    const first = words.slice(0, length)
    return count > 0 && first.length === length && first.every((word) => /^[\w:./]+[\w:./-]*$/.test(word))
      ? { grant: `begins ${JSON.stringify(first)}`, always: `commands that begin with "${first.join(" ")}"` }
      : exactly(JSON.stringify(words), words.join(" "))
  })
}

/** Whoever allows a command must have seen it; what is too long to be read is told by its two ends. */
const whole = (command: string): string =>
  command.length <= maxShown
    ? command
    : `${command.slice(0, maxShown / 2)} [… ${command.length - maxShown} characters …] ${command.slice(-maxShown / 2)}`

const maxShown = 2000

const exactly = (command: string, shown = command) => ({ grant: `is ${command}`, always: `"${shown}"` })

/** No system knows a longer one. */
const maxPath = 5000

/** As a rule would spell it. */
const relative = (root: string, given: string): string => {
  const path = resolve(root, given.slice(0, maxPath))
  return path === root ? "." : below(root, path) ?? path
}
