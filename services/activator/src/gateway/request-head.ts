import type { Length } from "../http1/client-connection.ts"
import { lowerCase } from "../http1/field-names.ts"

/**
 * Headers that end at this hop (RFC 9110 §7.6.1), those that another header line would contradict, and those that speak
 * of the platform's insides. `expect` is answered by the gateway itself. Upper case letters are compared lower-cased.
 */
const dropped = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "http2-settings",
  "proxy-authorization",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "knative-serving-revision",
  "knative-serving-namespace",
])

/** What a request's head says, and the header pairs that its pod gets. */
export interface RequestHead {
  host: string
  /** Whether a body follows: chunked, or of a length above 0. */
  hasBody: boolean
  length: Length
  headers: string[]
  /** `K-Network-Probe` and `K-Network-Hash`, empty where there are none: one of the platform's parts asks, not a client. */
  probe: string
  probeHash: string
  /** A proxy before us says that its client came by TLS. */
  wasSecure: boolean
}

/**
 * One pass over the raw header pairs of a request. Undefined when the head is not acceptable: no Host or two of them,
 * or a length and chunks at once, the stuff of which request smuggling is made (RFC 9112 §6.3).
 */
export function requestHead(raw: readonly string[], client: string, secure: boolean): RequestHead | undefined {
  const headers: string[] = []
  let host: string | undefined
  let length: string | undefined
  let chunked = false
  let forwarded = ""
  let forwardedFor = ""
  let forwardedProto = ""
  let named: string[] | undefined
  let probe = ""
  let probeHash = ""
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    const lower = lowerCase(name)
    if (lower === "host") {
      if (host !== undefined) return undefined
      host = value
      headers.push(name, value)
    } else if (lower === "content-length") {
      if (length !== undefined) return undefined
      length = value
      headers.push(name, value)
    } else if (lower.charCodeAt(0) === 107 /* k */ && lower.charCodeAt(1) === 45 /* - */) {
      // K-*: what the platform's parts tell each other; a client may not speak in their name.
      if (lower === "k-network-probe") probe = value
      else if (lower === "k-network-hash") probeHash = value
    } else if (!dropped.has(lower)) {
      headers.push(name, value)
    } else if (lower === "transfer-encoding") chunked = true
    else if (lower === "connection") named = connectionOptions(value, named)
    else if (lower === "forwarded") forwarded = join(forwarded, value)
    else if (lower === "x-forwarded-for") forwardedFor = join(forwardedFor, value)
    else if (lower === "x-forwarded-proto") forwardedProto = value
  }
  if (host === undefined || (chunked && length !== undefined)) return undefined
  const proto = secure ? "https" : "http"
  headers.push(
    "x-forwarded-for",
    join(forwardedFor, client),
    "x-forwarded-proto",
    forwardedProto || proto,
    "x-forwarded-host",
    host,
    "forwarded",
    join(forwarded, `for=${client.includes(":") ? `"[${client}]"` : client};host="${host}";proto=${proto}`),
  )
  const bytes = chunked ? "chunked" : Number(length ?? 0)
  return {
    host,
    hasBody: bytes !== 0,
    length: bytes,
    headers: named === undefined ? headers : without(headers, new Set(named)),
    probe,
    probeHash,
    wasSecure: forwardedProto === "https",
  }
}

/**
 * What a request line asks for, as an origin server gets it (RFC 9112 §3.2): a client that takes us for a proxy says the
 * whole address, which must be that of its Host. Undefined when it is not, or is none at all.
 */
export function originForm(url: string | undefined, host: string): string | undefined {
  if (url === undefined) return undefined
  if (url.charCodeAt(0) === 47 /* / */ || url === "*") return url
  const start = /^http:\/\/([^/?#]*)/i.exec(url)
  if (start === null || (start[1] as string).toLowerCase() !== host.toLowerCase()) return undefined
  const rest = url.slice(start[0].length)
  return rest.startsWith("/") ? rest : `/${rest}`
}

/** Puts pairs in the place of all headers of their names. */
export function replaceHeaders(headers: string[], pairs: readonly string[]): void {
  const names: string[] = []
  for (let i = 0; i < pairs.length; i += 2) names.push((pairs[i] as string).toLowerCase())
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (names.includes(lowerCase(headers[i] as string))) headers.splice(i, 2)
  }
  headers.push(...pairs)
}

/** Headers that `Connection` names end at this hop too; the two usual words name none. */
function connectionOptions(value: string, named: string[] | undefined): string[] | undefined {
  if (value === "keep-alive" || value === "close" || value === "Keep-Alive") return named
  const options = value.split(",").map((option) => option.trim().toLowerCase())
  const others = options.filter((option) => option !== "keep-alive" && option !== "close" && option !== "")
  return others.length === 0 ? named : [...(named ?? []), ...others]
}

/** Taking these away would change the meaning of the message, so no `Connection` header can. */
const kept = new Set([
  "host",
  "content-length",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
])

function without(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const left: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const lower = lowerCase(name)
    if (!named.has(lower) || kept.has(lower)) left.push(name, headers[i + 1] as string)
  }
  return left
}

function join(list: string, value: string): string {
  return list === "" ? value : `${list}, ${value}`
}
