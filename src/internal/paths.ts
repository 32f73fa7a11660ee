/**
 * The path that a word names from a folder, without `.` and `..`. Only the spelling counts: links are not followed.
 */
export const resolve = (folder: string, word: string): string => {
  const parts: Array<string> = []
  for (const part of (word.startsWith("/") ? word : `${folder}/${word}`).split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return `/${parts.join("/")}`
}

/** The part of a path below a folder, which may be the root; `undefined` if the path lies outside. */
export const below = (folder: string, path: string): string | undefined => {
  if (path === folder) return ""
  const start = folder.endsWith("/") ? folder : `${folder}/`
  return path.startsWith(start) ? path.slice(start.length) : undefined
}

export const isWithin = (folder: string, path: string): boolean => below(folder, path) !== undefined
