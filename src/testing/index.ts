export * as OpenAiSimulator from "./OpenAiSimulator.ts"
export * as Script from "./Script.ts"
export * as ScriptedResponses from "./ScriptedResponses.ts"
export * as SessionStoreContract from "./SessionStoreContract.ts"
