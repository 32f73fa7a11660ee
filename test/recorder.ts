import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

interface Recorded {
  readonly name: string
  readonly id: string
  readonly parentId: string | undefined
  readonly attributes: Map<string, unknown>
  readonly told: Array<unknown>
}

/** A tracer that keeps all that is ever told to it. */
export const recorder = () => {
  const spans: Array<Recorded> = []
  const tracer = Tracer.make({
    context: (f) => f(),
    span: (name, parent, context, links, startTime, kind, options) => {
      const attributes = new Map<string, unknown>(Object.entries(options?.attributes ?? {}))
      const told: Array<unknown> = []
      const id = String(spans.length)
      spans.push({ name, id, parentId: Option.getOrUndefined(parent)?.spanId, attributes, told })
      return {
        _tag: "Span",
        name,
        spanId: id,
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
