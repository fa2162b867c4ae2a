import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { type Configuration, createRaft, type RaftState } from "#raft"
import { type MemberStorage, type Mvcc, StorageFront, WatchHub } from "#store"
import type { StateHome } from "./applied-state.ts"
import { Compactor } from "./compactor.ts"
import type { Disk } from "./disk.ts"
import { type Limits, usualLimits } from "./limits.ts"
import { Member, tickMs } from "./member.ts"
import type { Membership } from "./membership.ts"
import { measureStorage, noMetrics } from "./storage-metrics.ts"
import { WriteAheadLog } from "./write-ahead-log.ts"

/** History is kept for one to two of these. */
export const compactionIntervalMs = 5 * 60 * 1000

/** The founder of a cluster is alone in it. */
export const founder = 1
export const founding: Configuration = { voters: [founder], outgoing: [], learners: [] }

/** Ticks without a leader after which a member stands for election: this many, to twice as many. See `tickMs`. */
const electionTicks = 8
const heartbeatTicks = 1

/** All that a member needs of the outside world, so that each of it can be simulated. */
export interface MemberParts {
  /** Where the log is. */
  readonly disk: Disk
  /** Where the applied state is. */
  readonly states: StateHome
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics
  /** Absent: it is alone, and no other can join. */
  readonly membership?: Membership
  /** Runs a task soon, but not now; `setImmediate` unless told otherwise. */
  readonly soon?: (task: () => void) => void
  readonly limits?: Limits
  /** Called once when the store has stopped itself, see `StorageOptions`. */
  readonly onFailure?: (error: Error) => void
  /** Called when all is closed. */
  readonly unlock?: () => Promise<void>
}

export interface OpenedMember {
  readonly storage: MemberStorage
  /** To be looked at, by whoever checks what members promise each other. */
  readonly raft: RaftState
  readonly mvcc: Mvcc
}

/**
 * Opens a member on what its disk and its states hold. Who is the only one with a vote can be written to when this
 * resolves; of others a call waits until there is a leader.
 */
export async function openMember(parts: MemberParts): Promise<OpenedMember> {
  const { disk, states, clock, random, log: report, membership, limits = usualLimits } = parts
  const { onFailure = () => {}, unlock = async () => {} } = parts
  const startMs = clock.monotonic()
  await using undo = new AsyncDisposableStack()
  const { id = founder, founders = [founder] } = membership ?? {}
  const founded = { voters: founders, outgoing: [], learners: [] }
  const { log, recovered } = await WriteAheadLog.open(disk, founded, limits.segmentSize)
  undo.defer(() => log.close())
  const { before, entries, hardState, tornBytes } = recovered
  const table = await states.open({ before, entries })
  undo.defer(() => table.close())
  const { mvcc, checkpoint } = table.load()
  const applied = checkpoint?.applied ?? { index: 0, term: 0 }
  const later = entries.slice(applied.index - before.index)
  const raft = createRaft({
    id,
    electionTicks,
    heartbeatTicks,
    appendSizeMax: limits.appendSizeMax,
    hardState,
    configuration: checkpoint?.configuration ?? recovered.configuration ?? founded,
    applied,
    entries: later,
    jitter: random.below(electionTicks),
    lease: membership?.leaseDriftMax === undefined ? undefined : { tickMs, driftMax: membership.leaseDriftMax },
  })
  const hub = new WatchHub(mvcc, parts.soon ?? ((task) => void setImmediate(task)), (error) => {
    member.unreadable(error)
    if (member.stopped === undefined) throw error
  })
  let compactor: Compactor | undefined
  const member: Member = new Member({
    raft,
    log,
    states,
    table,
    savedIndex: applied.index,
    mvcc,
    hub,
    applied,
    clock,
    random,
    limits,
    report,
    metrics: parts.metrics
      ? measureStorage(parts.metrics, { mvcc, hub, unsavedSize: () => member.unsavedSize })
      : noMetrics,
    membership,
    onClose: () => compactor?.stop(),
    unlock,
    onFailure,
  })
  await member.start()
  undo.move()
  const opened = { revision: mvcc.revision, entriesApplied: later.length, tornBytes, ms: clock.monotonic() - startMs }
  report.info("store opened", opened)
  const storage = new StorageFront(mvcc, hub, member)
  compactor = new Compactor(storage, clock, report, compactionIntervalMs)
  return { storage, raft, mvcc }
}
