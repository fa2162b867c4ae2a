import { existsSync } from "node:fs"
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { foundStore } from "#replication"
import { BackupOptionError, NotInBackupError } from "./backup-error.ts"
import { decodeFile } from "./backup-file.ts"
import { type Catalog, catalogOf, planRestore, type RestorePlan, type Target } from "./catalog.ts"
import type { Destination } from "./destination.ts"
import { expectFollows, namesOf, type ReadFile, readFiles } from "./read-backup.ts"
import { RestoredState } from "./restored-state.ts"
import { type KeyFiles, keyFolders, openKeys, writeKeyFiles } from "./sealed-keys.ts"

export interface RestoreOptions {
  readonly destination: Destination
  /** Where the store and the keys go; it must have neither. */
  readonly home: string
  readonly target: Target
  /** Added to the revision that is reached. */
  readonly bumpRevision: number
  /** What the keys were sealed by; undefined: encrypted values are left out, and new keys are made at the next start. */
  readonly passphrase: string | undefined
}

export interface Restored {
  /** Up to which the backup was taken, and when that was. */
  readonly from: Pick<RestorePlan, "revision" | "takenAtMs">
  readonly revision: number
  readonly keys: number
  /** Encrypted values that were left out. */
  readonly dropped: number
}

/**
 * Makes the store of a new home, whole or not at all. All files are read and verified before anything is made, and are
 * kept beside the store meanwhile, as they are, since they are read twice.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { destination, home, target, bumpRevision, passphrase } = options
  for (const folder of ["store", ...keyFolders]) {
    if (existsSync(join(home, folder))) {
      throw new BackupOptionError(`${home} is in use: it has ${folder}/ already. Restore to a home that is new`)
    }
  }
  const catalog = catalogOf(await destination.list())
  const plan = planRestore(catalog, target)
  const keyFiles = passphrase === undefined ? undefined : await keysFor(destination, catalog, plan, passphrase)
  await mkdir(home, { recursive: true, mode: 0o700 })
  const work = join(home, "restoring")
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { mode: 0o700 })
  try {
    const state = new RestoredState(plan.revision, keyFiles !== undefined)
    const names = namesOf(plan.snapshot, plan.segments)
    await fetchAll(destination, names, work, state)
    const revision = plan.revision + bumpRevision
    await foundStore(join(work, "store"), state.state(kept(names, work), revision))
    if (keyFiles !== undefined) await writeKeyFiles(home, keyFiles)
    await rename(join(work, "store"), join(home, "store"))
    return { from: plan, revision, keys: state.restored, dropped: state.dropped }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Keys as they were at the moment that is restored. */
async function keysFor(
  destination: Destination,
  { keys }: Catalog,
  { takenAtMs }: RestorePlan,
  passphrase: string,
): Promise<KeyFiles> {
  const name = (keys.findLast((sealed) => sealed.takenAtMs <= takenAtMs) ?? keys[0])?.name
  if (name === undefined) {
    throw new NotInBackupError(
      "the backup holds no keys: it was made without a passphrase. Without them, encrypted values cannot be restored",
    )
  }
  return openKeys(await destination.get(name), passphrase, name)
}

async function fetchAll(
  destination: Destination,
  names: readonly string[],
  directory: string,
  state: RestoredState,
): Promise<void> {
  let before: ReadFile | undefined
  for await (const file of readFiles(destination, names)) {
    if (before?.header.kind === file.header.kind) expectFollows(file.name, file.header, before)
    before = file
    state.learn(file)
    await writeFile(join(directory, fileOf(file.name)), file.bytes, { mode: 0o600 })
  }
}

async function* kept(
  names: readonly string[],
  directory: string,
): AsyncGenerator<Awaited<ReturnType<typeof decodeFile>>> {
  for (const name of names) yield await decodeFile(await readFile(join(directory, fileOf(name))), name)
}

function fileOf(name: string): string {
  return name.replaceAll("/", "_")
}
