import type { UserInfo } from "./authentication/user.ts"

/** Headers that belong to one hop (RFC 9110 §7.6.1). */
const ofOneHop = new Set([
  "connection",
  // It is for us to say that we would take a body, and we have by now.
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "http2-settings",
])

/** By what the client has shown who it is, or would like to be taken for: only we say that to an extension server. */
const ofIdentity = /^(authorization|impersonate-.*|x-remote-.*)$/

/**
 * Pure: the headers with which a request goes on to an extension server: the client's own, and who it is. The server
 * believes them because of the certificate with which we come.
 */
export function forwardedHeaders(
  headers: Iterable<[string, string]>,
  user: UserInfo,
  peerAddress: string,
): Record<string, string | string[]> {
  const forwarded: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (!ofOneHop.has(key) && !ofIdentity.test(key)) forwarded[key] = value
  }
  if (peerAddress !== "") {
    const before = forwarded["x-forwarded-for"]
    forwarded["x-forwarded-for"] = before === undefined ? peerAddress : `${before}, ${peerAddress}`
  }
  return { ...forwarded, ...identityHeaders(user) }
}

/** Pure: who somebody is, as a front proxy says it. */
export function identityHeaders(user: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "X-Remote-User": asBytes(user.name) }
  if (user.uid) headers["X-Remote-Uid"] = asBytes(user.uid)
  if (user.groups.length > 0) headers["X-Remote-Group"] = user.groups.map(asBytes)
  for (const [key, values] of Object.entries(user.extra ?? {})) {
    headers[`X-Remote-Extra-${escapedKey(key)}`] = values.map(asBytes)
  }
  return headers
}

/** Names in any language go out in UTF-8, of which each byte is a character to Node. */
function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1")
}

/** A key may have characters that no header's name has: they are written as in a URL. */
function escapedKey(key: string): string {
  const bytes = Buffer.from(key, "utf8")
  return [...bytes].map((byte) => (isTokenByte(byte) ? String.fromCharCode(byte) : percent(byte))).join("")
}

function isTokenByte(byte: number): boolean {
  return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)) && byte < 0x80
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
}

/** Pure: an answer's headers as they go on to the client. */
export function answeredHeaders(rawHeaders: readonly string[]): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2)
    if (!ofOneHop.has(name.toLowerCase())) headers.append(name, value)
  }
  return headers
}
