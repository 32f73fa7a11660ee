import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

/** Where another process finds a package that this one has: it would look elsewhere. */
export const packageUrl = (name: string): string => pathToFileURL(createRequire(import.meta.url).resolve(name)).href
