import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Metrics } from "@wick/sdk/metrics"
import type { Discovery } from "./discovery.ts"
import { type HealthCheck, healthAnswer } from "./health.ts"
import { openapiDocument, openapiPaths } from "./openapi.ts"
import { type SwaggerDocument, swaggerDocument, swaggerResponse } from "./openapi-v2.ts"
import type { ResourceRegistry } from "./resource-registry.ts"
import { jsonResponse } from "./respond.ts"

export interface Unversioned {
  readonly registry: ResourceRegistry
  /** Adds what other servers say of themselves. */
  readonly others: OtherDocuments | undefined
  readonly discovery: Discovery
  readonly metrics: Metrics
  /** `gitVersion` of /version. */
  readonly version: string
  readonly live: readonly HealthCheck[]
  readonly ready: readonly HealthCheck[]
  /** Answers the paths that it knows, of those that are no others'. */
  readonly issuer: (path: string) => Response | undefined
}

export interface OtherDocuments {
  openapiPaths(own: Readonly<Record<string, object>>): Promise<object>
  swagger(own: SwaggerDocument): Promise<SwaggerDocument>
}

const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

/** Answers what is no resource: health, metrics, version, OpenAPI and discovery. */
export async function answerPath(at: Unversioned, url: URL, accept: string): Promise<Response> {
  const found = await find(at, url, accept)
  if (!found) throw new StatusError("NotFound", "the server could not find the requested resource")
  return found
}

async function find(at: Unversioned, url: URL, accept: string): Promise<Response | undefined> {
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname
  if (/^\/(healthz|livez)(\/|$)/.test(path)) return healthAnswer(url, at.live)
  if (/^\/readyz(\/|$)/.test(path)) return healthAnswer(url, at.ready)
  if (path === "/version") return jsonResponse(versionInfo(at.version))
  if (path === "/metrics") {
    return new Response(await at.metrics.text(), { headers: { "content-type": at.metrics.contentType } })
  }
  if (path === "/openapi/v2") {
    const own = swaggerDocument(at.registry)
    return swaggerResponse((await at.others?.swagger(own)) ?? own, accept)
  }
  if (path === "/openapi/v3") {
    const own = openapiPaths(at.registry, at.version)
    return jsonResponse({ paths: (await at.others?.openapiPaths(own)) ?? own })
  }
  if (path === "/") return jsonResponse({ paths: rootPaths })
  if (path.startsWith("/openapi/v3/")) {
    const document = openapiDocument(at.registry, path.slice("/openapi/v3/".length))
    return document && jsonResponse(document)
  }
  const issued = at.issuer(path)
  if (issued) return issued
  const document = at.discovery.document(path, accept)
  if (!document) return undefined
  const aggregated = "kind" in document && document.kind === "APIGroupDiscoveryList"
  return jsonResponse(document, 200, aggregated ? { "content-type": aggregatedType } : {})
}

const rootPaths = [
  "/.well-known/openid-configuration",
  "/api",
  "/apis",
  "/healthz",
  "/livez",
  "/metrics",
  "/openapi/v2",
  "/openapi/v3",
  "/openid/v1/jwks",
  "/readyz",
  "/version",
]

function versionInfo(gitVersion: string): object {
  const [, major = "1", minor = "0"] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? []
  return {
    major,
    minor,
    gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "",
    platform: `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
  }
}
