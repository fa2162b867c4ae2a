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

/** From undici's lower-cased header object; a header that came several times is an array. */
export function responseHead(given: Record<string, string | string[] | undefined>): ResponseHead {
  const headers: string[] = []
  let length = -1
  for (const name in given) {
    const value = given[name]
    if (value === undefined || dropped.has(name)) continue
    if (typeof value === "string") {
      headers.push(name, value)
      if (name === "content-length") length = Number(value)
    } else {
      for (const one of value) headers.push(name, one)
    }
  }
  return { headers, length }
}
