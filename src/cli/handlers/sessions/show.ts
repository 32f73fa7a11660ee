import * as Effect from "effect/Effect"
export const handle = (_: unknown) => Effect.void
