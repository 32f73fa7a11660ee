/** @internal */
export { parse } from "shell-quote"
