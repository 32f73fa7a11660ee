import { readFileSync } from "node:fs"
import { userInfo } from "node:os"

/** The owner and mode of a file, as the system reports them. */
export interface Info {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** The user who runs this program. `groups` is the text of `/etc/group`. */
export interface Person {
  readonly uid: number
  readonly name: string
  readonly groups: string
}

/**
 * What other users could do with a file that we rely on:
 *
 * - `Foreign` it belongs to somebody else, who is not root
 * - `Writable` others than its owner can change it
 * - `Readable` others can read it
 */
export type Exposure = "Foreign" | "Writable" | "Readable" | "None"

/**
 * A group with the user's name and no other member does not count as others: systems that give each user such a group
 * make files writable to it. What belongs to root is as safe as the machine.
 */
export const exposureOf = ({ gid, mode, uid }: Info, { groups, name, uid: own }: Person): Exposure => {
  if (uid !== own && uid !== 0) return "Foreign"
  const isPrivate = gid === 0 || groups.split("\n").some((line) => {
    const [group, , id, members = ""] = line.trim().split(":")
    return id === String(gid) && group === name && (members === "" || members === name)
  })
  if ((mode & (isPrivate ? 0o002 : 0o022)) !== 0) return "Writable"
  return (mode & 0o077) === 0 ? "None" : "Readable"
}

/** The user who runs this program. None on Windows, which has no such owners and modes. */
export const me = (): Person | undefined => {
  const uid = process.geteuid?.()
  return uid === undefined ? undefined : { uid, name: nameOf(), groups: groups() }
}

/** A user of a container may have no name. */
const nameOf = (): string => {
  try {
    return userInfo().username
  } catch {
    return ""
  }
}

const groups = (): string => {
  try {
    return readFileSync("/etc/group", "utf8")
  } catch {
    return ""
  }
}

export const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`
