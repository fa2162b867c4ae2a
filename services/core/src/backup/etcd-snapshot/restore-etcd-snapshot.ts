import { existsSync } from "node:fs"
import { mkdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { keyValue, storedLease, WireError } from "#etcd-wire"
import { foundStore } from "#replication"
import type { Change, RevisionChanges } from "#store"
import { BackupOptionError, DamagedBackupError } from "../backup-error.ts"
import { leaseIdBump, unknownLeaseSeconds } from "../limits.ts"
import { BoltFile } from "./bolt-file.ts"

export interface EtcdRestoreOptions {
  /** A file that `etcdctl snapshot save` has written, of a store of ours or of etcd's. */
  readonly file: string
  /** Where the store goes; keys of the cluster may be there already, as the file has none. */
  readonly home: string
  readonly bumpRevision: number
}

export interface EtcdRestored {
  readonly fromRevision: number
  readonly revision: number
  readonly keys: number
}

const revisionSize = 17
/** Behind the revision of a deletion. */
const tombstoneMark = 0x74

/** Makes the store of a home from a snapshot of etcd: the latest of every key, and leases, at a later revision. */
export async function restoreEtcdSnapshot({ file, home, bumpRevision }: EtcdRestoreOptions): Promise<EtcdRestored> {
  if (existsSync(join(home, "store"))) {
    throw new BackupOptionError(`${home} is in use: it has store/ already. Restore to a home that is new`)
  }
  await using bolt = await BoltFile.open(file)
  const last = new Map<string, number>()
  const leasesUsed = new Set<number>()
  let fromRevision = 1
  for await (const { change, isDeleted } of changesOf(bolt, file)) {
    fromRevision = Math.max(fromRevision, change.modRevision)
    if (isDeleted) last.delete(change.key)
    else last.set(change.key, change.modRevision)
    if (change.lease !== 0) leasesUsed.add(change.lease)
  }
  fromRevision = Math.max(fromRevision, await compactedOf(bolt))
  const leases = await leasesOf(bolt, leasesUsed, file)
  const revision = fromRevision + bumpRevision
  await mkdir(home, { recursive: true, mode: 0o700 })
  const work = join(home, "restoring")
  await rm(work, { recursive: true, force: true })
  try {
    await foundStore(work, {
      revision,
      leases: [...leases.values()],
      lastLeaseId: leaseIdBump,
      notes: new Map(),
      changes: living(bolt, file, last, leases),
    })
    await rename(work, join(home, "store"))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return { fromRevision, revision, keys: last.size }
}

async function* living(
  bolt: BoltFile,
  file: string,
  last: ReadonlyMap<string, number>,
  leases: ReadonlyMap<number, { readonly id: number }>,
): AsyncGenerator<RevisionChanges> {
  let changes: Change[] = []
  let revision = 0
  for await (const { change, isDeleted } of changesOf(bolt, file)) {
    if (isDeleted || last.get(change.key) !== change.modRevision) continue
    if (change.modRevision !== revision && changes.length > 0) {
      yield { revision, changes }
      changes = []
    }
    revision = change.modRevision
    changes.push({ ...change, lease: leases.get(change.lease)?.id ?? 0 })
  }
  if (changes.length > 0) yield { revision, changes }
}

/** All that is kept of history, in order of revision. */
async function* changesOf(
  bolt: BoltFile,
  file: string,
): AsyncGenerator<{ readonly change: Change; readonly isDeleted: boolean }> {
  let before = 0
  for await (const { key, value } of bolt.bucket("key")) {
    const isDeleted = key.length === revisionSize + 1 && key[revisionSize] === tombstoneMark
    if (key.length !== revisionSize && !isDeleted) throw damaged(file, `a key of ${key.length} bytes is no revision`)
    const modRevision = Number(key.readBigUInt64BE(0))
    if (!Number.isSafeInteger(modRevision) || modRevision < before) {
      throw damaged(file, `revision ${modRevision} follows on ${before}`)
    }
    before = modRevision
    const { createRevision, version, lease, ...rest } = decoded(file, () => keyValue.decode(value))
    yield { change: { ...rest, modRevision, createRevision, version, lease }, isDeleted }
  }
}

/** Revision up to which history is forgotten; it may be later than all that is kept. */
async function compactedOf(bolt: BoltFile): Promise<number> {
  for await (const { key, value } of bolt.bucket("meta")) {
    if (key.toString() === "scheduledCompactRev" && value.length >= 8) return Number(value.readBigUInt64BE(0))
  }
  return 0
}

/** By the ids that they had. Those of etcd's that JavaScript does not hold exactly are given others. */
async function leasesOf(
  bolt: BoltFile,
  used: ReadonlySet<number>,
  file: string,
): Promise<Map<number, { readonly id: number; readonly ttlSeconds: number }>> {
  const seconds = new Map([...used].map((id) => [id, unknownLeaseSeconds]))
  for await (const { value } of bolt.bucket("lease")) {
    const { id, ttl } = decoded(file, () => storedLease.decode(value))
    if (id > 0) seconds.set(id, Math.max(ttl, 1))
  }
  let next = 0
  const unused = (): number => {
    do next++
    while (seconds.has(next))
    return next
  }
  const entries = [...seconds].map(
    ([id, ttlSeconds]) => [id, { id: Number.isSafeInteger(id) ? id : unused(), ttlSeconds }] as const,
  )
  return new Map(entries)
}

function decoded<Value>(file: string, decode: () => Value): Value {
  try {
    return decode()
  } catch (error) {
    if (error instanceof WireError) throw damaged(file, error.message)
    throw error
  }
}

function damaged(file: string, why: string): DamagedBackupError {
  return new DamagedBackupError(`${file} is damaged, or no snapshot of etcd: ${why}`)
}
