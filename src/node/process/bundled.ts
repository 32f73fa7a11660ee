import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

/**
 * The path of a file of another package. A built package has it in `dist/vendor/`, so that nobody has to install that
 * other one, and `installed` is what it is called in it.
 */
export const bundled = (file: string, installed: string): string =>
  // As the library sees it, and as the program does.
  ["../../vendor/", "../vendor/"].map((folder) => fileURLToPath(new URL(`${folder}${file}`, import.meta.url))).find(
    (path) => existsSync(path)
  ) ?? createRequire(import.meta.url).resolve(installed)
