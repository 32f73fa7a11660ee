/** @internal */
export { createParser } from "eventsource-parser"
