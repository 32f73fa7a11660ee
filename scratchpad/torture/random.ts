/** Numbers that a seed decides (mulberry32), so that what was found can be looked for again. */
export interface Random {
  /** From 0 up to, and without, 1. */
  readonly next: () => number
  readonly below: (end: number) => number
  readonly of: <A>(values: readonly [A, ...ReadonlyArray<A>]) => A
}

export const make = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return { next, below, of: (values) => values[below(values.length)] ?? values[0] }
}
