import type { Mode } from "../tools/permission/Mode.ts"

/** What each mode lets tools do, as the person who chooses is told. */
export const modes: { readonly [mode in Mode]: string } = {
  auto: "everything may run",
  ask: "you are asked before anything is changed",
  "read-only": "nothing may be changed"
}
