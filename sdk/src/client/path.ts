import type { KindReference } from "../api/kind.ts"
import { assert } from "../assert.ts"

export interface ResourcePath {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** `/api/v1/namespaces/default/pods/web`, `/apis/apps/v1/deployments` */
export function resourcePath(kind: KindReference, { namespace, name, subresource }: ResourcePath): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  assert(name !== "", `a ${kind.kind} without a name cannot be addressed`)
  assert(
    !kind.namespaced || name === undefined || namespace,
    `${kind.kind} "${name}" is addressed by a namespace and a name`,
  )
  const scope = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ""
  const item = name === undefined ? "" : `/${encodeURIComponent(name)}`
  return `${root}${scope}/${kind.plural}${item}${subresource ? `/${subresource}` : ""}`
}

/** `?a=1&b=2` of the values that are there, or nothing. */
export function queryString(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  let query = ""
  for (const name in values) {
    const value = values[name]
    if (value === undefined || value === "") continue
    query += `${query === "" ? "?" : "&"}${name}=${encodeURIComponent(String(value))}`
  }
  return query
}
