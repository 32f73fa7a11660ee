/**
 * The error codes of the API for calls that use a ChatGPT plan. Only the codes count: their statuses vary, and they
 * also come inside streams.
 *
 * @internal
 */
import type { Reason } from "../ModelError.ts"

/**
 * Why such a call has failed; `undefined` for any other code.
 *
 * @since 0.1.0
 * @category decoding
 */
export const reasonOf = (code: string): Reason | undefined => {
  const known = /^subscription_sharing_(?:v2_)?(.+)$/.exec(code)?.[1]
  switch (known) {
    case "usage_limit_exceeded":
    case "workplace_individual_usage_limit_exceeded":
      return { _tag: "UsageLimitReached", kind: code }
    case "usage_unavailable":
    case "user_unavailable":
      return { _tag: "Overloaded" }
    case "invalid_user":
      return { _tag: "Unauthorized" }
    case "user_not_eligible":
    case "client_not_enabled":
      return { _tag: "Forbidden", kind: code }
    case "unsupported_capability":
    case "route_not_supported":
      return { _tag: "InvalidRequest" }
  }
  return code.startsWith("chatpass_v2_") ? { _tag: "Forbidden", kind: code } : undefined
}

/** @since 0.1.0 @category guards */
export const isUnsupported = (code: string): boolean => code === "subscription_sharing_unsupported_capability"
