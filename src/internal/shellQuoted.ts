/**
 * Quotes a text so that a shell reads it as one word, whatever is in it.
 *
 * @internal
 */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
