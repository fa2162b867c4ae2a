import { MalformedError } from "#store"
import { DamagedBackupError, NotInBackupError } from "./backup-error.ts"
import { type Catalog, catalogOf, gaps, reachable } from "./catalog.ts"
import type { Destination } from "./destination.ts"
import { expectFollows, type ReadFile, readFiles } from "./read-backup.ts"
import { decodeRecords } from "./record.ts"
import { openKeys } from "./sealed-keys.ts"

export interface Verdict {
  readonly files: number
  readonly bytes: number
  /** In words; none: the backup is whole. */
  readonly problems: readonly string[]
  readonly restorable: readonly string[]
}

/** Reads all of a backup: every checksum, every chain, every revision, and the keys if there is a passphrase. */
export async function verifyBackup(destination: Destination, passphrase: string | undefined): Promise<Verdict> {
  const catalog = catalogOf(await destination.list())
  const verifier = new Verifier(destination)
  for (const { segments, snapshots } of catalog.chains) {
    for (const { parts, final } of snapshots) if (final !== undefined) await verifier.chain(parts)
    await verifier.chain(segments.map(({ name }) => name))
  }
  await verifier.keys(catalog, passphrase)
  const { files, bytes, problems } = verifier
  return { files, bytes, problems: [...gaps(catalog), ...problems], restorable: reachable(catalog) }
}

class Verifier {
  readonly #destination: Destination
  readonly problems: string[] = []
  files = 0
  bytes = 0

  constructor(destination: Destination) {
    this.#destination = destination
  }

  /** Files that follow on each other. What comes after a bad one is looked at as if it were the first. */
  async chain(names: readonly string[]): Promise<void> {
    let before: ReadFile | undefined
    for (const name of names) {
      try {
        before = await this.#file(name, before)
      } catch (error) {
        this.#note(error)
        before = undefined
      }
    }
  }

  async keys({ keys }: Catalog, passphrase: string | undefined): Promise<void> {
    if (keys.length === 0) this.problems.push("there are no sealed keys: encrypted values could not be restored")
    if (passphrase === undefined) return
    for (const { name } of keys) {
      try {
        const bytes = await this.#destination.get(name)
        await openKeys(bytes, passphrase, name)
        this.files++
        this.bytes += bytes.length
      } catch (error) {
        this.#note(error)
      }
    }
  }

  async #file(name: string, before: ReadFile | undefined): Promise<ReadFile | undefined> {
    for await (const file of readFiles(this.#destination, [name])) {
      this.files++
      this.bytes += file.bytes.length
      // Numbers that are missing are told as a gap.
      if (file.header.sequence === (before?.header.sequence ?? 0) + 1) expectFollows(name, file.header, before)
      expectChanges(file)
      return file
    }
    return undefined
  }

  #note(error: unknown): void {
    if (!(error instanceof DamagedBackupError || error instanceof NotInBackupError)) throw error
    this.problems.push(error.message)
  }
}

/** Changes are in order, within what the file says that it has, and of a segment no revision is missing. */
function expectChanges({ name, header, body }: ReadFile): void {
  let changes = 0
  let last = header.after
  try {
    for (const record of decodeRecords(body)) {
      if (record.kind !== "change") continue
      changes++
      const { modRevision } = record.change
      const isNext = header.kind === "segment" ? modRevision <= last + 1 : true
      if (modRevision < last || modRevision > header.revision || !isNext) {
        throw new DamagedBackupError(`${name}: revision ${modRevision} follows on ${last}`)
      }
      last = modRevision
    }
  } catch (error) {
    throw error instanceof MalformedError ? new DamagedBackupError(`${name} is damaged: ${error.message}`) : error
  }
  if (changes !== header.changes)
    throw new DamagedBackupError(`${name}: it has ${changes} changes, not ${header.changes}`)
  if (header.kind === "segment" && last !== header.revision) {
    throw new DamagedBackupError(`${name}: it ends at revision ${last}, not ${header.revision}`)
  }
}
