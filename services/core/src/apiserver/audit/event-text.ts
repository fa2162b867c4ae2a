/** What an event may be as JSON; a larger one is written without its bodies. Kubernetes' own bound. */
export const eventBytesMax = 100 * 1024

interface AuditEvent {
  readonly requestObject?: unknown
  readonly responseObject?: unknown
  readonly annotations?: Readonly<Record<string, string>>
}

/** Kubernetes' mark of an event whose bodies were left out. */
export const truncated = { "audit.k8s.io/truncated": "true" }

/** An event as one line of JSON; undefined: it is too large without its bodies, too. Pure. */
export function eventText(event: AuditEvent): string | undefined {
  const whole = JSON.stringify(event)
  if (Buffer.byteLength(whole) <= eventBytesMax) return whole
  const { requestObject, responseObject, ...rest } = event
  const short = JSON.stringify({ ...rest, annotations: { ...rest.annotations, ...truncated } })
  return Buffer.byteLength(short) <= eventBytesMax ? short : undefined
}
