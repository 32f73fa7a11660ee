/**
 * Describes a search of the server for a person.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { field, parse, text } from "../internal/json.ts"
import type { Item } from "./Item.ts"

export const isSearch = (item: Item): boolean => item.type === "web_search_call"

/** What was looked for: words, a page, or words in a page. Servers differ in how much they report. */
export const queryOf = (item: Item): string => {
  const action = item["action"]
  const [query, url, pattern] = ["query", "url", "pattern"].map((name) => text(field(action, name)) ?? "")
  const queries = field(action, "queries")
  if (pattern !== "" && url !== "") return `"${pattern}" in ${url}`
  if (query !== "" || url !== "") return query !== "" ? query ?? "" : url ?? ""
  if (Array.isArray(queries)) return queries.filter(Predicate.isString).join(", ")
  return text(field(parse(text(item["arguments"]) ?? ""), "query")) ?? ""
}
