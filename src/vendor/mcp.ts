/** @internal */
export { type OAuthClientProvider, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js"
/** @internal */
export { Client } from "@modelcontextprotocol/sdk/client/index.js"
/** @internal */
export { SSEClientTransport, SseError } from "@modelcontextprotocol/sdk/client/sse.js"
/** @internal */
export { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
/** @internal */
export { Server } from "@modelcontextprotocol/sdk/server/index.js"
/** @internal */
export { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
/** @internal */
export type { OAuthTokens } from "@modelcontextprotocol/sdk/shared/auth.js"
/** @internal */
export type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js"
/** @internal */
export {
  CallToolRequestSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ErrorCode,
  JSONRPCMessageSchema,
  ListRootsRequestSchema,
  ListToolsRequestSchema,
  McpError,
  PromptListChangedNotificationSchema,
  ResultSchema,
  ToolListChangedNotificationSchema
} from "@modelcontextprotocol/sdk/types.js"
