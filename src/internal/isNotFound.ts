import type { PlatformError } from "@effect/platform/Error"

/** Whether a file system error says that there is nothing at the path. */
export const isNotFound = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"
