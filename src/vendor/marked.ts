/** @internal */
export { Marked } from "marked"
