/** @internal */
export { distance } from "fastest-levenshtein"
