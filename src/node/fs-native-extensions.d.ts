declare module "fs-native-extensions" {
  /** Locks an open file for this file description; false if another one holds the lock. */
  export function tryLock(fd: number, options?: { readonly shared?: boolean }): boolean
}
