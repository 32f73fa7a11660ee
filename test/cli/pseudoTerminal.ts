import { existsSync } from "node:fs"

/** Whether terminals can be had here. */
export const isThere = process.platform === "linux" && existsSync("/usr/bin/script")

/** A terminal of its own for the program: what is typed comes through the pipe. */
export const terminal = (columns: number, rows: number) => [
  "sh",
  "-c",
  `exec script -qefc "stty cols ${columns} rows ${rows}; echo \\$\\$ > ../pid; exec $*" /dev/null`,
  "sh"
]
