import { parseArgs } from "node:util"
import type { Endpoint } from "./activator.ts"

export interface Options {
  readonly kubeconfig: string | undefined
  readonly listen: readonly Endpoint[]
  readonly listenLocal: readonly Endpoint[]
  readonly listenSecure: readonly Endpoint[]
  readonly listenLocalSecure: readonly Endpoint[]
  readonly admin: readonly Endpoint[]
  readonly adminAddress: string | undefined
  readonly figuresHost: string | undefined
  readonly autoscaler: string | undefined
  readonly id: string | undefined
  readonly lingerSeconds: number
  readonly drainSeconds: number
}

export const usage = `activator: the gateway and buffer before the pods (places to listen at may be given several times)

  --kubeconfig FILE         cluster to follow (default: $KUBECONFIG, in-cluster, ~/.kube/config)
  --listen HOST:PORT        where clients come in (default 0.0.0.0:8080); several processes may share a port
  --listen-local HOST:PORT  where pods come in; then --listen leads only to hosts that are visible outside the cluster
  --listen-https HOST:PORT, --listen-local-https HOST:PORT
                            the same behind TLS, for hosts that have a certificate
  --admin HOST:PORT         health, metrics, drain and routed (default 0.0.0.0:8081)
  --admin-address URL       how other activators and kubelets reach --admin (default: from --admin)
  --figures-host HOST       address at which :9090 (metrics), :9091 (metrics of requests) and :8008 (profiles) are served
                            while config-observability asks for them (default: nowhere)
  --autoscaler ADDRESS      gRPC address of the autoscaler, unix:/path or host:port; @FILE that lists where it may be; or
                            service/NAME: all of them that are behind a Service of serving's namespace
  --id NAME                 unique among activators (default: host name and process id)
  --linger-seconds N        after SIGTERM, how long to serve on while /readyz says 503 already (default 15)
  --drain-seconds N         patience with open requests after that (default 30)
`

/** Throws with a line for the user when an option makes no sense. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kubeconfig: { type: "string" },
      listen: { type: "string", multiple: true, default: ["0.0.0.0:8080"] },
      "listen-local": { type: "string", multiple: true, default: [] },
      "listen-https": { type: "string", multiple: true, default: [] },
      "listen-local-https": { type: "string", multiple: true, default: [] },
      admin: { type: "string", multiple: true, default: ["0.0.0.0:8081"] },
      "admin-address": { type: "string" },
      "figures-host": { type: "string" },
      autoscaler: { type: "string" },
      id: { type: "string" },
      "linger-seconds": { type: "string", default: "15" },
      "drain-seconds": { type: "string", default: "30" },
    },
  })
  return {
    kubeconfig: values.kubeconfig,
    listen: values.listen.map((text) => endpoint("--listen", text)),
    listenLocal: values["listen-local"].map((text) => endpoint("--listen-local", text)),
    listenSecure: values["listen-https"].map((text) => endpoint("--listen-https", text)),
    listenLocalSecure: values["listen-local-https"].map((text) => endpoint("--listen-local-https", text)),
    admin: values.admin.map((text) => endpoint("--admin", text)),
    adminAddress: values["admin-address"],
    figuresHost: values["figures-host"],
    autoscaler: values.autoscaler,
    id: values.id,
    lingerSeconds: seconds("--linger-seconds", values["linger-seconds"]),
    drainSeconds: seconds("--drain-seconds", values["drain-seconds"]),
  }
}

function seconds(flag: string, text: string): number {
  const value = Number(text)
  if (text === "" || !Number.isFinite(value) || value < 0) {
    throw new Error(`${flag} ${text}: must be a number of seconds, 0 or more`)
  }
  return value
}

function endpoint(flag: string, text: string): Endpoint {
  const colon = text.lastIndexOf(":")
  const port = Number(text.slice(colon + 1))
  if (colon < 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${flag} ${text}: must be HOST:PORT with a port from 0 to 65535`)
  }
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, "") || "0.0.0.0", port }
}
