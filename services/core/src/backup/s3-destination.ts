import { createHash } from "node:crypto"
import { AwsClient } from "aws4fetch"
import { NotInBackupError } from "./backup-error.ts"
import type { Credentials } from "./credentials.ts"
import type { Destination, Place } from "./destination.ts"
import { callTimeoutMs } from "./limits.ts"
import { readListing } from "./s3-listing.ts"

/** Longest part of an answer that a message quotes. */
const quoteMax = 300
/** Pages of a thousand names: more than any retention leaves. */
const pagesMax = 10_000

/** A bucket of Amazon's S3, or of what speaks like it. Requests are signed (version 4), their bodies too. */
export function openBucket(place: Place & { kind: "s3" }, credentials: Credentials): Destination {
  const { bucket, prefix, endpoint, region } = place
  // Whoever calls tries again, later and later; the library's own way would be at once.
  const client = new AwsClient({
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    service: "s3",
    region,
    retries: 0,
  })
  const root = endpoint === undefined ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint}/${bucket}`
  const pathOf = (name: string): string => `${root}/${(prefix + name).split("/").map(encodeURIComponent).join("/")}`
  const call = async (method: string, url: string, body?: Uint8Array<ArrayBuffer>): Promise<Response> => {
    const response = await client.fetch(url, {
      method,
      headers: {
        "x-amz-content-sha256": createHash("sha256")
          .update(body ?? "")
          .digest("hex"),
      },
      signal: AbortSignal.timeout(callTimeoutMs),
      ...(body === undefined ? {} : { body }),
    })
    if (response.ok || response.status === 404) return response
    const text = (await response.text()).replaceAll(/\s+/g, " ").slice(0, quoteMax)
    throw new Error(`${method} ${new URL(url).pathname} was answered with ${response.status}: ${text}`)
  }
  const expect = async (response: Response, what: string): Promise<Response> => {
    if (response.status !== 404) return response
    await response.body?.cancel()
    throw new NotInBackupError(`${what} is not there`)
  }
  return {
    place: `s3://${bucket}/${prefix}`,
    put: async (name, bytes) => {
      const response = await call("PUT", pathOf(name), new Uint8Array(bytes))
      await (await expect(response, `bucket ${bucket}`)).body?.cancel()
    },
    get: async (name) => Buffer.from(await (await expect(await call("GET", pathOf(name)), name)).arrayBuffer()),
    list: async () => {
      const names: string[] = []
      let token: string | undefined
      for (let page = 0; page < pagesMax; page++) {
        const query = new URLSearchParams({ "list-type": "2", prefix })
        if (token !== undefined) query.set("continuation-token", token)
        const response = await expect(await call("GET", `${root}/?${query}`), `bucket ${bucket}`)
        const listing = readListing(await response.text())
        for (const key of listing.keys) if (key.startsWith(prefix)) names.push(key.slice(prefix.length))
        token = listing.next
        if (token === undefined) return names
      }
      throw new Error(`the list of s3://${bucket}/${prefix} does not end`)
    },
    remove: async (name) => void (await call("DELETE", pathOf(name))).body?.cancel(),
  }
}
