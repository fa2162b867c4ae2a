import type { FoundingState } from "#replication"
import type { Beside, Change, Note, RevisionChanges } from "#store"
import type { BackupHeader } from "./backup-file.ts"
import { leaseIdBump, unknownLeaseSeconds } from "./limits.ts"
import { type BackupRecord, decodeRecords } from "./record.ts"

/** Notes that say who a store's members are: a restored store has others. */
const notesOfMembers = /^(wick\/members|etcd\/(identity|peer-urls))$/

/** What encrypted values begin with, as Kubernetes has it. */
const encryptedMark = Buffer.from("k8s:enc:")

interface ReadFile {
  readonly header: BackupHeader
  readonly body: Uint8Array
}

/**
 * The state that a snapshot and the segments after it come to. Files are read twice: first to learn which change is the
 * last of each key, then for the values of those, so that never more than the keys is held.
 */
export class RestoredState {
  readonly #until: number
  readonly #withSealed: boolean
  /** Revision of the change that each key has in the end. */
  readonly #last = new Map<string, number>()
  #notes = new Map<string, Note>()
  #leases: Beside["leases"] = []
  readonly #lengths = new Map<number, number>()
  #lastLeaseId = 0
  readonly #leasesUsed = new Set<number>()
  /** Encrypted values that were left out. */
  dropped = 0
  restored = 0

  /** `until`: changes after this revision are left out. `withSealed`: so are encrypted values, unless it is true. */
  constructor(until: number, withSealed: boolean) {
    this.#until = until
    this.#withSealed = withSealed
  }

  /** To be called for every file in order. */
  learn({ header, body }: ReadFile): void {
    // Beside keys a segment tells the state of its end.
    const tellsBeside = header.kind === "snapshot" || header.revision <= this.#until
    for (const record of decodeRecords(body)) {
      if (record.kind === "change") this.#learnChange(record.change)
      else this.#learnBeside(record, tellsBeside)
    }
  }

  /** The state; `files` gives the same files once more. Counts are right when the changes have been read. */
  state(files: AsyncIterable<ReadFile>, revision: number): FoundingState {
    return {
      revision,
      lastLeaseId: this.#lastLeaseId + leaseIdBump,
      leases: this.#allLeases(),
      notes: this.#notes,
      changes: this.#changes(files),
    }
  }

  #learnChange({ key, modRevision, version, lease }: Change): void {
    if (modRevision > this.#until || modRevision <= (this.#last.get(key) ?? 0)) return
    if (version === 0) this.#last.delete(key)
    else this.#last.set(key, modRevision)
    if (lease !== 0) this.#leasesUsed.add(lease)
  }

  #learnBeside(record: Exclude<BackupRecord, { kind: "change" }>, counts: boolean): void {
    if (record.kind === "leases") {
      for (const { id, ttlSeconds } of record.leases) this.#lengths.set(id, ttlSeconds)
      this.#lastLeaseId = Math.max(this.#lastLeaseId, record.lastLeaseId)
    }
    if (!counts) return
    if (record.kind === "leases") this.#leases = record.leases
    else if (record.kind === "no-notes") this.#notes = new Map()
    else if (!notesOfMembers.test(record.name)) this.#notes.set(record.name, record.note)
  }

  /** Those that were there at the last archived moment, and those of keys that came after it. */
  #allLeases(): Beside["leases"] {
    const known = new Set(this.#leases.map(({ id }) => id))
    const others = [...this.#leasesUsed].filter((id) => !known.has(id))
    const added = others.map((id) => ({ id, ttlSeconds: this.#lengths.get(id) ?? unknownLeaseSeconds }))
    return [...this.#leases, ...added]
  }

  async *#changes(files: AsyncIterable<ReadFile>): AsyncGenerator<RevisionChanges> {
    let changes: Change[] = []
    let revision = 0
    for await (const { body } of files) {
      for (const record of decodeRecords(body)) {
        if (record.kind !== "change" || !this.#isWanted(record.change)) continue
        if (record.change.modRevision !== revision && changes.length > 0) {
          yield { revision, changes }
          changes = []
        }
        revision = record.change.modRevision
        changes.push(record.change)
      }
    }
    if (changes.length > 0) yield { revision, changes }
  }

  #isWanted({ key, modRevision, value, version }: Change): boolean {
    if (version === 0 || this.#last.get(key) !== modRevision) return false
    this.#last.delete(key) // a segment may have it once more
    if (!this.#withSealed && encryptedMark.equals(value.subarray(0, encryptedMark.length))) {
      this.dropped++
      return false
    }
    this.restored++
    return true
  }
}
