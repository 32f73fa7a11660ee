import * as Chunk from "effect/Chunk"

/** What comes one at a time mostly, between whoever leaves it and whoever takes it. */
export interface SmallQueue<A> {
  readonly add: (a: A) => void
  readonly size: () => number
  readonly take: () => Chunk.Chunk<A>
  readonly drain: (use: (a: A) => void) => void
}

/**
 * The first needs no array. Of arrays made for one thing over and over V8 believes, with a thousand streams open, that they
 * live long, and collects them and all they hold with the old.
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
