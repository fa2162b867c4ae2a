import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Beside, RevisionChanges } from "#store"
import { openDisk } from "./disk.ts"
import { founding } from "./open-member.ts"
import { removalsPerSave, StateTable } from "./state-table.ts"
import { WriteAheadLog } from "./write-ahead-log.ts"

/** A state from elsewhere that a new store begins with. */
export interface FoundingState extends Beside {
  /** What the store will be at. Everything before is compacted: who knew the store that this was is told so. */
  readonly revision: number
  /** The latest of every key, in order of revision; each revision once, and none after `revision`. */
  readonly changes: AsyncIterable<RevisionChanges>
}

/** Bytes put into the table as one transaction. */
const saveSize = 8 * 1024 * 1024
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
    for (const { id, ttlSeconds } of state.leases) table.putLease({ id, ttlSeconds, deadlineMs: ttlSeconds * 1000 })
    for (const [name, note] of state.notes) table.putNote(name, note)
    for await (const { revision, changes } of state.changes) {
      table.append(revision, changes)
      if (table.unsavedSize >= saveSize) await table.save(checkpoint)
    }
    await table.save(checkpoint)
  } finally {
    await table.close()
  }
  const { log } = await WriteAheadLog.open(await openDisk(join(directory, "log")), founding)
  const hardState = { term: before.term, vote: 0, commit: before.index }
  await log.reserve(headerSize)
  await log.append({ hardState, snapshot: { at: before, configuration: founding }, entries: [] })
  await log.close()
}
