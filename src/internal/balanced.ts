/**
 * The end of the first JSON object or list of a text from here on: the index behind the bracket that closes it;
 * `undefined` if none is closed. A text may be as long as a model can write, which a regular expression is not made for.
 */
export const endOfValue = (text: string, start: number): number | undefined => {
  let depth = 0
  let isInString = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (isInString) {
      if (character === "\\") at++
      else if (character === "\"") isInString = false
    } else if (character === "\"") isInString = true
    else if (character === "{" || character === "[") depth++
    else if ((character === "}" || character === "]") && --depth <= 0) return at + 1
  }
  return undefined
}
