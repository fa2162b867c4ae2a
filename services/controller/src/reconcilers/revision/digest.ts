import { parseImageReference } from "@wick/sdk/oci"

/** Images of a revision by container: resolved to digests, being asked for, or refused by their registry. */
export type Resolution =
  | { readonly kind: "resolving" }
  | { readonly kind: "resolved"; readonly images: Readonly<Record<string, string>> }
  | { readonly kind: "failed"; readonly message: string }

export interface DigestOptions {
  /** Registries whose tags are taken as they are. */
  readonly skip: readonly string[]
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

const timeoutMs = 10_000
const registryDefault = "index.docker.io"
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ")

/**
 * The image with its tag replaced by the digest that the tag names now (HEAD on the manifest, OCI distribution
 * specification 1.1), so that a revision runs the same bytes for ever. Throws an Error whose message a user can act on.
 */
export async function resolveDigest(image: string, { skip, fetch, signal }: DigestOptions): Promise<string> {
  const reference = parseImageReference(image, registryDefault)
  if (!reference) throw new Error(`Unable to fetch image "${image}": could not parse reference`)
  const { registry, repository, tag, digest } = reference
  if (digest || skip.includes(registry)) return image
  const url = `${isLocal(registry) ? "http" : "https"}://${registry}/v2/${repository}/manifests/${tag}`
  const response = await fetch(url, {
    method: "HEAD",
    headers: { accept: manifestTypes },
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  }).catch((error: Error) => {
    throw new Error(`Unable to fetch image "${image}": HEAD ${url}: ${reasonOf(error)}`)
  })
  const found = response.headers.get("docker-content-digest")
  if (!response.ok) {
    const why =
      response.status === 404
        ? "404 Not Found: the registry has no such image"
        : `${response.status} ${response.statusText}`
    throw new Error(`Unable to fetch image "${image}": HEAD ${url}: ${why}`)
  }
  if (!found) throw new Error(`Unable to fetch image "${image}": the registry named no digest`)
  return `${registry}/${repository}@${found}`
}

/** Registries on this machine and in private development domains speak plain HTTP. */
function isLocal(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "")
  return host === "localhost" || host.endsWith(".local") || /^127\.|^\[::1\]/.test(host)
}

function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs / 1_000} s`
  return error.cause instanceof Error ? error.cause.message : error.message
}
