/**
 * Where what is, below the place of a backup. Names tell enough to plan by, without reading what they name:
 *
 *     archive/CHAIN/SEQUENCE-AFTER-REVISION-TIME
 *     snapshots/CHAIN/SEGMENT-REVISION/PART             and of the last part PART-final-REVISION-TIME
 *     keys/TIME-CHECKSUM
 *
 * Numbers have leading zeros, so that names are in order.
 */
export type ObjectName =
  | {
      readonly kind: "segment"
      readonly chain: string
      readonly sequence: number
      readonly after: number
      readonly revision: number
      readonly takenAtMs: number
    }
  | {
      readonly kind: "part"
      readonly chain: string
      /** The segment from which on, and the revision since which changes have to be applied. */
      readonly base: { readonly segment: number; readonly revision: number }
      readonly part: number
      readonly final: { readonly revision: number; readonly takenAtMs: number } | undefined
    }
  | { readonly kind: "keys"; readonly takenAtMs: number; readonly checksum: string }

const sequenceDigits = 10
const partDigits = 6
const revisionDigits = 16
const timeDigits = 14

export function nameOf(object: ObjectName): string {
  switch (object.kind) {
    case "segment": {
      const { chain, sequence, after, revision, takenAtMs } = object
      const numbers = [pad(sequence, sequenceDigits), pad(after, revisionDigits), pad(revision, revisionDigits)]
      return `archive/${chain}/${numbers.join("-")}-${pad(takenAtMs, timeDigits)}`
    }
    case "part": {
      const { chain, base, part, final } = object
      const folder = `${pad(base.segment, sequenceDigits)}-${pad(base.revision, revisionDigits)}`
      const end = final && `-final-${pad(final.revision, revisionDigits)}-${pad(final.takenAtMs, timeDigits)}`
      return `snapshots/${chain}/${folder}/${pad(part, partDigits)}${end ?? ""}`
    }
    case "keys":
      return `keys/${pad(object.takenAtMs, timeDigits)}-${object.checksum}`
  }
}

/** Undefined: somebody else's. */
export function readName(name: string): ObjectName | undefined {
  const segment = /^archive\/([\w-]+)\/(\d{10})-(\d{16})-(\d{16})-(\d{14})$/.exec(name)
  if (segment) {
    const [, chain = "", ...numbers] = segment
    const [sequence = 0, after = 0, revision = 0, takenAtMs = 0] = numbers.map(Number)
    return { kind: "segment", chain, sequence, after, revision, takenAtMs }
  }
  const part = /^snapshots\/([\w-]+)\/(\d{10})-(\d{16})\/(\d{6})(?:-final-(\d{16})-(\d{14}))?$/.exec(name)
  if (part) {
    const [, chain = "", at, since, number, revision, takenAt] = part
    const final = revision === undefined ? undefined : { revision: Number(revision), takenAtMs: Number(takenAt) }
    return { kind: "part", chain, base: { segment: Number(at), revision: Number(since) }, part: Number(number), final }
  }
  const keys = /^keys\/(\d{14})-([0-9a-f]{16})$/.exec(name)
  return keys ? { kind: "keys", takenAtMs: Number(keys[1]), checksum: keys[2] ?? "" } : undefined
}

/** Chains are in order of their names, too. */
export function chainName(nowMs: number, random: number): string {
  return `${pad(nowMs, timeDigits)}-${random.toString(16).padStart(8, "0")}`
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, "0")
}
