import { createHash } from "node:crypto"
import type { Clock } from "@wick/sdk/clock"
import { type ImageReference, parseImageReference } from "@wick/sdk/oci/image-reference"
import { type Keychain, RegistryRefusal, withRegistryAccess } from "@wick/sdk/oci/registry-access"

/** Images of a revision by container: resolved to digests, being asked for, or refused by their registry. */
export type Resolution =
  | { readonly kind: "resolving" }
  | { readonly kind: "resolved"; readonly images: Readonly<Record<string, string>> }
  | { readonly kind: "failed"; readonly message: string }

export interface DigestOptions {
  /** Registries whose tags are taken as they are. */
  readonly skip: readonly string[]
  /** Registries, `host:port`, that speak plain HTTP. */
  readonly plain: readonly string[]
  readonly keychain: Keychain
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

const dockerHub = "index.docker.io"
const hubNames = ["docker.io", "registry-1.docker.io"]
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ")
/** A registry that is busy or restarts is asked this often, with these pauses, before the caller is told. */
const pausesMs = [250, 1_000]
const passing = [408, 429, 500, 502, 503, 504]

/**
 * The image with its tag replaced by the digest that the tag names now (HEAD on the manifest, OCI distribution
 * specification 1.1), so that a revision runs the same bytes for ever. Throws an Error whose message a user can act on.
 */
export async function resolveDigest(image: string, options: DigestOptions): Promise<string> {
  const parsed = parseImageReference(image, dockerHub)
  if (!parsed) throw new Error(`Unable to fetch image "${image}": could not parse reference`)
  const reference = onHub(parsed)
  const { registry, repository, digest } = reference
  if (digest || options.skip.includes(registry) || options.skip.includes(parsed.registry)) return image
  const limit = AbortSignal.timeout(options.timeoutMs)
  const signal = AbortSignal.any([options.signal, limit])
  const asking = withRegistryAccess(options.fetch, once(options.keychain))
  try {
    return `${registry}/${repository}@${await digestOf(reference, asking, signal, options)}`
  } catch (error) {
    const why = limit.aborted ? `no answer within ${options.timeoutMs / 1_000} s` : reasonOf(error as Error)
    throw new Error(
      `Unable to fetch image "${image}": HEAD ${urlOf(reference, schemesOf(registry, options)[0])}: ${why}`,
    )
  }
}

/** Images of Docker Hub without a user are in its `library`. */
function onHub(reference: ImageReference): ImageReference {
  const registry = hubNames.includes(reference.registry) ? dockerHub : reference.registry
  const official = registry === dockerHub && !reference.repository.includes("/")
  return { ...reference, registry, repository: official ? `library/${reference.repository}` : reference.repository }
}

function once(keychain: Keychain): Keychain {
  let asked: ReturnType<Keychain> | undefined
  return () => {
    asked ??= keychain()
    return asked
  }
}

function urlOf({ registry, repository, tag }: ImageReference, scheme: string): string {
  return `${scheme}://${registry}/v2/${repository}/manifests/${tag}`
}

/** Registries on this machine and in private development domains rather speak plain HTTP, but may speak TLS. */
function schemesOf(registry: string, { plain }: DigestOptions): readonly [string, ...string[]] {
  if (plain.includes(registry)) return ["http"]
  const host = registry.replace(/:\d+$/, "")
  const local = host === "localhost" || /\.local(host)?$/.test(host) || /^127\.|^\[::1\]/.test(host)
  return local ? ["http", "https"] : ["https"]
}

async function digestOf(
  reference: ImageReference,
  asking: typeof fetch,
  signal: AbortSignal,
  options: DigestOptions,
): Promise<string> {
  const { clock } = options
  const [first, second] = schemesOf(reference.registry, options)
  try {
    return await manifestDigest(urlOf(reference, first), { asking, signal, clock, patient: second === undefined })
  } catch (error) {
    if (!second || signal.aborted || !speaksTls(error)) throw error
    return manifestDigest(urlOf(reference, second), { asking, signal, clock, patient: true })
  }
}

/** What plain HTTP meets at a port where TLS is spoken: 400, or the end of the connection. */
function speaksTls(error: unknown): boolean {
  return error instanceof Unexpected ? error.status === 400 : !(error instanceof RegistryRefusal)
}

class Unexpected extends Error {
  readonly status: number

  constructor({ status, statusText }: Response) {
    super(status === 404 ? "404 Not Found: the registry has no such image" : `${status} ${statusText}`)
    this.status = status
  }
}

interface Asking {
  readonly asking: typeof fetch
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Whether connections that fail are tried again. */
  readonly patient: boolean
}

async function manifestDigest(url: string, how: Asking): Promise<string> {
  const head = await ask(url, "HEAD", how)
  const told = head.headers.get("docker-content-digest")
  if (told) return told
  // Not every registry says it with HEAD: then the digest is that of the manifest's bytes.
  const whole = await ask(url, "GET", how)
  const bytes = new Uint8Array(await whole.arrayBuffer())
  return whole.headers.get("docker-content-digest") ?? `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

async function ask(url: string, method: string, { asking, signal, clock, patient }: Asking): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const pauseMs = pausesMs[attempt]
    try {
      const response = await asking(url, { method, headers: { accept: manifestTypes }, signal })
      if (response.ok) return response
      await response.body?.cancel()
      if (pauseMs === undefined || !passing.includes(response.status)) throw new Unexpected(response)
    } catch (error) {
      if (pauseMs === undefined || !patient || !isPassing(error)) throw error
    }
    await clock.sleep(pauseMs, signal)
  }
}

/** Connections that are refused or cut off; not names that do not exist, nor certificates that nobody vouches for. */
function isPassing(error: unknown): boolean {
  const code = error instanceof TypeError ? (error.cause as { code?: string } | undefined)?.code : undefined
  return code === "ECONNREFUSED" || code === "ECONNRESET" || code === "EAI_AGAIN" || code === "ETIMEDOUT"
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message
}
