/** The outside witness: a file to which workers write what they have done, and that outlives them. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"
import type { Line } from "./order.ts"

/** Writes a line that is on the disk when it returns. */
export const writer = (file: string) => (line: Line): void => {
  const opened = openSync(file, "a")
  writeSync(opened, `${JSON.stringify(line)}\n`)
  if (line.what === "acked") fsyncSync(opened)
  closeSync(opened)
}

export const linesOf = (file: string): ReadonlyArray<Line> =>
  !existsSync(file) ?
    [] :
    readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line): Line => JSON.parse(line))
