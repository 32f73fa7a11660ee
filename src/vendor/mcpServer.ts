/** @internal */
export { Server } from "@modelcontextprotocol/sdk/server/index.js"
/** @internal */
export { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
/** @internal */
export { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
