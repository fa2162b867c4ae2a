import { join } from "node:path"
import { must } from "@wick/sdk/assert"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { makeSecretDirectory, readSecretFile, writeSecretFile } from "#pki"
import type { MemberStorage } from "#store"
import { Archive, ChainBrokenError, type ChainPosition, follows } from "./archive.ts"
import { decodeFile } from "./backup-file.ts"
import { type BackupMetrics, measureBackup } from "./backup-metrics.ts"
import { type Catalog, catalogOf } from "./catalog.ts"
import type { Destination } from "./destination.ts"
import { archiveIntervalMs, lastArchiveMs, retryMaxMs, retryMinMs } from "./limits.ts"
import { chainName, nameOf } from "./object-name.ts"
import { decideRemovals, type Retention } from "./retention.ts"
import { checksumOf, readKeyFiles, sealKeys } from "./sealed-keys.ts"
import { writeSnapshot } from "./snapshot.ts"

export interface BackupOptions {
  readonly storage: MemberStorage
  /** Whose keys are sealed; in `backup/` it is kept who writes. */
  readonly home: string
  readonly destination: Destination
  /** What the keys are sealed by; undefined: they are not part of this backup. */
  readonly passphrase: string | undefined
  readonly snapshotEveryMs: number
  readonly retention: Retention
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics | undefined
}

/** Begins to back up where the store leads, and goes on until it is disposed of: then what is left is archived. Never throws later. */
export async function startBackup(options: BackupOptions): Promise<AsyncDisposable> {
  const backup = new Backup(options, await writerOf(options))
  const run = backup.run()
  return {
    [Symbol.asyncDispose]: async () => {
      backup.stop()
      await run
      await backup.finish()
    },
  }
}

/** A name for this home in what it writes: whoever has it may go on with its chain. */
async function writerOf({ home, random }: BackupOptions): Promise<string> {
  const directory = join(home, "backup")
  await makeSecretDirectory(directory)
  const path = join(directory, "writer")
  const known = await readSecretFile(path)
  if (known !== undefined) return known
  const writer = `${random.below(2 ** 32).toString(16)}-${random.below(2 ** 32).toString(16)}`
  await writeSecretFile(path, writer)
  return writer
}

class Backup {
  readonly #options: BackupOptions
  readonly #writer: string
  readonly #destination: Destination
  readonly #metrics: BackupMetrics
  readonly #stopped = new AbortController()
  #archive: Archive | undefined
  #nextSnapshotMs = 0
  #snapshots = new AbortController()
  #snapshot: Promise<void> | undefined
  #snapshotFailures = 0

