/** @internal */
export { applyEdits, createScanner, findNodeAtLocation, modify, parse, parseTree } from "jsonc-parser"
