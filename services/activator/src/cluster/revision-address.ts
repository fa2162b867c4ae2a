import { hostName } from "./host-name.ts"
import { type Asked, headerOf } from "./host-rule.ts"

/** A revision that a caller inside the cluster asks for by itself. */
export interface RevisionAddress {
  readonly namespace: string
  readonly name: string
}

/**
 * Beside the hosts of Ingresses, callers inside reach each revision: by the name of its Service (`app-1.default`,
 * `app-1.default.svc`, …), or by the two headers with which an ingress of another maker says where a request goes.
 */
export function revisionAddress(host: string, { rawHeaders }: Asked): RevisionAddress | undefined {
  const named = headerOf(rawHeaders, "knative-serving-revision")
  const within = headerOf(rawHeaders, "knative-serving-namespace")
  if (named && within) return { namespace: within, name: named }
  const [name, namespace, svc, ...rest] = hostName(host).split(".")
  if (!name || !namespace || (svc !== undefined && svc !== "svc")) return undefined
  return rest.length === 0 || rest.join(".") === "cluster.local" ? { namespace, name } : undefined
}
