import type { AnyObject } from "@wick/sdk/api/kind"
import { causeAnnotation, parseTraceparent } from "@wick/sdk/tracing"
import type { RequestContext } from "../request-context.ts"

/**
 * An object whose desired state changes says what that is part of: the `traceparent` of the write, if it is traced. What it
 * said of an earlier change goes, so that nobody takes an old request for the cause of something new. A write that brings
 * another annotation itself has the last word.
 */
export function withCause(
  { server, request }: RequestContext,
  live: AnyObject | undefined,
  next: AnyObject,
): AnyObject {
  const { annotations = {} } = next.metadata
  const known = annotations[causeAnnotation]
  const header = server.notesCauses ? request.headers.get("traceparent") : null
  if (header !== null && parseTraceparent(header)?.isSampled) {
    return { ...next, metadata: { ...next.metadata, annotations: { ...annotations, [causeAnnotation]: header } } }
  }
  if (known === undefined || known !== live?.metadata.annotations?.[causeAnnotation]) return next
  const { [causeAnnotation]: _, ...rest } = annotations
  const { annotations: __, ...metadata } = next.metadata
  return {
    ...next,
    metadata: { ...metadata, ...(Object.keys(rest).length > 0 && { annotations: rest }) },
  } as AnyObject
}
