/** @internal */
export { structuredPatch } from "diff"
