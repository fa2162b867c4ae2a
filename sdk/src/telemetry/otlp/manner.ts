import { readFileSync } from "node:fs"
import type { OtlpSignal } from "./endpoint.ts"

/** How a collector wants to be spoken to, beside where it is. */
export interface OtlpManner {
  /** Lower-cased names. */
  readonly headers: Readonly<Record<string, string>>
  readonly gzip: boolean
  /** PEM of who vouches for the collector; the system's authorities unless given. */
  readonly authorityPem: string | undefined
}

/**
 * From the environment variables that OpenTelemetry's own exporters read, since `config-observability` has no keys for it
 * and a token is nothing to write there: `OTEL_EXPORTER_OTLP_HEADERS` (`name=value,…`, percent-encoded), `…_COMPRESSION`
 * (`gzip` or `none`) and `…_CERTIFICATE` (a file); with `TRACES_` or `METRICS_` before the last word for one signal.
 * Throws with a sentence for the operators.
 */
export function otlpManner(env: Readonly<Record<string, string | undefined>>, signal: OtlpSignal): OtlpManner {
  const prefix = "OTEL_EXPORTER_OTLP_"
  const named = (word: string): { name: string; value: string } => {
    const own = `${prefix}${signal.toUpperCase()}_${word}`
    const name = env[own] ? own : `${prefix}${word}`
    return { name, value: env[name]?.trim() ?? "" }
  }
  const compression = named("COMPRESSION")
  if (!["", "none", "gzip"].includes(compression.value)) {
    throw new Error(`${compression.name}=${compression.value}: must be gzip or none`)
  }
  const certificate = named("CERTIFICATE").value
  return {
    headers: headersOf(named("HEADERS")),
    gzip: compression.value === "gzip",
    authorityPem: certificate === "" ? undefined : readFileSync(certificate, "utf8"),
  }
}

function headersOf({ name, value }: { name: string; value: string }): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const pair of value.split(",").filter((text) => text.trim() !== "")) {
    const [, key = "", text = ""] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=(.*)$/.exec(pair) ?? []
    // The value may be a secret: it is not repeated.
    if (key === "") throw new Error(`${name} must be a list of NAME=VALUE with commas between`)
    headers[key.toLowerCase()] = decoded(text.trim())
  }
  return headers
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
