/**
 * The profile of `sandbox-exec`, which holds a command to rules on macOS.
 *
 * @internal
 */
import { existsSync } from "node:fs"
import type { Rules } from "./Rules.ts"

const program = "/usr/bin/sandbox-exec"

/** @since 0.1.0 @category finding */
export const find = (): string | undefined => existsSync(program) ? program : undefined

/** @since 0.1.0 @category arguments */
export const wrap = (program: string, rules: Rules): ReadonlyArray<string> => [program, "-p", profile(rules)]

/**
 * What holds for a command, as a profile: of several lines about a path, the last one counts.
 *
 * @since 0.1.0
 * @category arguments
 */
export const profile = (rules: Rules): string =>
  [
    "(version 1)",
    "(allow default)",
    "(deny file-write*)",
    "(allow file-write* (subpath \"/dev\"))",
    ...lines("allow file-write*", "subpath", rules.writable),
    ...lines("deny file-write*", "literal", rules.pinned),
    ...lines("deny file-write*", "subpath", [...rules.protected, ...rules.absent]),
    ...lines("deny file-read* file-write*", "subpath", rules.emptied),
    ...lines("allow file-read*", "subpath", rules.shown),
    ...lines("deny file-read* file-write*", "literal", rules.hidden),
    ...rules.network ? [] : ["(deny network*)", "(allow network* (local unix))", "(allow network* (remote unix))"]
  ].join("\n")

const lines = (what: string, kind: "literal" | "subpath", paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.map((path) => `(${what} (${kind} ${JSON.stringify(path)}))`)
