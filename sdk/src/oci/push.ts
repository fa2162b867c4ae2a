import type { Blob, Image } from "./image.ts"
import type { ImageReference } from "./image-reference.ts"

/** What a push did: bytes that travelled, and those that the registry had already. */
export interface PushResult {
  readonly digest: string
  readonly pushedBytes: number
  readonly reusedBytes: number
}

/**
 * Pushes an image by the OCI distribution specification 1.1: blobs that the registry lacks, then the manifest under its
 * tag. A registry on this machine is spoken to in plain HTTP, any other in HTTPS.
 */
export async function pushImage(image: Image, to: ImageReference, fetcher: typeof fetch = fetch): Promise<PushResult> {
  const base = `${isLocal(to.registry) ? "http" : "https"}://${to.registry}/v2/${to.repository}`
  const pushed = await Promise.all(image.blobs.map((blob) => pushBlob(base, blob, fetcher)))
  await expectStatus(
    await fetcher(`${base}/manifests/${to.tag}`, {
      method: "PUT",
      headers: { "content-type": image.manifest.mediaType },
      body: image.manifest.bytes,
    }),
    [201],
    `put the manifest of ${to.repository}:${to.tag}`,
  )
  const total = image.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const pushedBytes = pushed.reduce((sum, bytes) => sum + bytes, 0)
  return { digest: image.manifest.digest, pushedBytes, reusedBytes: total - pushedBytes }
}

function isLocal(registry: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(registry)
}

async function pushBlob(base: string, { digest, bytes }: Blob, fetcher: typeof fetch): Promise<number> {
  const known = await fetcher(`${base}/blobs/${digest}`, { method: "HEAD" })
  if (known.status === 200) return 0
  const started = await fetcher(`${base}/blobs/uploads/`, { method: "POST" })
  await expectStatus(started, [202], `start an upload to ${base}`)
  const location = new URL(started.headers.get("location") ?? "", base)
  location.searchParams.set("digest", digest)
  const headers = { "content-type": "application/octet-stream", "content-length": String(bytes.length) }
  await expectStatus(await fetcher(location, { method: "PUT", headers, body: bytes }), [201], `upload ${digest}`)
  return bytes.length
}

async function expectStatus(response: Response, wanted: readonly number[], what: string): Promise<void> {
  const body = await response.text()
  if (wanted.includes(response.status)) return
  throw new Error(`cannot ${what}: the registry answered ${response.status}${body ? `: ${body.slice(0, 500)}` : ""}`)
}
