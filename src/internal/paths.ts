/**
 * Where a word leads from a folder, without `.` and `..`, as far as its spelling tells: links are not looked at.
 */
export const resolve = (folder: string, word: string): string => {
  const parts: Array<string> = []
  for (const part of (word.startsWith("/") ? word : `${folder}/${word}`).split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return `/${parts.join("/")}`
}

/** What a path says below a folder, which may be the root of all; `undefined` if it lies outside. */
export const below = (folder: string, path: string): string | undefined => {
  if (path === folder) return ""
  const start = folder.endsWith("/") ? folder : `${folder}/`
  return path.startsWith(start) ? path.slice(start.length) : undefined
}

export const isWithin = (folder: string, path: string): boolean => below(folder, path) !== undefined
