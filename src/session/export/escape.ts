/**
 * Text in a page: nothing of it is markup, neither between tags nor in an attribute, and what a person cannot see is shown
 * by its number.
 *
 * @internal
 */
import { output } from "../../internal/visible.ts"

export const escape = (text: string): string =>
  output(text).replaceAll(/[&<>"']/g, (character) => entities[character] ?? "")

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}
