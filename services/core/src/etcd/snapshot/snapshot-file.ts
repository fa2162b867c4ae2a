import { type FileHandle, mkdir, open, rm } from "node:fs/promises"
import { join } from "node:path"
import { must } from "@wick/sdk/assert"
import { storedLease } from "#etcd-wire"
import { CompactedError } from "#store"
import { keptChanges } from "../kept-changes.ts"
import type { Parts } from "../service.ts"
import { backendRecord, revisionBytes } from "./backend-record.ts"
import type { LeafElement } from "./bolt-page.ts"
import { BoltWriter } from "./bolt-writer.ts"

/** History may be forgotten while it is read, which is then begun anew; it is forgotten once in minutes. */
const attemptsMax = 3
/** Pages gathered before they are written. */
const bufferSize = 1024 * 1024
/** What a server needs to know to read the file. */
const clusterVersion = "3.5.0"

export interface SnapshotFile extends AsyncDisposable {
  readonly size: number
  read(at: number, length: number): Promise<Buffer>
}

/** The whole store at one moment, as a database file of etcd's, in a file without a name that goes when it is closed. */
export async function makeSnapshot(parts: Parts, directory: string): Promise<SnapshotFile> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, `snapshot-${parts.random.below(2 ** 32).toString(16)}.db`)
  const file = await open(path, "wx+", 0o600)
  await rm(path)
  try {
    const size = await writeWhole(parts, file)
    return {
      size,
      read: async (at, length) => {
        const bytes = Buffer.allocUnsafe(Math.min(length, size - at))
        await file.read(bytes, 0, bytes.length, at)
        return bytes
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function writeWhole(parts: Parts, file: FileHandle): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await writeOnce(parts, file)
    } catch (error) {
      if (!(error instanceof CompactedError) || attempt === attemptsMax) throw error
    }
  }
}

async function writeOnce(parts: Parts, file: FileHandle): Promise<number> {
  const output = new BufferedFile(file)
  const writer = new BoltWriter((bytes, at) => output.put(bytes, at))
  const empty: LeafElement[] = []
  await writer.bucket("alarm", empty)
  await writer.bucket("auth", empty)
  await writer.bucket("authRoles", empty)
  await writer.bucket("authUsers", empty)
  await writer.bucket("cluster", [{ key: Buffer.from("clusterVersion"), value: Buffer.from(clusterVersion) }])
  const last: { moment?: Moment } = {}
  await writer.bucket("key", records(parts, last))
  const { leases, position } = must(last.moment, "the end of the keys was read")
  await writer.bucket("lease", leases)
  await writer.bucket("members", [member(parts)])
  await writer.bucket("members_removed", empty)
  await writer.bucket("meta", position)
  const size = await writer.finish()
  await output.flush()
  return size
}

/** What else there was in the turn in which the last key was read: whatever lease a key names is in it. */
interface Moment {
  readonly leases: readonly LeafElement[]
  readonly position: readonly LeafElement[]
}

async function* records(parts: Parts, last: { moment?: Moment }): AsyncGenerator<LeafElement> {
  for await (const slice of keptChanges(parts.storage)) for (const change of slice) yield backendRecord(change)
  last.moment = { leases: leases(parts), position: meta(parts) }
}

function leases({ storage }: Parts): LeafElement[] {
  return storage
    .leases()
    .toSorted((a, b) => a.id - b.id)
    .map(({ id, ttlSeconds, remainingMs }) => {
      const remainingTtl = Math.ceil(remainingMs / 1000)
      return { key: wide(id), value: storedLease.encode({ id, ttl: ttlSeconds, remainingTtl }) }
    })
}

/** Who restores names members anew; this is for who looks. */
function member({ identity, clientUrls }: Parts): LeafElement {
  const id = identity.memberId.toString(16)
  const described = { id: identity.memberId, peerURLs: [], name: "wick", clientURLs: clientUrls() }
  return { key: Buffer.from(id), value: Buffer.from(JSON.stringify(described)) }
}

function meta({ storage }: Parts): LeafElement[] {
  const { appliedIndex, term, compactRevision } = storage.status()
  const compacted = { value: revisionBytes(compactRevision, 0) }
  const marks = ["finishedCompactRev", "scheduledCompactRev"].map((name) => ({ key: Buffer.from(name), ...compacted }))
  const [finished, scheduled] = compactRevision > 0 ? marks : []
  return [
    { key: Buffer.from("consistent_index"), value: wide(appliedIndex) },
    ...(finished ? [finished] : []),
    ...(scheduled ? [scheduled] : []),
    { key: Buffer.from("term"), value: wide(term) },
  ]
}

function wide(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** Writes what follows on what came before in one go. */
class BufferedFile {
  readonly #file: FileHandle
  #chunks: Buffer[] = []
  #size = 0
  #start = 0

  constructor(file: FileHandle) {
    this.#file = file
  }

  async put(bytes: Buffer, at: number): Promise<void> {
    if (at !== this.#start + this.#size || this.#size > bufferSize) await this.flush()
    if (this.#size === 0) this.#start = at
    this.#chunks.push(bytes)
    this.#size += bytes.length
  }

  async flush(): Promise<void> {
    if (this.#size === 0) return
    await this.#file.write(Buffer.concat(this.#chunks), 0, this.#size, this.#start)
    this.#chunks = []
    this.#size = 0
  }
}
