/**
 * Puts what the library needs of large packages into it. Each is loaded through its module in `src/vendor/`, which is
 * bundled in its place: so nobody who installs the program installs all of those packages.
 */
import { readdirSync } from "node:fs"
import { defineConfig } from "rolldown"

export default defineConfig(
  readdirSync(new URL("src/vendor/", import.meta.url)).map((file) => ({
    input: `src/vendor/${file}`,
    platform: "node" as const,
    output: { file: `dist/vendor/${file.replace(/\.ts$/, ".js")}`, format: "esm" as const, minify: true }
  }))
)
