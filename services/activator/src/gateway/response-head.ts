import { lowerCase } from "../http1/field-names.ts"

/** Headers of an answer that end at this hop, and those that speak of the platform's insides. */
const dropped = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "transfer-encoding",
  "trailer",
  "upgrade",
  "te",
])

/** The header pairs for the client, and the length of the body where the application has said it, else -1. */
export interface ResponseHead {
  headers: string[]
  length: number
}

/** From header pairs as the application has sent them. */
export function responseHead(fields: readonly string[]): ResponseHead {
  const headers: string[] = []
  let length = -1
  for (let i = 0; i < fields.length; i += 2) {
    const spelling = fields[i] as string
    const name = lowerCase(spelling)
    // Those with a colon are HTTP/2's own.
    if (dropped.has(name) || name.startsWith(":")) continue
    const value = fields[i + 1] as string
    headers.push(spelling, value)
    if (name === "content-length") length = Number(value)
  }
  return { headers, length }
}
