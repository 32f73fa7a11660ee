export * as Instructions from "./Instructions.ts"
