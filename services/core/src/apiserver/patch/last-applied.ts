import type { AnyObject } from "@wick/sdk/api/kind"
import { isObject } from "./json-value.ts"

const annotation = "kubectl.kubernetes.io/last-applied-configuration"
/** Bytes of all annotations of an object: a configuration that takes more is not noted. */
const annotationBytesMax = 256 * 1024

export function hasLastApplied({ metadata }: AnyObject): boolean {
  return metadata.annotations?.[annotation] !== undefined
}

/** What kubectl applied on its own side last, in this version; undefined if it did not, or left nothing readable. */
export function appliedByClient({ metadata }: AnyObject, apiVersion: string): AnyObject | undefined {
  const text = metadata.annotations?.[annotation]
  if (!text) return undefined
  try {
    const applied = JSON.parse(text) as unknown
    if (isObject(applied) && isObject(applied.metadata) && applied.apiVersion === apiVersion)
      return applied as AnyObject
  } catch {
    // Written by somebody else than kubectl.
  }
  return undefined
}

/** The annotation by which a kubectl that applies on its own side knows what was applied through the server. */
export function lastApplied(applied: AnyObject): Record<string, string> {
  const { annotations, ...metadata } = applied.metadata
  const { [annotation]: _, ...others } = annotations ?? {}
  const kept = Object.keys(others).length > 0 ? { annotations: others } : {}
  const text = `${JSON.stringify({ ...applied, metadata: { ...metadata, ...kept } })}\n`
  return { [annotation]: Buffer.byteLength(text) > annotationBytesMax ? "" : text }
}
