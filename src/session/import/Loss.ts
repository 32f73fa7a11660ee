/**
 * What of a foreign session cannot be taken over, by kind.
 *
 * @since 0.1.0
 */

/**
 * - `Damaged` a line that cannot be read
 * - `Unknown` a line of a kind that is not known
 * - `Encrypted` reasoning that only the account of the other program could use
 * - `Thought` reasoning that is kept to be read, and not sent to another model
 * - `Branch` a message of a branch that was left
 * - `Edited` a message that the model was no longer sent as it was
 * - `Child` a message of an agent that worked for this one
 * - `Image` a picture that is not in the file, or of a type that servers do not take
 * - `Attachment` any other file
 * - `ServerStep` what the server did by itself, as a search
 * - `Output` an output whose call is not there
 * - `NoOutput` a call whose output is not there
 *
 * @since 0.1.0
 * @category models
 */
export type Loss = keyof typeof sentences

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

const sentences = {
  Damaged: (n: number) => `${plural(n, "line is damaged and was", "lines are damaged and were")} left out.`,
  Unknown: (n: number) => `${plural(n, "line is", "lines are")} of a kind that effixir does not know, and left out.`,
  Encrypted: (n: number) =>
    `${plural(n, "thought is", "thoughts are")} encrypted for the account of the other program, and left out.`,
  Thought: (n: number) =>
    `${plural(n, "thought is", "thoughts are")} kept for you to read; another model is not sent what this one thought.`,
  Branch: (n: number) => `${plural(n, "message", "messages")} of branches that were left stayed behind.`,
  Edited: (n: number) =>
    `${
      plural(n, "message was", "messages were")
    } edited in what the model is sent, or taken out of it: the original stayed behind.`,
  Child: (n: number) => `${plural(n, "message", "messages")} of agents that worked for this one stayed behind.`,
  Image: (n: number) =>
    `${plural(n, "picture is", "pictures are")} not in the file, or of a type that no server takes: words say so.`,
  Attachment: (n: number) => `${plural(n, "attached file", "attached files")} stayed behind.`,
  ServerStep: (n: number) =>
    `${plural(n, "step that the server took", "steps that the server took")} by itself stayed behind.`,
  Output: (n: number) => `${plural(n, "output has", "outputs have")} no call, and stayed behind.`,
  NoOutput: (n: number) =>
    `${plural(n, "call has", "calls have")} no output; the model is told that what became of it is not known.`
} as const

/**
 * One sentence about a kind of loss.
 *
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import { Loss, type SessionImport } from "effixir/session"
 *
 * // What a person is told after an import.
 * const tell = ({ losses }: SessionImport.Imported) =>
 *   Effect.forEach(losses, ([loss, count]) => Console.log(Loss.sentence(loss, count)), { discard: true })
 * ```
 *
 * @since 0.1.0
 * @category rendering
 */
export const sentence = (loss: Loss, count: number): string => sentences[loss](count)
