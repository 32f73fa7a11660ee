/**
 * Gives a command a terminal of its own, by the program `script` that Linux (util-linux) and macOS have: it begins, is held
 * by the sandbox and ends like any other command, and no native module is needed.
 *
 * @internal
 */
import { shellQuoted } from "../../internal/shellQuoted.ts"
import * as ToolFailures from "../../prompts/ToolFailures.ts"

/** A size that programs draw well on: a new terminal has none. */
const [rows, columns] = [40, 120]

/** The command line that runs another one in a terminal, by the shell that runs this, and ends as that one does. */
export const within = (command: string): string => {
  const inner = shellQuoted([`stty rows ${rows}`, `stty cols ${columns}`, command].join("\n"))
  return [
    "if ! command -v script >/dev/null; then",
    `  echo ${shellQuoted(ToolFailures.noTerminal)} >&2; exit 127`,
    "elif script --version >/dev/null 2>&1; then",
    `  SHELL=$0 exec script -qefc ${inner} /dev/null`,
    "else",
    `  exec script -q /dev/null "$0" -c ${inner}`,
    "fi"
  ].join("\n")
}
