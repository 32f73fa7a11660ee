export * as AcpAgent from "./AcpAgent.ts"
export * as Conversations from "./Conversations.ts"
