/**
 * The person or program that is asked whether a call may run.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Elicitation from "../mcp/Elicitation.ts"
import type { Child } from "../Tool.ts"
import type { FileChange } from "../workspace/FileChange.ts"
import type { Scope, ScopeKind } from "./Grants.ts"

/**
 * What a call is about, complete and unescaped. A user interface must escape it, so that it cannot imitate other
 * output.
 *
 * - `Command` a shell command, and the folder it runs in, if it is not the workspace
 * - `Changes` how files change
 * - `Call` the arguments as the model wrote them
 *
 * @since 0.1.0
 * @category models
 */
export type Subject =
  | {
    readonly _tag: "Command"
    readonly command: string
    readonly workdir: string | undefined
    /** Whether it goes on running in the background. */
    readonly stays?: boolean
    /** Where it has run already: the files and folders that it could then write as well, when it runs again. */
    readonly writable?: ReadonlyArray<string>
  }
  | { readonly _tag: "Changes"; readonly changes: ReadonlyArray<FileChange> }
  | { readonly _tag: "Call"; readonly arguments: string }

/**
 * - `itemId` the call of the session that it is about
 * - `text` what the call would do, in a few words
 * - `subject` what it is about
 * - `reason` why approval is needed, where the subject does not say it
 * - `scopes` what "always" may allow for the rest of the session, the narrowest first
 * - `rule` what has it asked
 * - `child` the agent that wants it, where that is a child of the session's own: `itemId` is the call it works for
 *
 * @since 0.1.0
 * @category models
 */
export interface Question {
  readonly sessionId: string
  readonly itemId: string
  readonly tool: string
  readonly text: string
  readonly subject: Subject
  readonly reason: string | undefined
  readonly scopes: ReadonlyArray<Scope>
  readonly rule?: string | undefined
  readonly child?: Child | undefined
}

/**
 * Yes, this once; yes, and from then on whatever a scope of the question allows (the narrowest, if none is named); or no,
 * with words for the model.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer =
  | { readonly _tag: "Once" }
  | { readonly _tag: "Always"; readonly scope?: ScopeKind | undefined }
  | { readonly _tag: "No"; readonly words?: string | undefined }

/** @since 0.1.0 @category answers */
export const once: Answer = { _tag: "Once" }

/** @since 0.1.0 @category answers */
export const always = (scope?: ScopeKind): Answer => ({ _tag: "Always", scope })

/** @since 0.1.0 @category answers */
export const no = (words?: string): Answer => ({ _tag: "No", words })

/** @since 0.1.0 @category models */
export interface Asking {
  /**
   * Whether a person is there. Where that is not known, what need not be asked is asked only in sessions that ask
   * anyway, by their mode.
   */
  readonly isThere?: boolean | undefined
  /** The answer, or nothing if there is no one to give it. Questions come one at a time. */
  readonly ask: (question: Question) => Effect.Effect<Option.Option<Answer>>
  /** Lets the person fill in the form of an MCP server; absent where nobody can, and such forms are declined. */
  readonly fill?: ((form: Elicitation.Form) => Effect.Effect<Elicitation.Answer>) | undefined
  /** Shows the person the address of a page, and opens it if they say yes; absent where nobody can. */
  readonly visit?: ((page: Elicitation.Page) => Effect.Effect<Elicitation.Answer>) | undefined
}

/**
 * By default there is no approver, and questions do not wait.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Approver } from "effixir"
 *
 * // Yes to all that only reads, and no to the rest; each question is a value.
 * const Careful = Approver.layer((question) =>
 *   Effect.succeedSome(question.tool === "read" ? Approver.always() : Approver.no("Only look."))
 * )
 *
 * const nobody = Approver.layerNobody // who is asked, if nobody is there: every question is refused
 * const inATest = Approver.layerScripted(Approver.once, Approver.no())
 * const current = Approver.Approver
 * ```
 *
 * @since 0.1.0
 * @category references
 */
export class Approver extends Context.Reference<Approver>()("effixir/tools/permission/Approver", {
  defaultValue: (): Asking => nobody
}) {}

const nobody: Asking = { isThere: false, ask: () => Effect.succeedNone }

/** @since 0.1.0 @category layers */
export const layer = (ask: Asking["ask"]): Layer.Layer<never> => Layer.succeed(Approver, { ask })

/**
 * An approver that never answers: every question gets nothing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNobody: Layer.Layer<never> = Layer.succeed(Approver, nobody)

/**
 * Gives these answers in order, and none after the last.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerScripted = (...answers: ReadonlyArray<Answer>): Layer.Layer<never> =>
  Layer.effect(
    Approver,
    Effect.map(Ref.make(0), (count) => ({
      ask: () => Effect.map(Ref.getAndUpdate(count, (n) => n + 1), (n) => Option.fromNullable(answers[n]))
    }))
  )
