/** @internal */
export { default } from "ignore"
