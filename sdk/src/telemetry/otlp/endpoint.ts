export type OtlpProtocol = "http/protobuf" | "grpc"
export type OtlpSignal = "traces" | "metrics"

/** Where a signal is sent. */
export interface OtlpEndpoint {
  readonly isSecure: boolean
  readonly host: string
  readonly port: number
  /** Of HTTP: as it was given, or the signal's own where none was. */
  readonly path: string
}

const defaultPort = { http: 80, https: 443 }

/**
 * A collector's address as operators write it: `http://jaeger.observability:4318/v1/traces`, or without a path for the
 * usual one. Without a scheme it is reached by TLS, like Knative does. Throws with a sentence for them.
 */
export function otlpEndpoint(given: string, signal: OtlpSignal): OtlpEndpoint {
  const url = URL.parse(given.includes("://") ? given : `https://${given}`)
  if (url === null || url.hostname === "" || !/^https?:$/.test(url.protocol)) {
    throw new Error(`${JSON.stringify(given)} is no address of a collector, which looks like http://HOST:PORT`)
  }
  const isSecure = url.protocol === "https:"
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? defaultPort[isSecure ? "https" : "http"] : Number(url.port),
    path: url.pathname === "/" ? `/v1/${signal}` : `${url.pathname}${url.search}`,
  }
}
