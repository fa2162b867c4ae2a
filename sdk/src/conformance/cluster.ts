import { type ClusterConfig, clusterFetch, compose, type Fetch, type FetchWrapper } from "../client/index.ts"
import type { Clock } from "../clock/index.ts"

/** Who asks. */
export type Identity =
  /** Whoever the cluster was handed over as; must be allowed everything. */
  | { readonly kind: "administrator" }
  /** The administrator in another's place. */
  | {
      readonly kind: "impersonated"
      readonly user: string
      readonly groups?: readonly string[]
      readonly uid?: string
      readonly extra?: Readonly<Record<string, string>>
    }
  /** Somebody with nothing but a token. */
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "anonymous" }

/** Where the API server can call back: this process, under a name or an address that the server can reach. */
export interface WebhookHost {
  readonly host: string
  /** Certificate for `host`, its key, and the authority that the API server is to trust it by; PEM. */
  readonly certificate: string
  readonly key: string
  readonly authority: string
}

/** Where functions are called, and what the suite deploys. */
export interface FunctionHost {
  /** Where the gateway listens for plain HTTP. */
  readonly gateway: { readonly host: string; readonly port: number }
  /** Image of the function in serving/specimen, as the cluster's nodes pull it. */
  readonly specimen: string
}

/** All that the suite needs to know of a cluster. */
export interface Cluster {
  /** `https://127.0.0.1:6443` */
  readonly server: string
  fetchAs(identity: Identity): Fetch
  /** Absent: cases in which the API server calls back are left out. */
  readonly webhookHost?: WebhookHost
  /** Absent: cases that call functions are left out. */
  readonly functionHost?: FunctionHost
}

/** The cluster that a kubeconfig names, for its user. */
export async function clusterOf(
  config: ClusterConfig,
  clock: Clock,
  offers: Pick<Cluster, "webhookHost" | "functionHost"> = {},
): Promise<Cluster & AsyncDisposable> {
  const { clientCertificate: _, clientKey: __, token: ___, ...nobody } = config
  const admin = await clusterFetch(config, clock)
  const stranger = await clusterFetch(nobody, clock)
  return {
    server: config.server,
    fetchAs: (identity) => {
      if (identity.kind === "administrator") return admin.fetch
      if (identity.kind === "anonymous") return stranger.fetch
      if (identity.kind === "impersonated") return compose(admin.fetch, withHeaders(impersonation(identity)))
      return compose(stranger.fetch, withHeaders([["authorization", `Bearer ${identity.token}`]]))
    },
    ...offers,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([admin[Symbol.asyncDispose](), stranger[Symbol.asyncDispose]()])
    },
  }
}

function impersonation(identity: Identity & { kind: "impersonated" }): [string, string][] {
  const headers: [string, string][] = [["impersonate-user", identity.user]]
  for (const group of identity.groups ?? []) headers.push(["impersonate-group", group])
  if (identity.uid) headers.push(["impersonate-uid", identity.uid])
  for (const [key, value] of Object.entries(identity.extra ?? {})) headers.push([`impersonate-extra-${key}`, value])
  return headers
}

/** One `Impersonate-Group` header holds one group; fetch joins equal names, so a case names one group at most. */
function withHeaders(headers: readonly [string, string][]): FetchWrapper {
  return (next) => (request) => {
    for (const [name, value] of headers) request.headers.append(name, value)
    return next(request)
  }
}
