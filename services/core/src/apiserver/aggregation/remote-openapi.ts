import type { JsonSchema } from "@wick/sdk/api/structural"
import type { SwaggerDocument } from "../openapi-v2.ts"

/** Which part of an extension server's documents is ours to show: what concerns its version of its group. */
export interface Part {
  readonly group: string
  readonly version: string
}

type Paths = Readonly<Record<string, object>>

/** Pure: of an index of OpenAPI v3 documents the entry for the part; a server without one has no document. */
export function indexEntry({ group, version }: Part, index: unknown): Paths {
  const root = `apis/${group}/${version}`
  const entry = (index as { paths?: Paths } | undefined)?.paths?.[root] as { serverRelativeURL?: unknown } | undefined
  // Its hash is the server's; its path is one that we pass on.
  const hash = /\?hash=[\w%.=-]+$/.exec(String(entry?.serverRelativeURL ?? ""))?.[0]
  return entry ? { [root]: { serverRelativeURL: `/openapi/v3/${root}${hash ?? ""}` } } : {}
}

/** Pure: our document with the parts of others: their paths, and the definitions that we do not have. */
export function withRemote(
  own: SwaggerDocument,
  others: readonly { readonly part: Part; readonly document: unknown }[],
): SwaggerDocument {
  const paths: Record<string, object> = { ...own.paths }
  const definitions: Record<string, JsonSchema> = { ...own.definitions }
  for (const { part, document } of others) {
    const theirs = (document ?? {}) as Partial<SwaggerDocument>
    const root = `/apis/${part.group}/${part.version}/`
    for (const path of Object.keys(paths)) if (path.startsWith(root)) delete paths[path]
    for (const [path, item] of Object.entries(theirs.paths ?? {})) {
      if (path.startsWith(root) && isObject(item)) paths[path] = item
    }
    for (const [name, schema] of Object.entries(theirs.definitions ?? {})) {
      if (isObject(schema)) definitions[name] ??= schema
    }
  }
  return { ...own, paths, definitions }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
