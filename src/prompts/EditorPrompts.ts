/**
 * What an editor sends along with a prompt, as the model reads it.
 *
 * @internal
 */

/**
 * A file or another thing that the user points at.
 *
 * @since 0.1.0
 * @category texts
 */
export const link = (name: string, uri: string): string => `[${name}](${uri})`

/**
 * The content of a thing that the user points at.
 *
 * @since 0.1.0
 * @category texts
 */
export const resource = (uri: string, content: string): string =>
  `<resource uri=${JSON.stringify(uri)}>\n${content}\n</resource>`

/**
 * The user points at a thing whose content cannot be shown.
 *
 * @since 0.1.0
 * @category texts
 */
export const unreadable = (uri: string, type: string): string =>
  `<resource uri=${JSON.stringify(uri)}>not shown, as it is not text (${type})</resource>`
