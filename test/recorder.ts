import * as Cause from "effect/Cause"
import * as Tracer from "effect/Tracer"

/** A tracer that keeps all that is ever told to it. */
export const recorder = () => {
  const spans: Array<{ readonly name: string; readonly attributes: Map<string, unknown>; told: Array<unknown> }> = []
  const tracer = Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind, options) => {
      const attributes = new Map<string, unknown>(Object.entries(options?.attributes ?? {}))
      const told: Array<unknown> = []
      spans.push({ name, attributes, told })
      return {
        _tag: "Span",
        name,
        spanId: String(spans.length),
        traceId: "trace",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes,
        links,
        kind,
        sampled: true,
        end: (_, exit) => void told.push(exit._tag === "Failure" ? Cause.pretty(exit.cause) : ""),
        attribute: (key, value) => void attributes.set(key, value),
        event: (name, _, attributes) => void told.push(name, attributes),
        addLinks: (links) => void told.push(links)
      }
    }
  })
  return { spans, tracer }
}
