import type { APIService } from "@wick/sdk/api/apiregistration/api-service"

/** A version of a group that another server answers for, as its APIService says. */
export interface Route {
  /** Of the APIService. */
  readonly name: string
  readonly group: string
  readonly version: string
  readonly service: ServiceReference
  /** Authorities of the server's certificate, PEM; absent: those that the host trusts. */
  readonly authorityPem: string | undefined
  readonly skipsVerification: boolean
  /** As the object's condition says. */
  readonly isAvailable: boolean
}

export interface ServiceReference {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

export const httpsPort = 443

/** Pure: where an APIService leads; undefined for one that this server answers for itself. */
export function routeOf({ metadata, spec, status }: APIService): Route | undefined {
  const { service, caBundle } = spec ?? {}
  if (!spec || !service) return undefined
  return {
    name: metadata.name,
    group: spec.group ?? "",
    version: spec.version ?? "",
    service: { namespace: service.namespace ?? "", name: service.name ?? "", port: service.port ?? httpsPort },
    authorityPem: caBundle ? Buffer.from(caBundle, "base64").toString("utf8") : undefined,
    skipsVerification: spec.insecureSkipTLSVerify ?? false,
    isAvailable: status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") ?? false,
  }
}

/** The name that the server's certificate must carry. */
export function serverName({ namespace, name }: ServiceReference): string {
  return `${name}.${namespace}.svc`
}

/** `/apis/metrics.k8s.io/v1beta1/nodes` → the group and the version; undefined for a path of neither. */
export function groupVersionOf(path: string): { readonly group: string; readonly version: string } | undefined {
  const match = /^(?:\/openapi\/v3)?\/apis\/([^/]+)\/([^/]+)(?:\/|$)/.exec(path)
  return match ? { group: match[1] ?? "", version: match[2] ?? "" } : undefined
}
