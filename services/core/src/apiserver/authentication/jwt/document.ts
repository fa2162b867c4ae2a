import { get } from "node:https"
import type { Clock } from "@wick/sdk/clock"

/** Reads a JSON document of an issuer; throws saying why there is none. */
export type ReadDocument = (url: string, authorityPem: string | undefined) => Promise<unknown>

/** An issuer that takes longer is away: only its own tokens wait, and they no longer than this for each document. */
const timeoutMs = 5_000
/** Discovery documents and key sets are some kilobytes. */
const documentBytesMax = 1024 * 1024

/** Node's own https, which is loaded for serving anyway. Redirects are not followed: an issuer's documents do not move. */
export function documentReader(clock: Clock): ReadDocument {
  return (url, authorityPem) =>
    new Promise((resolve, reject) => {
      const options = {
        // No connection is kept: the next document is wanted in an hour.
        agent: false,
        headers: { accept: "application/json" },
        ...(authorityPem && { ca: authorityPem }),
      }
      const outgoing = get(url, options, (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on("error", fail)
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.byteLength
          if (bytes > documentBytesMax) outgoing.destroy(new Error(`${url} is larger than ${documentBytesMax} bytes`))
          chunks.push(chunk)
        })
        response.on("end", () => {
          timer.cancel()
          if (response.statusCode !== 200) return reject(new Error(`${url} answers ${response.statusCode}`))
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")))
          } catch {
            reject(new Error(`${url} is not JSON`))
          }
        })
      })
      const fail = (error: Error): void => {
        timer.cancel()
        reject(error)
      }
      const timer = clock.timer(timeoutMs, () =>
        outgoing.destroy(new Error(`${url} does not answer in ${timeoutMs} ms`)),
      )
      outgoing.on("error", fail)
    })
}
