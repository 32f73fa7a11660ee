/** Breaks a text into lines, each behind the indent. */
export const wrap = (text: string, width: number, indent: string): string => {
  const lines = [""]
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? ""
    if (last !== "" && indent.length + last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`
  }
  return lines.map((line) => `${indent}${line}`).join("\n")
}
