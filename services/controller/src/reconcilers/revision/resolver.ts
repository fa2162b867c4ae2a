import type { Config } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Clock } from "@wick/sdk/clock"
import { type Resolution, resolveDigest } from "./digest.ts"

/** Time after which a registry that said no is asked again. */
const retryMs = 10_000

interface Pending {
  resolution: Resolution
  readonly retryAtMs: number
}

/**
 * Asks registries for the digests of revisions, once each, and wakes the revision when the answer is there. What was
 * resolved is written in the revision's status, so after a restart nobody is asked again.
 */
export interface DigestResolver {
  resolutionOf(revision: Revision, config: Config): Resolution
  /** Forgets a revision that is gone. */
  forget(key: string): void
}

export function createDigestResolver(
  clock: Clock,
  signal: AbortSignal,
  wake: (key: string, afterMs?: number) => void,
): DigestResolver {
  const pending = new Map<string, Pending>()
  return {
    resolutionOf(revision, config) {
      const known = fromStatus(revision)
      if (known) return known
      const key = `${revision.metadata.namespace}/${revision.metadata.name}`
      const asked = pending.get(key)
      if (asked && clock.now() < asked.retryAtMs) return asked.resolution
      const entry: Pending = {
        resolution: asked?.resolution ?? { kind: "resolving" },
        retryAtMs: clock.now() + retryMs,
      }
      pending.set(key, entry)
      void resolveAll(revision, config, signal).then((resolution) => {
        entry.resolution = resolution
        wake(key)
        if (resolution.kind === "failed") wake(key, retryMs)
      })
      return entry.resolution
    },
    forget: (key) => pending.delete(key),
  }
}

function fromStatus({ spec, status }: Revision): Resolution | undefined {
  const found = (status?.containerStatuses ?? []).filter(({ imageDigest }) => imageDigest)
  if (found.length < spec.containers.length) return undefined
  return {
    kind: "resolved",
    images: Object.fromEntries(found.map(({ name, imageDigest }) => [name, imageDigest ?? ""])),
  }
}

async function resolveAll({ spec }: Revision, config: Config, signal: AbortSignal): Promise<Resolution> {
  const skip = config.deployment["registries-skipping-tag-resolving"]
  try {
    const pairs = spec.containers.map(
      async ({ name, image }) => [name, await resolveDigest(image ?? "", { skip, fetch, signal })] as const,
    )
    return { kind: "resolved", images: Object.fromEntries(await Promise.all(pairs)) }
  } catch (error) {
    return { kind: "failed", message: (error as Error).message }
  }
}