  constructor(options: BackupOptions, writer: string) {
    this.#options = options
    this.#writer = writer
    this.#metrics = measureBackup(options.metrics)
    const { destination } = options
    this.#destination = {
      ...destination,
      put: async (name, bytes) => {
        await destination.put(name, bytes)
        this.#metrics.uploaded(bytes.length)
      },
    }
  }

  stop(): void {
    this.#stopped.abort()
    this.#snapshots.abort()
  }

  async run(): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#stopped
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#step()
        if (failures > 0) log.info("backup goes on", { to: this.#destination.place })
        failures = 0
      } catch (error) {
        failures++
        this.#failed(error as Error, retryMs(failures))
      }
      await clock.sleep(failures === 0 ? archiveIntervalMs : retryMs(failures), signal).catch(() => {})
    }
  }

  /** What was written since the last time is archived, unless that takes too long. */
  async finish(): Promise<void> {
    await this.#snapshot
    const { clock } = this.#options
    const waited = new AbortController()
    const last = this.#archive?.flush().catch((error: Error) => this.#failed(error, undefined))
    await Promise.race([last, clock.sleep(lastArchiveMs, waited.signal).catch(() => {})])
    waited.abort()
    this.#archive?.stop()
  }

  async #step(): Promise<void> {
    const { clock, log, storage } = this.#options
    if (storage.cluster.leader() !== storage.cluster.self) return this.#leave()
    this.#archive ??= await this.#begin()
    try {
      await this.#archive.flush()
    } catch (error) {
      if (!(error instanceof ChainBrokenError)) throw error
      log.error("the archive of the backup has a gap: a new chain is begun, with a snapshot", { error: error.message })
      this.#metrics.failed()
      this.#snapshots.abort()
      await this.#snapshot
      this.#archive = this.#newChain()
    }
    this.#metrics.archived(clock.now(), this.#archive.position.revision)
    if (this.#snapshot === undefined && clock.now() >= this.#nextSnapshotMs) this.#beginSnapshot()
  }

  /** Another member leads, and backs up. */
  async #leave(): Promise<void> {
    if (this.#archive === undefined) return
    this.#options.log.info("another member backs up from here on")
    this.#snapshots.abort()
    await this.#snapshot
    this.#archive = undefined
    this.#snapshots = new AbortController()
  }

  /** Goes on with the chain that this home wrote last, if the store is still the same. */
  async #begin(): Promise<Archive> {
    const { storage, log, snapshotEveryMs } = this.#options
    const catalog = catalogOf(await this.#destination.list())
    await this.#putKeys(catalog)
    const last = await this.#lastOf(catalog)
    if (last === undefined || !follows(storage, last.position)) return this.#newChain()
    this.#nextSnapshotMs = last.snapshotAtMs + snapshotEveryMs
    log.info("backup goes on where it was", { to: this.#destination.place, revision: last.position.revision })
    return new Archive(last.position, { ...this.#options, destination: this.#destination })
  }

  #newChain(): Archive {
    const { storage, clock, random, log } = this.#options
    const chain = chainName(clock.now(), random.below(2 ** 32))
    this.#nextSnapshotMs = 0
    this.#snapshots = new AbortController()
    log.info("backup begins", { to: this.#destination.place, chain })
    const position = {
      chain,
      writer: this.#writer,
      sequence: 0,
      revision: storage.currentRevision(),
      head: "",
      previous: "",
    }
    return new Archive(position, { ...this.#options, destination: this.#destination })
  }

  async #lastOf({ chains }: Catalog): Promise<{ position: ChainPosition; snapshotAtMs: number } | undefined> {
    const newest = chains.at(-1)
    const segment = newest?.segments.at(-1)
    const snapshotAtMs = newest?.snapshots.findLast(({ final }) => final !== undefined)?.final?.takenAtMs
    if (segment === undefined || snapshotAtMs === undefined) return undefined
    const { header, digest } = await decodeFile(await this.#destination.get(segment.name), segment.name)
    if (header.kind !== "segment" || header.writer !== this.#writer) return undefined
    return { position: { ...header, previous: digest }, snapshotAtMs }
  }

  #beginSnapshot(): void {
    const { signal } = this.#snapshots
    this.#snapshot = this.#takeSnapshot(signal)
      .catch((error: Error) => {
        if (signal.aborted) return
        this.#snapshotFailures++
        const waitMs = retryMs(this.#snapshotFailures)
        this.#nextSnapshotMs = this.#options.clock.now() + waitMs
        this.#failed(error, waitMs)
      })
      .finally(() => {
        this.#snapshot = undefined
      })
  }

  async #takeSnapshot(signal: AbortSignal): Promise<void> {
    const { clock, log, snapshotEveryMs, retention } = this.#options
    const archive = must(this.#archive, "a snapshot is part of a chain")
    const startMs = clock.monotonic()
    await this.#putKeys(catalogOf(await this.#destination.list()))
    const { revision, files } = await writeSnapshot({
      ...this.#options,
      destination: this.#destination,
      archive,
      signal,
    })
    const nowMs = clock.now()
    this.#snapshotFailures = 0
    this.#nextSnapshotMs = nowMs + snapshotEveryMs
    this.#metrics.snapshotTaken(nowMs)
    log.info("snapshot backed up", { revision, files, ms: Math.round(clock.monotonic() - startMs) })
    const catalog = catalogOf(await this.#destination.list())
    const removals = decideRemovals(catalog, retention, archive.position.chain, nowMs)
    for (const name of removals) {
      signal.throwIfAborted()
      await this.#destination.remove(name)
    }
    if (removals.length > 0) log.info("old files of the backup removed", { files: removals.length })
  }

  /** Before anything that was written with new keys. */
  async #putKeys({ keys }: Catalog): Promise<void> {
    const { home, passphrase, clock } = this.#options
    if (passphrase === undefined) return
    const files = await readKeyFiles(home)
    const checksum = checksumOf(files, passphrase)
    if (keys.at(-1)?.checksum === checksum) return
    const name = nameOf({ kind: "keys", takenAtMs: clock.now(), checksum })
    await this.#destination.put(name, await sealKeys(files, passphrase))
  }

  #failed(error: Error, retryInMs: number | undefined): void {
    this.#metrics.failed()
    const to = this.#destination.place
    this.#options.log.error("backup failed; it is tried again", { to, error: told(error), retryInMs })
  }
}

/** A failed connection says why only in its cause. */
function told(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}

function retryMs(failures: number): number {
  return Math.min(retryMinMs * 2 ** (failures - 1), retryMaxMs)
}
