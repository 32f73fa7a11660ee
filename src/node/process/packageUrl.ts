import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

/** The URL at which another process can load a package of this one, since it would resolve the name elsewhere. */
export const packageUrl = (name: string): string => pathToFileURL(createRequire(import.meta.url).resolve(name)).href
