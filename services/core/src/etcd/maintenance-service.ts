import {
  alarmAction,
  alarmRequest,
  alarmResponse,
  alarmType,
  emptyRequest,
  hashKvRequest,
  hashKvResponse,
  hashResponse,
  headerResponse,
  moveLeaderRequest,
  statusResponse,
} from "#etcd-wire"
import { ClusterRefusalError, CompactedError, FutureRevisionError, type KeyValue } from "#store"
import { crc32c } from "./crc32c.ts"
import { refuse } from "./etcd-error.ts"
import { keptChanges } from "./kept-changes.ts"
import { headerOf, type Methods, type Parts, unary } from "./service.ts"
import { backendRecord, keyBucket } from "./snapshot/backend-record.ts"

/** The release of etcd whose API this is: clients ask it to know what they may use. */
export const etcdVersion = "3.5.16"

const alarmNames: Readonly<Record<number, string>> = { [alarmType.noSpace]: "NOSPACE", [alarmType.corrupt]: "CORRUPT" }

export function maintenanceService(parts: Parts): Methods {
  const { storage, identity, authorize, alarms } = parts
  const { memberId } = identity
  return {
    "etcdserverpb.Maintenance/Status": unary(emptyRequest, statusResponse, async () => {
      const { index, appliedIndex, term } = storage.status()
      const { size, sizeInUse } = storage.sizes()
      const { cluster } = storage
      const leader = identity.idOf(cluster.leader())
      const raised = alarms.raised().map((alarm) => `memberID:${memberId} alarm:${alarmNames[alarm]} `)
      return {
        header: headerOf(parts),
        version: etcdVersion,
        dbSize: size,
        dbSizeInUse: sizeInUse,
        leader,
        raftIndex: index,
        raftTerm: term,
        raftAppliedIndex: appliedIndex,
        errors: leader === 0 ? [...raised, refuse("noLeader").message] : raised,
        isLearner: cluster.members().some(({ id, learner }) => learner && id === cluster.self),
      }
    }),
    "etcdserverpb.Maintenance/Alarm": unary(alarmRequest, alarmResponse, async (request) => {
      const { action, alarm } = request
      const mine = request.memberId === 0 || request.memberId === memberId
      const message = (type: number) => ({ memberId, alarm: type })
      if (action === alarmAction.get) {
        const wanted = alarms.raised().filter((raised) => alarm === alarmType.none || raised === alarm)
        return { header: headerOf(parts), alarms: wanted.map(message) }
      }
      if (!mine || alarmNames[alarm] === undefined) return { header: headerOf(parts) }
      const changed = await alarms.set(alarm, action === alarmAction.activate)
      const told = changed || action === alarmAction.activate
      return { header: headerOf(parts), alarms: told ? [message(alarm)] : [] }
    }),
    // The table gives the pages of what is forgotten to what is written next, by itself: there is nothing to be done.
    "etcdserverpb.Maintenance/Defragment": unary(emptyRequest, headerResponse, async (_, caller) => {
      authorize(caller, [{ right: "root" }])
      return {} // as etcd: without a header
    }),
    "etcdserverpb.Maintenance/Hash": unary(emptyRequest, hashResponse, async (_, caller) => {
      authorize(caller, [{ right: "root" }])
      return { header: headerOf(parts), hash: await hashUpTo(parts, storage.currentRevision()) }
    }),
    "etcdserverpb.Maintenance/HashKV": unary(hashKvRequest, hashKvResponse, async ({ revision }, caller) => {
      authorize(caller, [{ right: "root" }])
      const { compactRevision } = storage.status()
      const current = storage.currentRevision()
      if (revision > current) throw new FutureRevisionError(`revision ${revision} is not yet made`)
      if (revision > 0 && revision <= compactRevision) throw new CompactedError(compactRevision)
      const hash = await hashUpTo(parts, revision === 0 ? current : revision)
      // Before the first compaction etcd says so with a number of its own.
      return { header: headerOf(parts), hash, compactRevision: compactRevision === 0 ? -1 : compactRevision }
    }),
    "etcdserverpb.Maintenance/MoveLeader": unary(moveLeaderRequest, headerResponse, async ({ targetId }, caller) => {
      authorize(caller, [{ right: "root" }])
      await moveLeader(parts, targetId)
      return { header: headerOf(parts) }
    }),
  }
}

/** Only the leader hands over, as with etcd: clients look for it themselves. */
async function moveLeader({ storage: { cluster }, identity }: Parts, targetId: number): Promise<void> {
  if (cluster.leader() !== cluster.self) throw refuse("notLeader")
  const target = cluster.members().find(({ id }) => id === identity.memberOf(targetId))
  if (target === undefined || target.learner) throw refuse("badTransferee")
  if (target.id === cluster.self) return
  try {
    await cluster.transferLeadership(target.id)
  } catch (error) {
    throw error instanceof ClusterRefusalError ? refuse("transferTimeout") : error
  }
}

/**
 * etcd's checksum over what is kept up to a revision: two members of one history, ours or etcd's, agree on it. Members
 * need not have forgotten equally much of what is compacted, so of that only what is still to be read at the revision
 * counts; if nothing is, what was still to be read when the history before it was compacted, as etcd has it.
 */
async function hashUpTo(parts: Parts, revision: number): Promise<number> {
  const { compactRevision } = parts.storage.status()
  let hash = crc32c(keyBucket)
  if (revision < 0) return hash
  const readAt = (await isEmptyAt(parts, revision)) ? Math.min(compactRevision, revision) : revision
  for await (const slice of keptChanges(parts.storage)) {
    for (const change of slice) {
      const { modRevision } = change.kv
      if (modRevision > revision) return hash
      if (modRevision <= compactRevision && !(await isReadAt(parts, change.kv, readAt))) continue
      const { key, value } = backendRecord(change)
      hash = crc32c(value, crc32c(key, hash))
    }
  }
  return hash
}

async function isEmptyAt({ storage }: Parts, revision: number): Promise<boolean> {
  const { count } = await storage.range({ key: "\0", end: "\0", revision, countOnly: true, serializable: true })
  return count === 0
}

async function isReadAt({ storage }: Parts, kv: KeyValue, revision: number): Promise<boolean> {
  const { kvs } = await storage.range({ key: kv.key, revision, keysOnly: true, serializable: true })
  return kvs[0]?.modRevision === kv.modRevision
}
