/**
 * Guesses what the person meant by an unknown word.
 */
import { closest } from "../internal/closest.ts"
import type { Flag } from "./Grammar.ts"

/** The command that differs least: in case, or in a letter or two. */
export const command = (word: string, names: ReadonlyArray<string>): string | undefined =>
  names.find((name) => name === word.toLowerCase()) ?? closest(word.toLowerCase(), names)

/** The option that differs in case, in dashes, in `no-`, is cut short, holds its value, or has a letter or two wrong. */
export const flag = (word: string, flags: ReadonlyArray<Flag>): string | undefined => {
  const lower = word.toLowerCase()
  const names = flags.flatMap((flag) => flag.names)
  const found = names.find((name) => name.toLowerCase() === lower) ??
    names.find((name) => bare(name) === bare(lower))
  if (found !== undefined) return found
  const short = word.startsWith("--") ? undefined : names.find((name) => name === word.slice(0, 2))
  const long = names.filter((name) => name.startsWith("--"))
  const meant = bare(lower).length > 1
    ? long.find((name) => bare(name).startsWith(bare(lower))) ?? closest(`--${bare(lower)}`, long)
    : undefined
  return meant ?? (short === undefined ? undefined : `${short} ${word.slice(2)}`)
}

const bare = (name: string): string => name.replace(/^-*(?:no-)?/, "")
