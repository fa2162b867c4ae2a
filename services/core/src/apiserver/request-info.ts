import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import type { Action } from "./authorization/rule.ts"

/** What a request asks for, read from its method and path alone. */
export type RequestInfo = ResourceRequest | PathRequest

export interface ResourceRequest {
  readonly kind: "resource"
  readonly verb: Verb
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** What stands below the subresource `proxy`, as it was written: the path at the other end. */
  readonly subpath: string
  readonly namespace: string
  readonly name: string
  readonly query: URLSearchParams
}

export interface PathRequest {
  readonly kind: "path"
  readonly verb: string
  readonly path: string
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection"

const methods: Record<string, [one: Verb, many: Verb]> = {
  GET: ["get", "list"],
  HEAD: ["get", "list"],
  POST: ["create", "create"],
  PUT: ["update", "update"],
  PATCH: ["patch", "patch"],
  DELETE: ["delete", "deletecollection"],
}

/** Subresources of the kind Namespace, which look like resources in the path of a namespace. */
const namespaceSubresources = new Set(["status", "finalize"])

/**
 *     /api/v1/namespaces/default/pods/web/log      get pods/log "web" in default
 *     /apis/apps/v1/deployments?watch=true         watch deployments everywhere
 *     /apis/apps/v1, /version, /healthz            a path
 */
export function parseRequest(method: string, url: URL): RequestInfo {
  const raw = url.pathname.split("/").filter((part) => part !== "")
  const parts = raw.map(decode)
  const path: PathRequest = { kind: "path", verb: method.toLowerCase(), path: url.pathname }
  const start = parts[0] === "api" ? 2 : parts[0] === "apis" ? 3 : undefined
  if (start === undefined || parts.length <= start) return path
  const [group, version] = start === 2 ? ["", parts[1] ?? ""] : [parts[1] ?? "", parts[2] ?? ""]
  if (parts[start] === "watch" && method === "GET") return watchOf(group, version, parts.slice(start + 1), url)
  const named = split(target(parts.slice(start)), url.pathname)
  const verbs = methods[method]
  if (!verbs) return path
  const one = verbs[named.name === "" ? 1 : 0]
  return {
    kind: "resource",
    group,
    version,
    ...named,
    verb: refine(one, named, url.searchParams),
    query: url.searchParams,
  }
}

/** `/api/v1/watch/pods/web`: as clients asked before there was a parameter for it. */
function watchOf(group: string, version: string, parts: string[], { searchParams }: URL): ResourceRequest {
  const { name, ...named } = target(parts)
  const query = new URLSearchParams(searchParams)
  if (name !== "") query.append("fieldSelector", `metadata.name=${name}`)
  return { kind: "resource", group, version, ...named, name: "", subpath: "", verb: "watch", query }
}

/** Everything below `proxy` belongs to the other end, slashes and escapes included. */
function split(named: Target, path: string): Target & { subpath: string } {
  if (named.subresource !== "proxy" && !named.subresource.startsWith("proxy/")) return { ...named, subpath: "" }
  const [, subpath = ""] = /\/proxy\/(.*)$/s.exec(path) ?? []
  return { ...named, subresource: "proxy", subpath }
}

interface Target {
  resource: string
  subresource: string
  namespace: string
  name: string
}

function target(parts: string[]): Target {
  const [first = "", second = "", third, fourth = "", ...rest] = parts
  if (first !== "namespaces" || third === undefined || namespaceSubresources.has(third)) {
    return {
      resource: first,
      namespace: first === "namespaces" ? second : "",
      name: second,
      subresource: parts.slice(2).join("/"),
    }
  }
  return { resource: third, namespace: second, name: fourth, subresource: rest.join("/") }
}

function refine(verb: Verb, { name }: Target, query: URLSearchParams): Verb {
  if (queryFlag(query, "watch") && (verb === "list" || (verb === "get" && name === ""))) return "watch"
  return verb
}

function decode(part: string): string {
  if (!part.includes("%")) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The request as the authorizer judges it. */
export function actionOf(info: RequestInfo): Action {
  if (info.kind === "path") return info
  const { verb, group, resource, subresource, namespace, query } = info
  const name = info.name === "" && many.includes(verb) ? nameSelected(query) : info.name
  return { kind: "resource", verb, group, resource, subresource, namespace, name }
}

const many: readonly Verb[] = ["list", "watch", "deletecollection"]

/** Who lists the one object of a name needs no more rights than who gets it: selectors only ever take away. */
function nameSelected(query: URLSearchParams): string {
  const selector = query.get("fieldSelector") ?? ""
  for (const part of selector.split(",")) {
    const match = /^\s*metadata\.name\s*==?\s*([^=!\s\\]+)\s*$/.exec(part)
    if (match?.[1]) return match[1]
  }
  return ""
}
