import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/**
 * How long a server asks to wait before the next request, in milliseconds: `retry-after-ms`, or `retry-after` in seconds
 * or as a date. `now` is in milliseconds since 1970.
 */
export const retryAfter = (
  headers: { readonly [name: string]: string | undefined },
  now: number
): number | undefined => {
  const said = headers["retry-after"]?.trim() ?? ""
  const milliseconds = /^\d+(?:\.\d+)?$/.test(headers["retry-after-ms"]?.trim() ?? "")
    ? Number(headers["retry-after-ms"])
    : /^\d+(?:\.\d+)?$/.test(said)
    ? Number(said) * 1000
    : Option.match(/[a-z]/i.test(said) ? DateTime.make(said) : Option.none(), {
      onNone: () => undefined,
      onSome: (date) => DateTime.toEpochMillis(date) - now
    })
  return milliseconds === undefined ? undefined : Math.max(0, Math.ceil(milliseconds))
}
