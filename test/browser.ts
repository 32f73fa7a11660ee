import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { existsSync, mkdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Browser, chromium } from "playwright-core"

/** Where Debian puts it; another place can be named. */
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium"

export const isThere: boolean = existsSync(executablePath)

/** Where a person finds what the pages look like. */
const screenshots = process.env["EFFIXIR_TEST_SCREENSHOTS"] ?? join(tmpdir(), "effixir-screenshots")

export const picture = (name: string): string => {
  mkdirSync(screenshots, { recursive: true })
  return join(screenshots, `${name}.png`)
}

export const browser: Effect.Effect<Browser, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() =>
    chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    })
  ),
  (browser) => Effect.promise(() => browser.close())
)
