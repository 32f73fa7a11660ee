import { distance } from "../vendor/levenshtein.ts"

/**
 * The name that a word was probably meant to be: it differs in a letter, in two that changed places, or in two of a longer
 * one.
 */
export const closest = (word: string, names: ReadonlyArray<string>): string | undefined => {
  const reach = word.replace(/^-*(?:no-)?/, "").length > 4 ? 2 : 1
  return names
    .map((name) => ({ name, away: isSwapped(name, word) ? 1 : distance(name, word) }))
    .filter(({ away }) => away <= reach)
    .toSorted((a, b) => a.away - b.away)[0]?.name
}

/** Whether two letters side by side have changed places. */
const isSwapped = (name: string, word: string): boolean => {
  const at = [...name].findIndex((letter, at) => letter !== word[at])
  return at >= 0 && name.length === word.length && name[at] === word[at + 1] && name[at + 1] === word[at] &&
    name.slice(at + 2) === word.slice(at + 2)
}
