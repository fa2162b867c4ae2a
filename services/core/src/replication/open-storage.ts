import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { type Configuration, createRaft } from "#raft"
import { type MemberStorage, StorageFront, WatchHub } from "#store"
import { Compactor } from "./compactor.ts"
import { lockDirectory } from "./directory-lock.ts"
import { type Disk, openDisk } from "./disk.ts"
import { CorruptLogError } from "./log-recovery.ts"
import { Member } from "./member.ts"
import { removalsPerSave, StateTable } from "./state-table.ts"
import { measureStorage, noMetrics } from "./storage-metrics.ts"
import { type RecoveredLog, WriteAheadLog } from "./write-ahead-log.ts"

/** History is kept for one to two of these. */
export const compactionIntervalMs = 5 * 60 * 1000

/** The founder of a cluster is alone in it. */
const founder = 1
export const founding: Configuration = { voters: [founder], outgoing: [], learners: [] }

/** A member that is alone never waits for these; they are what a cluster would count by. */
const electionTicks = 10
const heartbeatTicks = 1

export interface StorageOptions {
  /** All that the store keeps is in here; made when it is not there. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics
  /** Called once if the disk fails: every call is refused from then on, and the process should be started anew. */
  readonly onFailure?: (error: Error) => void
}

/**
 * Opens the store in a directory, or founds it there. Resolves when it can be written to. Throws DirectoryInUseError,
 * and CorruptLogError when what is there is not what was written.
 */
export async function openStorage(options: StorageOptions): Promise<MemberStorage> {
  return openStorageOn(() => openDisk(join(options.directory, "log")), options)
}

/** The same with a disk for the log that need not be a real one. */
export async function openStorageOn(logDisk: () => Promise<Disk>, options: StorageOptions): Promise<MemberStorage> {
  const { directory, clock, log: report, onFailure = () => {} } = options
  const startMs = clock.monotonic()
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await using undo = new AsyncDisposableStack()
  const unlock = await lockDirectory(directory)
  undo.defer(unlock)
  const table = new StateTable(join(directory, "state"), removalsPerSave)
  undo.defer(() => table.close())
  const { mvcc, checkpoint } = table.load()
  const { log, recovered } = await WriteAheadLog.open(await logDisk(), founding)
  undo.defer(() => log.close())
  const applied = checkpoint?.applied ?? { index: 0, term: 0 }
  const entries = entriesAfter(directory, applied.index, recovered)
  const configuration = checkpoint?.configuration ?? recovered.configuration ?? founding
  const { hardState, tornBytes } = recovered
  const raft = createRaft({
    id: founder,
    electionTicks,
    heartbeatTicks,
    hardState,
    configuration,
    applied,
    entries,
    jitter: 0,
  })
  const hub = new WatchHub(mvcc, (task) => void setImmediate(task))
  const metrics = options.metrics ? measureStorage(options.metrics, { mvcc, hub, table }) : noMetrics
  const member = new Member({ raft, log, table, mvcc, hub, applied, clock, report, metrics, unlock, onFailure })
  await member.lead()
  undo.move()
  const opened = { revision: mvcc.revision, entriesApplied: entries.length, tornBytes, ms: clock.monotonic() - startMs }
  report.info("store opened", opened)
  const storage = new StorageFront(mvcc, hub, member)
  return withCompaction(storage, clock, report)
}

/** Entries of the log that the state does not hold yet; what is between the two must not be missing. */
function entriesAfter(directory: string, appliedIndex: number, recovered: RecoveredLog): RecoveredLog["entries"] {
  const { before, entries } = recovered
  const lastIndex = entries.at(-1)?.index ?? before.index
  if (lastIndex < appliedIndex || before.index > appliedIndex) {
    throw new CorruptLogError(
      `${directory} is incomplete: its state goes up to entry ${appliedIndex}, its log from ${before.index + 1} ` +
        `to ${lastIndex}. One of the two was removed or is of another time: restore both from one backup`,
    )
  }
  return entries.slice(appliedIndex - before.index)
}

function withCompaction(storage: MemberStorage, clock: Clock, log: Log): MemberStorage {
  const compactor = new Compactor(storage, clock, log, compactionIntervalMs)
  return {
    range: (request) => storage.range(request),
    txn: (request) => storage.txn(request),
    watch: (request, handler) => storage.watch(request, handler),
    compact: (revision) => storage.compact(revision),
    currentRevision: () => storage.currentRevision(),
    grantLease: (ttlSeconds, id) => storage.grantLease(ttlSeconds, id),
    keepLeaseAlive: (id) => storage.keepLeaseAlive(id),
    revokeLease: (id) => storage.revokeLease(id),
    transact: (request) => storage.transact(request),
    confirmRead: () => storage.confirmRead(),
    leases: () => storage.leases(),
    lease: (id) => storage.lease(id),
    kept: (revision, changesMax) => storage.kept(revision, changesMax),
    latest: (revision, changesMax) => storage.latest(revision, changesMax),
    beside: () => storage.beside(),
    cluster: storage.cluster,
    note: (name) => storage.note(name),
    setNote: (name, value, expected) => storage.setNote(name, value, expected),
    status: () => storage.status(),
    close: () => {
      compactor.stop()
      return storage.close()
    },
  }
}
