/**
 * Why a session cannot be used.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * - `NotFound` there is no such session
 * - `Busy` another program, or another fiber of this one, has it open for writing
 * - `Corrupt` its log cannot be read
 * - `Newer` a later version of effixir has written it
 * - `PastLost` it is a fork, and what it shares with another session is not there any more
 * - `NoTurn` it has no such turn
 * - `Forked` others share its past, so that it cannot be deleted
 * - `Io` the disk refused
 * - `Remote` the machine that runs its turns has refused, or failed, for a reason that has no error of its own here
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { SessionStore } from "effixir"
 * import { SessionError } from "effixir/session"
 *
 * // A session that may be new.
 * const eventsOf = (session: string) =>
 *   Effect.flatMap(SessionStore.SessionStore, (store) => store.read(session)).pipe(
 *     Effect.catchIf(({ reason }) => reason === "NotFound", () => Effect.succeed([]))
 *   )
 *
 * // What a driver of your own answers.
 * const read = (id: string, lines: ReadonlyArray<string> | undefined) =>
 *   lines === undefined ? SessionError.notFound(id) : Effect.succeed(lines)
 * const keep = (id: string, forks: ReadonlyArray<string>) =>
 *   new SessionError.SessionError({ reason: "Forked", session: id, detail: SessionError.neededBy(forks) })
 * ```
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionError extends Schema.TaggedError<SessionError>("effixir/session/SessionStore/SessionError")(
  "SessionError",
  {
    reason: Schema.Literal("NotFound", "Busy", "Corrupt", "Newer", "PastLost", "NoTurn", "Forked", "Io", "Remote"),
    session: Schema.String,
    detail: Schema.String,
    cause: Schema.optional(Schema.Defect)
  }
) {
  override get message(): string {
    switch (this.reason) {
      case "NotFound":
        return `There is no session ${this.session}`
      case "NoTurn":
        return `Session ${this.session} cannot be forked there: ${this.detail}`
      case "Busy":
        return `Session ${this.session} is in use by another process; wait for it, or start a new session`
      case "Corrupt":
        return `The log of session ${this.session} cannot be read: ${this.detail}`
      case "Newer":
        return `Session ${this.session} was written by a later version of effixir: ${this.detail}. Update effixir to go on with it`
      case "PastLost":
        return `Session ${this.session} cannot go on: ${this.detail}. Put that log back as it was; what this session itself holds is shown by: effixir sessions show ${this.session}`
      case "Forked":
        return `Session ${this.session} cannot be deleted: ${this.detail}`
      case "Io":
        return `The log of session ${this.session} cannot be used: ${this.detail}`
      case "Remote":
        return `The runner of session ${this.session} has refused: ${this.detail}`
    }
  }
}

/**
 * Why a session that has these forks stays, as the end of a sentence.
 *
 * @since 0.1.0
 * @category errors
 */
export const neededBy = (forks: ReadonlyArray<string>): string =>
  `${forks.join(", ")} ${forks.length === 1 ? "is a fork that goes" : "are forks that go"} on from it. Delete ${
    forks.length === 1 ? "that one" : "those"
  } as well`

/** @since 0.1.0 @category errors */
export const notFound = (session: string) => new SessionError({ reason: "NotFound", session, detail: "" })
