export * as History from "./History.ts"
export * as SessionEvent from "./SessionEvent.ts"
export * as SessionStore from "./SessionStore.ts"
export * as Summary from "./Summary.ts"
