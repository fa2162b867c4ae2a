import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { type Clock, systemRandom } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import type { MemberStorage } from "#store"
import { lockDirectory } from "./directory-lock.ts"
import { type Disk, openDisk } from "./disk.ts"
import type { Membership } from "./membership.ts"
import { founder, openMember } from "./open-member.ts"
import { claimDirectory } from "./owner.ts"
import { StateDirectories } from "./state-home.ts"

export interface StorageOptions {
  /** All that the store keeps is in here; made when it is not there. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics
  /** How it takes part in a cluster. Absent: it is alone, and no other can join. */
  readonly membership?: Membership
  /**
   * Called once if the disk fails: every call is refused from then on, and the process should be started anew. Or with a
   * RemovedError when the other members have removed this one: to start anew is of no use then.
   */
  readonly onFailure?: (error: Error) => void
}

/**
 * Opens the store in a directory, or founds it there. Resolves when it can be written to, or, when there are other
 * members, when it takes part. Throws DirectoryInUseError, ForeignDirectoryError,
 * and CorruptLogError when what is there is not what was written.
 */
export async function openStorage(options: StorageOptions): Promise<MemberStorage> {
  return openStorageOn(() => openDisk(join(options.directory, "log")), options)
}

/** The same with a disk for the log that need not be a real one. */
export async function openStorageOn(logDisk: () => Promise<Disk>, options: StorageOptions): Promise<MemberStorage> {
  const { directory } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await using undo = new AsyncDisposableStack()
  const unlock = await lockDirectory(directory)
  undo.defer(unlock)
  await claimDirectory(directory, options.membership?.id ?? founder)
  const states = new StateDirectories(directory)
  const { storage } = await openMember({ random: systemRandom, ...options, disk: await logDisk(), states, unlock })
  undo.move()
  return storage
}
