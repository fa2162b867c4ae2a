import { createHash } from "node:crypto"

/** The Lease of each part that a component's keys are divided into, by the names that Knative's autoscaler has for them. */
export function bucketNames(component: string, count: number): string[] {
  const two = (value: number): string => String(value).padStart(2, "0")
  return Array.from({ length: count }, (_, at) => `${component}-bucket-${two(at)}-of-${two(count)}`)
}

/**
 * Pure: which of several a key belongs to, so that nearly as much falls to each, and with one that goes only what was
 * its own goes to others: the one whose weight for the key is the greatest (rendezvous hashing).
 */
export function chosenFor(key: string, all: readonly string[]): string | undefined {
  let best: { readonly one: string; readonly weight: bigint } | undefined
  for (const one of all) {
    const weight = createHash("sha256").update(`${one} ${key}`).digest().readBigUInt64BE()
    if (!best || weight > best.weight) best = { one, weight }
  }
  return best?.one
}
