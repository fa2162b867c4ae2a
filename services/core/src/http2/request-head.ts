import type { HeaderList } from "./server-stream.ts"

/** What a head says of its request. */
export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly authority: string
  /** -1: it does not say. */
  readonly contentLength: number
}

/** Names of fields: tokens without upper case (RFC 9110, section 5.6.2, and RFC 9113, section 8.2.1). */
const nameForm = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** In a value neither NUL nor an end of line, nor a space at its beginning or end. */
const valueFault = /[\0\r\n]|^[ \t]|[ \t]$/
const lengthForm = /^\d{1,15}$/
/** They speak of a connection of HTTP/1.1. */
const connectionNames: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
])

/** Names that were found good: nearly all requests have the same few. */
const knownNames = new Set<string>()
const knownNamesMax = 512
/** Longer ones are no names that come again. */
const knownNameLengthMax = 64

function isName(name: string): boolean {
  if (knownNames.has(name)) return true
  if (!nameForm.test(name) || connectionNames.has(name)) return false
  if (knownNames.size < knownNamesMax && name.length <= knownNameLengthMax) knownNames.add(name)
  return true
}

/** What the pseudo-headers say, or why the head is malformed (RFC 9113, section 8.3). */
export function readRequestHead(list: HeaderList): RequestHead | string {
  let method: string | undefined
  let scheme: string | undefined
  let path: string | undefined
  let authority: string | undefined
  let at = 0
  for (; at < list.length; at += 2) {
    const name = list[at] as string
    if (name.charCodeAt(0) !== colon) break
    const value = list[at + 1] as string
    if (valueFault.test(value)) return `${name} has a character that no header may have`
    if (name === ":method" && method === undefined) method = value
    else if (name === ":scheme" && scheme === undefined) scheme = value
    else if (name === ":path" && path === undefined) path = value
    else if (name === ":authority" && authority === undefined) authority = value
    else return `${JSON.stringify(name)} is said twice, or is no pseudo-header of a request`
  }
  if (!method) return "there is no :method"
  if (method === "CONNECT") {
    if (scheme !== undefined || path !== undefined || !authority) return "CONNECT has an :authority and nothing else"
  } else if (!scheme || !path) return "there is no :scheme or no :path"
  const contentLength = checkFields(list, at)
  if (typeof contentLength === "string") return contentLength
  return { method, path: path ?? "", authority: authority ?? "", contentLength }
}

const colon = 0x3a

/** The length of the body, -1 unless it is said; or what is wrong. */
function checkFields(list: HeaderList, start: number): number | string {
  let contentLength = -1
  for (let at = start; at < list.length; at += 2) {
    const name = list[at] as string
    const value = list[at + 1] as string
    if (!isName(name)) return `${JSON.stringify(name)} is no name that a header of HTTP/2 may have here`
    if (valueFault.test(value)) return `${name} has a character that no header may have`
    if (name === "te" && value !== "trailers") return "te is something else than trailers"
    if (name === "content-length") {
      if (!lengthForm.test(value) || (contentLength >= 0 && contentLength !== Number(value))) {
        return "content-length is no number, or is said twice"
      }
      contentLength = Number(value)
    }
  }
  return contentLength
}

/** What is wrong with fields that came after a body; undefined when nothing is. */
export function faultOfTrailers(list: HeaderList): string | undefined {
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at] as string
    if (!isName(name)) return `${JSON.stringify(name)} is no name that a trailer may have`
    if (valueFault.test(list[at + 1] as string)) return `${name} has a character that no header may have`
  }
  return undefined
}
