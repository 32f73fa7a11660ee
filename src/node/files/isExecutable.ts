import { accessSync, constants } from "node:fs"

/** Whether there is a program at this path that this user may run. */
export const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
