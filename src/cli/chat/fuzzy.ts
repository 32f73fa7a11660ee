/** How well a text fits what was typed, whose characters have to be in it in this order; nothing where they are not. */
export const score = (query: string, text: string): number | undefined => {
  const [wanted, lower] = [query.toLowerCase(), text.toLowerCase()]
  const whole = lower.indexOf(wanted)
  const base = lower.lastIndexOf("/") + 1
  // All of it in one piece is best: in the name of a file, and at the beginning of a word.
  if (whole >= 0) {
    const inName = lower.indexOf(wanted, base)
    const at = inName >= 0 ? inName : whole
    return 1000 + (inName >= 0 ? 200 : 0) + (isStart(text, at) ? 100 : 0) - Math.min(90, text.length / 4)
  }
  let sum = 0
  let at = -1
  for (const character of wanted) {
    const next = lower.indexOf(character, at + 1)
    if (next < 0) return undefined
    sum += next === at + 1 ? 5 : isStart(text, next) ? 4 : 1
    at = next
  }
  return sum - Math.min(90, text.length / 4) / 100
}

const isStart = (text: string, at: number): boolean =>
  at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? "") ||
  /\p{Lu}/u.test(text[at] ?? "") && !/\p{Lu}/u.test(text[at - 1] ?? "")

/** Those that fit, the best first; among equals their order stays. */
export const rank = <A>(query: string, all: ReadonlyArray<A>, textOf: (one: A) => string): ReadonlyArray<A> =>
  all.flatMap((one) => {
    const fits = score(query, textOf(one))
    return fits === undefined ? [] : [{ one, fits }]
  }).toSorted((a, b) => b.fits - a.fits).map(({ one }) => one)
