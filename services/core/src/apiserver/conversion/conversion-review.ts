import type { AnyObject } from "@wick/sdk/api/kind"
import { isObject } from "../patch/json-value.ts"

/** Versions of ConversionReview that this server speaks, the one it likes best first. They differ in name only. */
const reviewVersions = ["v1", "v1beta1"]

/** What a conversion webhook is asked; undefined if it understands no version that this server speaks. */
export function conversionReview(
  understood: readonly string[],
  { uid, desired, objects }: { uid: string; desired: string; objects: readonly AnyObject[] },
): { apiVersion: string; kind: string; request: object } | undefined {
  const version = understood.find((each) => reviewVersions.includes(each))
  if (version === undefined) return undefined
  const request = { uid, desiredAPIVersion: desired, objects }
  return { apiVersion: `apiextensions.k8s.io/${version}`, kind: "ConversionReview", request }
}

/** The objects of an answer; throws what is wrong with it. */
export function convertedObjects(answer: unknown, asked: { apiVersion: string }, uid: string): readonly unknown[] {
  const { apiVersion, kind, response } = isObject(answer) ? answer : {}
  if (apiVersion !== asked.apiVersion || kind !== "ConversionReview") {
    throw new Error(
      `expected webhook response of ${asked.apiVersion}, Kind=ConversionReview, got ${apiVersion ?? ""}, Kind=${kind ?? ""}`,
    )
  }
  if (!isObject(response)) throw new Error("no response provided")
  if (response.uid !== uid) throw new Error(`expected response.uid="${uid}", got ${JSON.stringify(response.uid ?? "")}`)
  const { status = "", message = "" } = isObject(response.result) ? response.result : {}
  if (status !== "Success") {
    throw new Error(message === "" ? `response.result.status was '${status}', not 'Success'` : String(message))
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : []
}

/**
 * A converted object, if it is the same one: a webhook that could rename objects or move them would take them from their
 * owners. Of its metadata only labels and annotations count; everything else stays as it was.
 */
export function restored(original: AnyObject, converted: unknown, apiVersion: string): AnyObject {
  if (!isObject(converted)) throw new Error("invalid object: must be an object")
  if (converted.apiVersion !== apiVersion) {
    throw new Error(`invalid groupVersion (received ${converted.apiVersion ?? ""}, expected ${apiVersion})`)
  }
  const metadata = isObject(converted.metadata) ? converted.metadata : {}
  const same = (what: string, before: unknown = "", after: unknown = ""): void => {
    if (before !== after) throw new Error(`must have the same ${what}: ${before} != ${after}`)
  }
  same("kind", original.kind, converted.kind)
  same("name", original.metadata.name, metadata.name)
  same("namespace", original.metadata.namespace, metadata.namespace)
  same("UID", original.metadata.uid, metadata.uid)
  const { labels: _l, annotations: _a, ...kept } = original.metadata
  const { apiVersion: _v, kind: _k, metadata: _m, ...rest } = converted
  const texts = { ...textMap(metadata, "labels"), ...textMap(metadata, "annotations") }
  return { apiVersion, kind: original.kind, metadata: { ...kept, ...texts }, ...rest }
}

function textMap(metadata: Record<string, unknown>, field: "labels" | "annotations"): object {
  const value = metadata[field]
  if (value === undefined || value === null) return {}
  if (!isObject(value) || Object.values(value).some((each) => typeof each !== "string")) {
    throw new Error(`invalid metadata: metadata.${field} must be a map of strings`)
  }
  return { [field]: value }
}
