/**
 * Splits off the reasoning that a model writes in front of its answer, between tags, where the server does not.
 *
 * @internal
 */

/** @since 0.1.0 @category models */
export interface Splitter {
  /** The next piece of the text; it may be cut within a tag. What may become a tag is held back. */
  readonly push: (piece: string) => ReadonlyArray<Part>
  /** What was held back, at the end of the text. */
  readonly rest: () => ReadonlyArray<Part>
  /** Whether the answer has begun: all that follows belongs to it. */
  readonly isInAnswer: () => boolean
}

/** @since 0.1.0 @category models */
export type Part = readonly [kind: "thought" | "answer", text: string]

const tags: ReadonlyArray<readonly [open: string, close: string]> = [
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  // Magistral's.
  ["[THINK]", "[/THINK]"]
]

/**
 * Whether a text may begin with thoughts; of nearly all texts a look at the first character tells.
 *
 * @since 0.1.0
 * @category predicates
 */
export const mayThink = (text: string): boolean => {
  const begun = text.trimStart()
  return tags.some(([open]) => begun.startsWith(open))
}

/**
 * Splits one text. A tag counts only at its very start: further on, it is something that the answer speaks of. The space
 * around the thoughts belongs to the tags.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): Splitter => {
  let state: "start" | "thinking" | "thought" | "answer" = "start"
  let close = ""
  let held = ""
  let hasThought = false

  const told = (kind: Part[0], text: string): ReadonlyArray<Part> => text === "" ? [] : [[kind, text]]

  const think = (text: string): ReadonlyArray<Part> => {
    const thought = hasThought ? text : text.trimStart()
    hasThought ||= thought !== ""
    return told("thought", thought)
  }

  const push = (piece: string): ReadonlyArray<Part> => {
    if (state === "answer") return [["answer", piece]]
    const text = held + piece
    const begun = text.trimStart()
    held = ""
    switch (state) {
      case "start": {
        const tag = tags.find(([open]) => begun.startsWith(open))
        if (tag !== undefined) {
          state = "thinking"
          close = tag[1]
          return push(begun.slice(tag[0].length))
        }
        if (tags.some(([open]) => open.startsWith(begun))) {
          held = text
          return []
        }
        state = "answer"
        return told("answer", text)
      }
      case "thinking": {
        const end = text.indexOf(close)
        if (end !== -1) {
          state = "thought"
          return [...think(text.slice(0, end).trimEnd()), ...push(text.slice(end + close.length))]
        }
        const whole = text.slice(0, text.length - unfinished(text, close)).trimEnd()
        held = text.slice(whole.length)
        return think(whole)
      }
      case "thought":
        if (begun !== "") state = "answer"
        return told("answer", begun)
    }
  }

  return {
    push,
    isInAnswer: () => state === "answer",
    rest: () => {
      const text = held
      held = ""
      return state === "thinking" ? think(text) : told("answer", text)
    }
  }
}

/** How much of the end of a text may be the beginning of a tag. */
const unfinished = (text: string, tag: string): number => {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(tag.slice(0, length))) return length
  }
  return 0
}
