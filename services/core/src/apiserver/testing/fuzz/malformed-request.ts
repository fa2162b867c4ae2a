import { builtinKinds } from "@wick/sdk/api"
import type { Kind } from "@wick/sdk/api/kind"
import type { Chance } from "./chance.ts"
import { models } from "./models.ts"
import { spoiled, spoiledBytes } from "./spoiled.ts"

/** A request as it goes over the wire, printable in a report. */
export interface FuzzedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

const methods = ["GET", "GET", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE-X"]
const bodyTypes = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
  "application/json; charset=latin1",
  "application/cbor",
  "",
]
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/apply-patch+cbor",
]
const accepts = [
  "application/json",
  "application/vnd.kubernetes.protobuf, */*",
  "application/json;as=Table;g=meta.k8s.io;v=v1, application/json",
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
  "application/json;as=Nothing;g=;v=",
  ";;;q=x",
  "text/html",
  "*/*;q=0.0000000001",
]
const subresources = [
  "",
  "",
  "",
  "",
  "/status",
  "/scale",
  "/binding",
  "/eviction",
  "/log",
  "/exec",
  "/proxy/x",
  "/token",
  "/nothing",
]
const selectors = [
  "a=b",
  "a in (b,c)",
  "a in (",
  "!",
  "!a,",
  "a==b==c",
  "metadata.name=x",
  "spec.nodeName!=",
  "x".repeat(5_000),
  "a notin ()",
  ",,,",
  "=",
  "ä=ö",
]
const queries: Readonly<Record<string, readonly string[]>> = {
  labelSelector: selectors,
  fieldSelector: selectors,
  limit: ["1", "0", "-1", "x", "99999999999999999999"],
  continue: ["x", "e30=", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiXHUwMDAwIn0", "%%%"],
  resourceVersion: ["0", "1", "-1", "x", "18446744073709551616", ""],
  resourceVersionMatch: ["Exact", "NotOlderThan", "Never"],
  timeoutSeconds: ["1", "x", "-1"],
  fieldManager: ["", "x".repeat(200), "a\u0007"],
  fieldValidation: ["Strict", "Warn", "Ignore", "Maybe"],
  dryRun: ["All", "Some", ""],
  force: ["true", "x"],
  propagationPolicy: ["Orphan", "Foreground", "Background", "Sideways"],
  gracePeriodSeconds: ["0", "-1", "x", "99999999999"],
  pretty: ["true", "1", "?"],
  sendInitialEvents: ["true", "false", "x"],
  allowWatchBookmarks: ["true", "x"],
}

/** One request that most likely makes no sense, near enough to one that does to come far into the server. */
export function malformedRequest(chance: Chance): FuzzedRequest {
  const kind = chance.pick(builtinKinds)
  const method = chance.pick(methods)
  const headers: Record<string, string> = { accept: chance.pick(accepts) }
  const body = bodyFor(chance, kind, method, headers)
  return { method, path: `${pathFor(chance, kind, method)}${queryFor(chance)}`, headers, body }
}

function pathFor(chance: Chance, kind: Kind, method: string): string {
  if (chance.oneIn(30))
    return chance.pick([
      "/",
      "//",
      "/api",
      "/apis/x/y/z",
      "/openapi/v3/apis/",
      "/%2e%2e/",
      "/api/v1//pods",
      "/metrics",
      "/version",
      `/${"a/".repeat(500)}`,
    ])
  const root = kind.group === "" ? "/api/v1" : `/apis/${kind.apiVersion}`
  const namespace = chance.oneIn(12) ? chance.pick(["", "a b", "UPPER", "%2F", "x".repeat(300)]) : "default"
  const scope = kind.namespaced && !chance.oneIn(15) ? `/namespaces/${namespace}` : ""
  const named = method !== "POST" || chance.oneIn(4)
  const name = named
    ? `/${chance.pick(["model", "model", "model", "absent", "%00", "-x-", "x%2Fy"])}${chance.pick(subresources)}`
    : ""
  const tail = method === "GET" && chance.oneIn(2) ? "" : name
  return `${root}${scope}/${kind.plural}${tail}`
}

function queryFor(chance: Chance): string {
  const asked = new URLSearchParams()
  const keys = Object.keys(queries)
  for (let count = chance.below(4); count > 0; count--) {
    const key = chance.pick(keys)
    asked.append(key, chance.pick(queries[key] ?? [""]))
  }
  const text = asked.toString()
  return text === "" ? "" : `?${text}`
}

function bodyFor(chance: Chance, kind: Kind, method: string, headers: Record<string, string>): Buffer | undefined {
  if (["GET", "HEAD", "OPTIONS", "TRACE-X"].includes(method)) return undefined
  const model = models[kind.kind] ?? { spec: {} }
  const object = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: "model", namespace: "default" },
    ...model,
  }
  if (!kind.namespaced) object.metadata = { name: "model" } as typeof object.metadata
  const type =
    method === "PATCH" ? chance.pick(patchTypes) : chance.oneIn(6) ? chance.pick(bodyTypes) : "application/json"
  headers["content-type"] = type
  const value =
    type === "application/json-patch+json" ? jsonPatch(chance) : chance.oneIn(15) ? object : spoiled(chance, object)
  const bytes = Buffer.from(JSON.stringify(value) ?? "")
  return chance.oneIn(10) ? spoiledBytes(chance, bytes) : bytes
}

function jsonPatch(chance: Chance): unknown {
  const paths = [
    "/metadata/labels/a",
    "/spec",
    "/spec/-",
    "",
    "/",
    "/metadata/name",
    "/a/b/c/d",
    "/spec/containers/0/image",
    "/spec/containers/99999999999",
    "/~2",
    "/__proto__/x",
  ]
  const operations = Array.from({ length: 1 + chance.below(4) }, () => ({
    op: chance.pick(["add", "remove", "replace", "move", "copy", "test", "explode"]),
    path: chance.pick(paths),
    from: chance.pick(paths),
    value: chance.pick([{}, "x", 1, null, [[]]]),
  }))
  return chance.oneIn(5) ? spoiled(chance, operations) : operations
}
