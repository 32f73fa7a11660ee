/** A name that contains a line break is shown as a JSON string. */
export const quote = (name: string): string => {
  if (!/[\p{Cc}\u2028\u2029]/u.test(name)) return name
  return JSON.stringify(name).replaceAll(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
}
