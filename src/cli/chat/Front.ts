/**
 * What a conversation is shown on: a terminal with a live area, or one where line comes after line.
 */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Choice } from "./Picker.ts"

export interface Front {
  readonly columns: () => number
  readonly hasColors: boolean
  /** Whether it comes line by line, so that nothing may move the cursor. */
  readonly isPlain: boolean
  /** Whether what is typed stays on the screen as it was typed, so that it need not be shown again. */
  readonly hasEcho: boolean
  /** Which key stops a turn. */
  readonly hint: string
  /** Shows rows for good. */
  readonly print: (rows: ReadonlyArray<string>) => Effect.Effect<void>
  /** Something that is shown meanwhile has changed. */
  readonly refresh: Effect.Effect<void>
  /** Lets the person choose; nothing if they do not. */
  readonly choose: <A>(
    question: string,
    choices: ReadonlyArray<Choice<A>>,
    at?: number
  ) => Effect.Effect<Option.Option<A>>
  /** Lets something else have the terminal meanwhile. */
  readonly aside: <A, E, R>(use: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Puts a text where the person writes, before what is there. */
  readonly give: (text: string) => Effect.Effect<void>
  /** Ends the conversation. */
  readonly leave: Effect.Effect<void>
}
