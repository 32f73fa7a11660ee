/**
 * What happened, from an error of the network. The innermost message says it best: "connect ECONNREFUSED 127.0.0.1:80".
 * A host with several addresses has one for each.
 */
export const story = (error: unknown): string => {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  if (current instanceof AggregateError) return current.errors.map(story).join("; ")
  return current instanceof Error ? current.message : String(current)
}
