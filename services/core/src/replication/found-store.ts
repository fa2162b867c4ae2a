import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Beside, RevisionChanges } from "#store"
import { changeKey, encodeChange } from "./change-codec.ts"
import { openDisk } from "./disk.ts"
import { founding } from "./open-member.ts"
import { encodeLease, encodeNote } from "./state-codec.ts"
import type { StateRecord } from "./state-stream.ts"
import { removalsPerSave, StateTable } from "./state-table.ts"
import { leaseKey } from "./table-source.ts"
import { WriteAheadLog } from "./write-ahead-log.ts"

/** A state from elsewhere that a new store begins with. */
export interface FoundingState extends Beside {
  /** What the store will be at. Everything before is compacted: who knew the store that this was is told so. */
  readonly revision: number
  /** The latest of every key, in order of revision; each revision once, and none after `revision`. */
  readonly changes: AsyncIterable<RevisionChanges>
}

/** Bytes put into the table as one transaction. None is waited for to be on the disk but the last: half a store is none. */
const partSize = 4 * 1024 * 1024
/**
 * What the log begins after. Not at its very beginning: a member that joins with an empty log has to be sent the state,
 * and must not think that it has it because there are no entries before.
 */
const before = { index: 1, term: 1 }
/** Room for what the log has to begin with, in bytes. */
const headerSize = 1024

/** Makes a store of one member in a directory that is not there yet. Leases begin anew, with all of their time. */
export async function foundStore(directory: string, state: FoundingState): Promise<void> {
  await mkdir(directory, { mode: 0o700 })
  const position = {
    revision: state.revision,
    compactRevision: state.revision,
    timeMs: 0,
    lastLeaseId: state.lastLeaseId,
  }
  const checkpoint = { applied: before, configuration: founding, position }
  const table = new StateTable(join(directory, "state"), removalsPerSave)
  try {
    for await (const records of parts(state)) await table.fill(records)
    await table.fillCheckpoint(checkpoint)
  } finally {
    await table.close()
  }
  const { log } = await WriteAheadLog.open(await openDisk(join(directory, "log")), founding)
  const hardState = { term: before.term, vote: 0, commit: before.index }
  await log.reserve(headerSize)
  await log.append({ hardState, snapshot: { at: before, configuration: founding }, entries: [] })
  await log.close()
}

async function* parts({ leases, notes, changes }: FoundingState): AsyncGenerator<StateRecord[]> {
  let records: StateRecord[] = [
    ...leases.map(({ id, ttlSeconds }) => {
      const value = encodeLease({ id, ttlSeconds, deadlineMs: ttlSeconds * 1000 })
      return { kind: "lease", key: leaseKey(id), value } as const
    }),
    ...[...notes].map(([name, note]) => {
      return { kind: "note", key: Buffer.from(name, "latin1"), value: encodeNote(name, note) } as const
    }),
  ]
  let size = 0
  for await (const { revision, changes: written } of changes) {
    for (const [sub, change] of written.entries()) {
      const value = encodeChange(change)
      records.push({ kind: "change", key: changeKey(revision, sub), value })
      size += value.length
    }
    if (size < partSize) continue
    yield records
    records = []
    size = 0
  }
  yield records
}
