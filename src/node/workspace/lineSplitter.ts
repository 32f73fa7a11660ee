/** A line longer than this loses its end. In characters. */
const maxLength = 4 * 1024 * 1024

/**
 * Cuts text that comes in pieces into lines, in bounded memory however long a line is. With nothing to push, gives what
 * is left.
 */
export const makeLineSplitter = (end = "\n") => {
  let rest = ""
  return {
    push: (text: string): ReadonlyArray<string> => {
      const lines = text.split(end)
      lines[0] = join(rest, lines[0] ?? "")
      rest = lines.pop() ?? ""
      return lines
    },
    end: (): ReadonlyArray<string> => rest === "" ? [] : [rest]
  }
}

const join = (rest: string, text: string): string =>
  rest === "" ? text : rest.length >= maxLength ? rest : rest + text.slice(0, maxLength - rest.length)
