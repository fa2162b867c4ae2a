import type { Lease } from "../api/coordination/lease.ts"

/** Under which term of a mandate the lease was taken: one of a newer term may take it before it has run out. */
export const termAnnotation = "wick.dev/mandate-term"

/** The lease as last seen, and when we first saw it so: our clock and the holder's are never compared. */
export interface Sighting {
  readonly lease: Lease
  readonly sinceMs: number
}

export interface Claimant {
  readonly identity: string
  /** Of our mandate, if we have one. */
  readonly term: number | undefined
}

/** ours: renew it. free: take it. taken: leave it be. */
export type Standing = "ours" | "free" | "taken"

/**
 * Pure: how a claimant stands to a lease at a moment of its own clock.
 *
 * | holder  | its term       | seen unchanged for | standing |
 * |---------|----------------|--------------------|----------|
 * | nobody  | any            | any                | free     |
 * | we      | up to ours     | any                | ours     |
 * | another | older than ours| any                | free     |
 * | any     | newer than ours| any                | taken    |
 * | another | none, or ours  | its duration       | free     |
 * | another | none, or ours  | less               | taken    |
 */
export function standing(seen: Sighting | undefined, claimant: Claimant, nowMs: number): Standing {
  const holder = seen?.lease.spec?.holderIdentity ?? ""
  if (!seen || holder === "") return "free"
  const theirs = termIn(seen.lease)
  if (claimant.term !== undefined && theirs !== undefined && theirs !== claimant.term) {
    if (theirs > claimant.term) return "taken"
    return holder === claimant.identity ? "ours" : "free"
  }
  if (holder === claimant.identity) return "ours"
  const heldMs = (seen.lease.spec?.leaseDurationSeconds ?? 0) * 1000
  return nowMs - seen.sinceMs >= heldMs ? "free" : "taken"
}

/** The lease as it is to be written: taken or renewed by the claimant at `now` (RFC 3339, microseconds). */
export function claimed(
  seen: Sighting | undefined,
  claimant: Claimant,
  lease: { readonly name: string; readonly namespace: string; readonly seconds: number },
  now: string,
): Pick<Lease, "metadata" | "spec"> {
  const before = seen?.lease
  const same = before?.spec?.holderIdentity === claimant.identity
  const { [termAnnotation]: _, ...others } = before?.metadata.annotations ?? {}
  const annotations = { ...others, ...(claimant.term !== undefined && { [termAnnotation]: String(claimant.term) }) }
  const { name, namespace } = lease
  return {
    metadata: { ...(before?.metadata ?? { name, namespace }), annotations } as Lease["metadata"],
    spec: {
      ...before?.spec,
      holderIdentity: claimant.identity,
      leaseDurationSeconds: lease.seconds,
      acquireTime: (same ? before?.spec?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: (before?.spec?.leaseTransitions ?? 0) + (before && !same ? 1 : 0),
    },
  }
}

/** As a clean stop leaves it: nobody holds it, so that the next one need not wait. */
export function releasedLease({ lease }: Sighting, now: string): Lease {
  return { ...lease, spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now } }
}

function termIn({ metadata }: Lease): number | undefined {
  const text = metadata.annotations?.[termAnnotation]
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text)
}
