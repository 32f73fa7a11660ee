/**
 * `effixir config path`
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import { json as visibleJson } from "../../../internal/visible.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as ProjectSettings from "../../../node/settings/ProjectSettings.ts"
import * as Trust from "../../../node/settings/Trust.ts"
import type { Flags } from "../../commands/config/path.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ cd, json }: Flags) {
  const screen = yield* Screen
  const home = yield* Home.config
  if (!json) return yield* screen.out(`${home.config}\n`)
  const folder = Option.getOrElse(cd, () => ".")
  const project = {
    path: yield* ProjectSettings.fileOf(folder),
    exists: (yield* ProjectSettings.find(home, folder)) !== undefined,
    trusted: yield* Trust.isTrusted(home, folder)
  }
  const told = { path: home.config, exists: existsSync(home.config), project }
  yield* screen.out(`${visibleJson(JSON.stringify(told))}\n`)
})
