import { builtinKinds } from "@wick/sdk/api"
import type { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { AnyObject, KindOf } from "@wick/sdk/api/kind"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { prefixEnd, type Storage } from "#store"
import { decodeJson } from "../../mirror.ts"
import type { Bound } from "./policy.ts"

/** A mistake in how a policy is set up, which its failurePolicy decides on. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError"
}

/** The objects that a bound policy is evaluated with: `undefined` stands for none where none is wanted. */
export async function paramsOf(
  { policy, binding }: Bound,
  namespace: string,
  storage: Storage,
): Promise<readonly (AnyObject | undefined)[]> {
  const { paramKind } = policy.spec ?? {}
  const { paramRef } = binding.spec ?? {}
  if (!paramKind) return [undefined]
  if (!paramRef) return [undefined]
  const place = await placeOf(paramKind, storage)
  if (!place) {
    throw new ConfigurationError(
      `failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`,
    )
  }
  const inNamespace = place.namespaced ? (paramRef.namespace ?? namespace) : ""
  if (place.namespaced && inNamespace === "") {
    throw new ConfigurationError(
      "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
    )
  }
  const prefix = `/registry/${place.group || "core"}/${place.plural}/${inNamespace && `${inNamespace}/`}`
  const { kvs } = paramRef.name
    ? await storage.range({ key: `${prefix}${paramRef.name}` })
    : await storage.range({ key: prefix, end: prefixEnd(prefix) })
  const found = kvs.map(({ value }) => decodeJson<AnyObject>(value))
  const { selector } = paramRef
  const wanted = selector && !paramRef.name ? found.filter(({ metadata }) => matches(selector, metadata.labels)) : found
  if (wanted.length > 0) return wanted
  if (paramRef.parameterNotFoundAction === "Allow") return []
  throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction")
}

interface Place {
  readonly group: string
  readonly plural: string
  readonly namespaced: boolean
}

async function placeOf(
  { apiVersion = "", kind = "" }: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined },
  storage: Storage,
): Promise<Place | undefined> {
  const builtin = builtinKinds.find((each) => each.apiVersion === apiVersion && each.kind === kind)
  if (builtin) return builtin
  const group = apiVersion.split("/")[0] ?? ""
  const prefix = "/registry/apiextensions.k8s.io/customresourcedefinitions/"
  const { kvs } = await storage.range({ key: prefix, end: prefixEnd(prefix) })
  for (const { value } of kvs) {
    const { spec } = decodeJson<KindOf<typeof CustomResourceDefinition>>(value)
    if (spec.group !== group || spec.names.kind !== kind) continue
    return { group, plural: spec.names.plural, namespaced: spec.scope === "Namespaced" }
  }
  return undefined
}
