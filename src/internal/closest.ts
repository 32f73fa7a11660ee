import { distance } from "../vendor/levenshtein.ts"

/** The name that a word was probably meant to be: it differs in a letter, or in two of a longer one. */
export const closest = (word: string, names: ReadonlyArray<string>): string | undefined => {
  const reach = word.replace(/^-*(?:no-)?/, "").length > 4 ? 2 : 1
  return names
    .map((name) => ({ name, away: distance(name, word) }))
    .filter(({ away }) => away <= reach)
    .toSorted((a, b) => a.away - b.away)[0]?.name
}
