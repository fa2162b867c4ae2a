import { createHash } from "node:crypto"
import type { Clock } from "@wick/sdk/clock"
import type { Beside, MemberStorage } from "#store"
import { encodeFile, type SegmentHeader } from "./backup-file.ts"
import type { Destination } from "./destination.ts"
import { fileSizeSoft, sliceSizeMax } from "./limits.ts"
import { nameOf } from "./object-name.ts"
import { encodeRecord } from "./record.ts"

/** History that was not yet archived is compacted: what comes next does not follow on what there is. */
export class ChainBrokenError extends Error {
  override name = "ChainBrokenError"
}

/** Where a chain is: what its last segment says. */
export type ChainPosition = Pick<SegmentHeader, "chain" | "writer" | "sequence" | "revision" | "head"> & {
  /** Checksum of that segment. */
  readonly previous: string
}

interface Gathered {
  readonly records: readonly Buffer[]
  readonly changes: number
  readonly revision: number
  readonly head: string
  /** What there was beside keys, and whether there is more to come. */
  readonly beside: string
  readonly appliedIndex: number
  readonly caughtUp: boolean
}

/**
 * Writes what happens in a store, segment after segment. It asks the store what is new instead of being told, so no
 * write ever waits for it, and it holds no more than one segment however far it is behind.
 */
export class Archive {
  readonly #storage: MemberStorage
  readonly #destination: Destination
  readonly #clock: Clock
  #position: ChainPosition
  #beside = ""
  #appliedIndex = -1
  #turn: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(
    position: ChainPosition,
    parts: { readonly storage: MemberStorage; readonly destination: Destination; readonly clock: Clock },
  ) {
    this.#position = position
    this.#storage = parts.storage
    this.#destination = parts.destination
    this.#clock = parts.clock
  }

  get position(): ChainPosition {
    return this.#position
  }

  /** From where a snapshot that is begun now has to be gone on. The next segment tells everything beside keys anew. */
  base(): { readonly segment: number; readonly revision: number } {
    this.#beside = ""
    this.#appliedIndex = -1
    return { segment: this.#position.sequence + 1, revision: this.#storage.currentRevision() }
  }

  /** Resolves when all that was written before the call is in the archive. Throws ChainBrokenError. */
  flush(): Promise<void> {
    const turn = this.#turn.then(() => this.#flush())
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** The store is not asked any more; what was read of it by then is still put away. */
  stop(): void {
    this.#stopped = true
  }

  async #flush(): Promise<void> {
    while (!this.#stopped) {
      if (this.#storage.status().appliedIndex === this.#appliedIndex) return
      const gathered = await this.#gather()
      if (gathered.records.length > 0) await this.#put(gathered)
      if (gathered.caughtUp) {
        this.#appliedIndex = gathered.appliedIndex
        return
      }
    }
  }

  async #put({ records, changes, revision, head, beside }: Gathered): Promise<void> {
    const { chain, writer, sequence, revision: after, previous } = this.#position
    const takenAtMs = this.#clock.now()
    const place = { kind: "segment", chain, sequence: sequence + 1, after, revision, takenAtMs } as const
    const { bytes, digest } = await encodeFile<SegmentHeader>({ ...place, writer, previous, changes, head }, records)
    await this.#destination.put(nameOf(place), bytes)
    this.#position = { chain, writer, sequence: sequence + 1, revision, head, previous: digest }
    this.#beside = beside
  }

  async #gather(): Promise<Gathered> {
    const storage = this.#storage
    const records: Buffer[] = []
    let { revision, head } = this.#position
    let size = 0
    let changes = 0
    for (;;) {
      const { compactRevision, appliedIndex } = storage.status()
      if (compactRevision > revision) {
        throw new ChainBrokenError(
          `history from revision ${revision + 1} was compacted before it was archived; it begins at ${compactRevision}`,
        )
      }
      const slice = storage.kept(revision + 1, sliceSizeMax)
      const encoded = slice.changes.map(({ kv }) => encodeRecord({ kind: "change", change: kv }))
      changes += encoded.length
      for (const record of encoded) {
        records.push(record)
        size += record.length
      }
      if (slice.next !== undefined) {
        revision = slice.next - 1
        head = digestOf(slice.changes.map(({ kv }, at) => ({ revision: kv.modRevision, record: encoded[at] })))
      }
      const caughtUp = slice.next === undefined
      if (caughtUp || size >= fileSizeSoft) {
        const beside = storage.beside()
        const text = textOf(beside)
        if (text !== this.#beside) for (const record of besideRecords(beside)) records.push(record)
        return { records, changes, revision, head, beside: text, appliedIndex, caughtUp }
      }
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#stopped) return { records: [], changes: 0, revision, head, beside: "", appliedIndex, caughtUp: true }
    }
  }
}

/** Whether a store is the one whose archive goes up to `position`, and has all that comes after it. */
export function follows(storage: MemberStorage, { revision, head }: ChainPosition): boolean {
  const { compactRevision } = storage.status()
  if (head === "" || revision < compactRevision || revision > storage.currentRevision()) return false
  const { changes } = storage.kept(revision, 1)
  return (
    digestOf(
      changes.map(({ kv }) => ({ revision: kv.modRevision, record: encodeRecord({ kind: "change", change: kv }) })),
    ) === head
  )
}

/** What a store has beside keys, as records that say all of it. */
export function besideRecords({ leases, lastLeaseId, notes }: Beside): readonly Buffer[] {
  return [
    encodeRecord({ kind: "leases", leases, lastLeaseId }),
    encodeRecord({ kind: "no-notes" }),
    ...[...notes].map(([name, note]) => encodeRecord({ kind: "note", name, note })),
  ]
}

/** By which is known whether something beside keys has changed: the version of a note tells its value. */
function textOf({ leases, lastLeaseId, notes }: Beside): string {
  const ids = leases.map(({ id, ttlSeconds }) => `${id}:${ttlSeconds}`)
  const versions = [...notes].map(([name, { version }]) => `${name}:${version}`)
  return [lastLeaseId, ...ids, ...versions].join(" ")
}

/** Checksum of the changes of the last revision among these. */
function digestOf(changes: readonly { readonly revision: number; readonly record: Buffer | undefined }[]): string {
  const last = changes.at(-1)?.revision
  const hash = createHash("sha256")
  for (const { revision, record } of changes) if (revision === last && record) hash.update(record)
  return hash.digest("hex")
}
