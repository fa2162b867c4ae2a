import type { Clock } from "@wick/sdk/clock"
import type { MemberStorage } from "#store"
import { type Archive, besideRecords } from "./archive.ts"
import { encodeFile, type SnapshotHeader } from "./backup-file.ts"
import type { Destination } from "./destination.ts"
import { fileSizeSoft, sliceSizeMax } from "./limits.ts"
import { nameOf } from "./object-name.ts"
import { encodeRecord } from "./record.ts"

/**
 * Writes the latest of every key while the store goes on: each slice is of another moment. The archive has every change
 * since the first of them, and with those applied it is the state of the last moment, and of each one later. So nothing
 * is held up or kept back for it, however long it takes and whatever is compacted meanwhile; and it ends, however much is
 * written, for what was written after the first moment it leaves to the archive.
 */
export async function writeSnapshot(parts: {
  readonly storage: MemberStorage
  readonly archive: Archive
  readonly destination: Destination
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<{ readonly revision: number; readonly files: number }> {
  const { storage, archive, destination, clock, signal } = parts
  const { chain } = archive.position
  const base = archive.base()
  const parted = new Parts(destination, clock, chain, base)
  for (const record of besideRecords(storage.beside())) parted.add(record)
  for (let next = 0; next <= base.revision; ) {
    signal.throwIfAborted()
    const slice = storage.latest(next, sliceSizeMax)
    for (const { kv } of slice.changes) {
      if (kv.modRevision <= base.revision) parted.add(encodeRecord({ kind: "change", change: kv }), true)
    }
    if (slice.next === undefined) break
    next = slice.next
    if (parted.size >= fileSizeSoft) await parted.put(next - 1, false)
    else await new Promise((resolve) => setImmediate(resolve))
  }
  const revision = storage.currentRevision()
  await archive.flush()
  signal.throwIfAborted()
  await parted.put(revision, true)
  return { revision, files: parted.count }
}

class Parts {
  readonly #destination: Destination
  readonly #clock: Clock
  readonly #chain: string
  readonly #base: SnapshotHeader["base"]
  #records: Buffer[] = []
  #changes = 0
  #after = 0
  #previous = ""
  count = 0
  size = 0

  constructor(destination: Destination, clock: Clock, chain: string, base: SnapshotHeader["base"]) {
    this.#destination = destination
    this.#clock = clock
    this.#chain = chain
    this.#base = base
  }

  add(record: Buffer, isChange = false): void {
    this.#records.push(record)
    this.size += record.length
    if (isChange) this.#changes++
  }

  async put(revision: number, final: boolean): Promise<void> {
    const [chain, base] = [this.#chain, this.#base]
    const takenAtMs = this.#clock.now()
    const sequence = this.count + 1
    const { bytes, digest } = await encodeFile<SnapshotHeader>(
      {
        kind: "snapshot",
        chain,
        sequence,
        previous: this.#previous,
        after: this.#after,
        revision,
        takenAtMs,
        changes: this.#changes,
        base,
        final,
      },
      this.#records,
    )
    const end = final ? { revision, takenAtMs } : undefined
    await this.#destination.put(nameOf({ kind: "part", chain, base, part: sequence, final: end }), bytes)
    this.#records = []
    this.#changes = 0
    this.#after = revision
    this.#previous = digest
    this.count = sequence
    this.size = 0
  }
}
