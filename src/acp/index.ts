export * as AcpAgent from "./AcpAgent.ts"
export * as ClientCommands from "./ClientCommands.ts"
export * as ClientFiles from "./ClientFiles.ts"
export * as Conversations from "./Conversations.ts"
