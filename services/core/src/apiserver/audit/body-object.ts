import { gunzipSync } from "node:zlib"
import { decodeBody } from "../decode-body.ts"
import { protobufType } from "../negotiation.ts"
import type { Seen } from "./body-tap.ts"
import { eventBytesMax } from "./event-text.ts"

/** A body as a record holds it: the object, whatever form it was sent in. */
export type BodyObject =
  | { readonly kind: "object"; readonly object: unknown }
  /** More than a record may hold. */
  | { readonly kind: "long" }
  /** No object, or not all of one. */
  | { readonly kind: "none" }

export async function requestObjectOf(request: Request): Promise<BodyObject> {
  try {
    const object = await decodeBody(request)
    return object === undefined ? { kind: "none" } : { kind: "object", object }
  } catch {
    return { kind: "none" }
  }
}

export async function responseObjectOf(seen: Seen, headers: Headers): Promise<BodyObject> {
  if (seen.kind !== "whole") return { kind: seen.kind === "long" ? "long" : "none" }
  try {
    const isPacked = headers.get("content-encoding") === "gzip"
    const bytes = isPacked ? gunzipSync(seen.bytes, { maxOutputLength: eventBytesMax }) : seen.bytes
    return { kind: "object", object: await decoded(bytes, headers.get("content-type") ?? "") }
  } catch (error) {
    return { kind: (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? "long" : "none" }
  }
}

async function decoded(bytes: Buffer, type: string): Promise<unknown> {
  if (type.startsWith(protobufType)) return (await import("../protobuf/decode.ts")).decodeProtobuf(bytes)
  if (type.startsWith("application/yaml")) return (await import("yaml")).parse(bytes.toString("utf8"))
  return JSON.parse(bytes.toString("utf8"))
}

/** The object, or the objects of a list, without what says which field is whose. The object itself stays as it is. */
export function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== "object" || object === null || Array.isArray(object)) return object
  const { metadata, items } = object as { metadata?: { managedFields?: unknown }; items?: unknown }
  const { managedFields, ...rest } = metadata ?? {}
  return {
    ...object,
    ...(managedFields !== undefined && { metadata: rest }),
    ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }),
  }
}
