import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { resolve } from "node:path"
import type * as Home from "../node/settings/Home.ts"
import * as PolicyFile from "../node/settings/PolicyFile.ts"
import type { Mode } from "../tools/permission/Mode.ts"

/** What each mode lets tools do, as the person who chooses is told. */
export const modes: { readonly [mode in Mode]: string } = {
  auto: "everything may run",
  ask: "you are asked before anything is changed",
  "read-only": "nothing may be changed"
}

/** Fails if the policy of the flag, or of the settings, cannot be used: for programs that have no session yet. */
export const checkPolicy = (
  flag: Option.Option<string>,
  { home, policy }: { readonly home: Home.Home; readonly policy?: string | undefined }
) => {
  const stored = policy === undefined ? undefined : resolve(home.path, policy)
  const file = Option.match(flag, { onNone: () => stored, onSome: (given) => resolve(given) })
  return file === undefined ? Effect.void : PolicyFile.load(file)
}
