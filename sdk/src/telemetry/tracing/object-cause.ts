import type { ObjectMeta } from "../../api/meta/object-meta.ts"
import { parseTraceparent, type TraceContext } from "./trace-context.ts"

/**
 * On an object: the W3C context of the write that made its present generation. The API server notes it from that write's
 * `traceparent` header and takes it away with the next change, so it never speaks of anything older.
 */
export const causeAnnotation = "wick.dev/traceparent"

/** What the object's last change is part of, for those who see it once. */
export function causeOf({ metadata }: { readonly metadata: ObjectMeta }): TraceContext | undefined {
  return parseTraceparent(metadata.annotations?.[causeAnnotation])
}

/** What the object's last change is part of, until its controller says that it has seen that. */
export function freshCause(object: {
  readonly metadata: ObjectMeta
  readonly status?: { readonly observedGeneration?: number | undefined } | undefined
}): TraceContext | undefined {
  const { generation = 0 } = object.metadata
  return generation > (object.status?.observedGeneration ?? 0) ? causeOf(object) : undefined
}
