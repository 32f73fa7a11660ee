/** A folder that a sandbox keeps commands from writing. */
import * as Effect from "effect/Effect"
import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { userInfo } from "node:os"
import { join } from "node:path"

/** Outside of the temporary ones, which commands may write: the checkout itself may be in one of them. */
export const makeOutside = (): string => {
  const places = [join(process.cwd(), "node_modules"), userInfo().homedir]
  const place = places.find((path) => !/^\/(?:var\/)?tmp(?:\/|$)/.test(path)) ?? "/"
  return realpathSync(mkdtempSync(join(place, ".effixir-test-")))
}

/** The same, for as long as the Scope is open. */
export const outside = Effect.acquireRelease(
  Effect.sync(makeOutside),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)
