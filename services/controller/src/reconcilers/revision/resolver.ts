import type { Config } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { registryTransport } from "@wick/sdk/oci/registry-transport"
import { type Resolution, resolveDigest } from "./digest.ts"
import { pullCredentials } from "./keychain.ts"

/** How registries are reached, beyond what images and Secrets say. */
export interface Registries {
  /** `host:port` of those that speak plain HTTP; those of this machine may without being named. */
  readonly plain: readonly string[]
  /** PEM files of private authorities. */
  readonly authorityFiles: readonly string[]
}

/** Time after which a registry that said no is asked again: twice as long with each no. */
const retryMsMin = 10_000
const retryMsMax = 300_000

interface Pending {
  resolution: Resolution
  readonly tries: number
  /** Never, while the registry is being asked. */
  retryAtMs: number
}

/**
 * Asks registries for the digests of revisions, once each, and wakes the revision when the answer is there. What was
 * resolved is written in the revision's status, so after a restart nobody is asked again.
 */
export interface DigestResolver extends AsyncDisposable {
  resolutionOf(revision: Revision, config: Config): Resolution
  /** Forgets a revision that is gone. */
  forget(key: string): void
}

export interface ResolverOptions {
  readonly client: Client
  readonly clock: Clock
  readonly registries: Registries
  readonly wake: (key: string, afterMs?: number) => void
}

export function createDigestResolver(options: ResolverOptions): DigestResolver {
  const { clock, registries, wake } = options
  const pending = new Map<string, Pending>()
  const stop = new AbortController()
  const transport = registryTransport(registries.authorityFiles)
  const ask = async (key: string, entry: Pending, revision: Revision, config: Config): Promise<void> => {
    entry.resolution = await resolveAll(revision, config, { ...options, fetch: transport.fetch, signal: stop.signal })
    if (stop.signal.aborted) return
    const afterMs = Math.min(retryMsMax, retryMsMin * 2 ** entry.tries)
    entry.retryAtMs = clock.now() + afterMs
    wake(key)
    if (entry.resolution.kind === "failed") wake(key, afterMs)
  }
  return {
    resolutionOf(revision, config) {
      const key = `${revision.metadata.namespace}/${revision.metadata.name}`
      const known = fromStatus(revision)
      if (known) {
        pending.delete(key)
        return known
      }
      const asked = pending.get(key)
      if (asked && (asked.resolution.kind === "resolved" || clock.now() < asked.retryAtMs)) return asked.resolution
      const entry: Pending = {
        // What the registry said last holds until it says something else.
        resolution: asked?.resolution ?? { kind: "resolving" },
        tries: asked ? asked.tries + 1 : 0,
        retryAtMs: Number.POSITIVE_INFINITY,
      }
      pending.set(key, entry)
      void ask(key, entry, revision, config)
      return entry.resolution
    },
    forget: (key) => pending.delete(key),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await transport[Symbol.asyncDispose]()
    },
  }
}

function fromStatus({ spec, status }: Revision): Resolution | undefined {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const found = all.filter(({ imageDigest }) => imageDigest)
  if (found.length < spec.containers.length + (spec.initContainers?.length ?? 0)) return undefined
  return {
    kind: "resolved",
    images: Object.fromEntries(found.map(({ name, imageDigest }) => [name, imageDigest ?? ""])),
  }
}

interface Means extends Pick<ResolverOptions, "client" | "clock" | "registries"> {
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

async function resolveAll(revision: Revision, config: Config, means: Means): Promise<Resolution> {
  const { client, registries, ...rest } = means
  const { containers, initContainers = [] } = revision.spec
  const options = {
    ...rest,
    skip: config.deployment["registries-skipping-tag-resolving"],
    plain: registries.plain,
    timeoutMs: config.deployment["digest-resolution-timeout"],
  }
  try {
    const pairs = [...initContainers, ...containers].map(async ({ name, image = "" }) => {
      const keychain = () => pullCredentials(client, revision, image)
      return [name, await resolveDigest(image, { ...options, keychain })] as const
    })
    return { kind: "resolved", images: Object.fromEntries(await Promise.all(pairs)) }
  } catch (error) {
    return { kind: "failed", message: (error as Error).message }
  }
}
