import * as Effect from "effect/Effect"

/** What a command does, loaded when it runs: so no command makes the others start slower. */
export const handler =
  <Options, A, E, R>(load: () => Promise<{ readonly handle: (options: Options) => Effect.Effect<A, E, R> }>) =>
  (options: Options): Effect.Effect<A, E, R> => Effect.flatMap(Effect.promise(load), ({ handle }) => handle(options))
