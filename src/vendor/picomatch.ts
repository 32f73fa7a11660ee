/** @internal */
export { default } from "picomatch"
