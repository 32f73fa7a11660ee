export * as Migrations from "./Migrations.ts"
export * as SqlCredentialStore from "./SqlCredentialStore.ts"
export * as SqlSessionStore from "./SqlSessionStore.ts"
