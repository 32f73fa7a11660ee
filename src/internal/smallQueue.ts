import * as Chunk from "effect/Chunk"

/** A queue between a producer and a consumer that mostly holds one item. */
export interface SmallQueue<A> {
  readonly add: (a: A) => void
  readonly size: () => number
  readonly take: () => Chunk.Chunk<A>
  readonly drain: (use: (a: A) => void) => void
}

/**
 * The first item needs no array. If each item had an array, then with a thousand open streams V8 would take these
 * arrays for long-lived, and collect them and their content only with the old generation.
 */
export const smallQueue = <A extends {}>(): SmallQueue<A> => {
  let first: A | undefined
  let more: Array<A> | undefined
  const clear = () => {
    first = more = undefined
  }
  return {
    add: (a) => {
      if (first === undefined) first = a
      else if (more === undefined) more = [a]
      else more.push(a)
    },
    size: () => first === undefined ? 0 : 1 + (more?.length ?? 0),
    take: () => {
      const taken = first === undefined
        ? Chunk.empty()
        : more === undefined
        ? Chunk.of(first)
        : Chunk.unsafeFromArray([first, ...more])
      clear()
      return taken
    },
    drain: (use) => {
      const [head, tail] = [first, more]
      clear()
      if (head !== undefined) use(head)
      tail?.forEach(use)
    }
  }
}
