/**
 * The end of the first JSON object or list of a text from here on: the index behind the bracket that closes it;
 * `undefined` if none is closed. A text may be as long as a model can write, which a regular expression is not made for.
 *
 * @param ends is told the end of every bracket that is met on the way
 */
export const endOfValue = (
  text: string,
  start: number,
  ends?: Map<number, number | undefined>
): number | undefined => {
  const open: Array<number> = []
  let isInString = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (isInString) {
      if (character === "\\") at++
      else if (character === "\"") isInString = false
    } else if (character === "\"") isInString = true
    else if (character === "{" || character === "[") open.push(at)
    else if (character === "}" || character === "]") {
      const from = open.pop()
      if (from !== undefined) ends?.set(from, at + 1)
      if (open.length === 0) return at + 1
    }
  }
  for (const from of open) ends?.set(from, undefined)
  return undefined
}

/**
 * The objects in a text, each before those inside of it, which are left out if it is answered that it was taken. What
 * looks like a string may be none, and is looked through again; a text that is made for that could cost the square of its
 * length, so the search ends when it has cost too much.
 */
export function* objectsIn(text: string): Generator<string, void, boolean> {
  const ends = new Map<number, number | undefined>()
  let left = looks * text.length
  for (let at = text.indexOf("{"); at !== -1 && left > 0;) {
    if (!ends.has(at)) left -= (endOfValue(text, at, ends) ?? text.length) - at
    const end = ends.get(at)
    if (end !== undefined) left -= end - at
    const isTaken = end !== undefined && (yield text.slice(at, end))
    at = text.indexOf("{", isTaken ? end : at + 1)
  }
}

/** How often each character of a text may be looked at, on average. */
const looks = 32
