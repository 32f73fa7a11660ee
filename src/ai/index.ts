export * as Embeddings from "./Embeddings.ts"
export * as ResponsesLanguageModel from "./ResponsesLanguageModel.ts"
export { layer } from "./ResponsesLanguageModel.ts"
export * as Tools from "./Tools.ts"
