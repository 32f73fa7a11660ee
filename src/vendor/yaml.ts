/** @internal */
export { parse } from "yaml"
