import { readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** Beside each mount: what must be known to take it away, whoever asks then. */
export interface VolumeRecord {
  readonly driverName: string
  readonly volumeHandle: string
  readonly volumeLifecycleMode: string
  readonly staged: boolean
  /** The volume was attached to the node first: the node tells that it is in use. */
  readonly attached?: boolean
  /** The driver was not asked for anything yet. */
  readonly waiting?: boolean
}

/** Under a pod's directory: a directory for each volume of a driver. */
export const volumesPlace = join("volumes", "kubernetes.io~csi")

const recordFile = "vol_data.json"

export async function writeRecord(home: string, record: VolumeRecord): Promise<void> {
  await writeFile(join(home, recordFile), JSON.stringify(record))
}

export async function readRecord(home: string): Promise<VolumeRecord | undefined> {
  const text = await readFile(join(home, recordFile), "utf8").catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as VolumeRecord)
}

/** Every volume that a pod of this node has, by what is on the disk: where its record lies, and the record. */
export async function recordsOf(pods: string): Promise<Map<string, VolumeRecord>> {
  const found = new Map<string, VolumeRecord>()
  for (const uid of await readdir(pods).catch(() => [])) {
    for (const name of await readdir(join(pods, uid, volumesPlace)).catch(() => [])) {
      const home = join(pods, uid, volumesPlace, name)
      const record = await readRecord(home)
      if (record) found.set(home, record)
    }
  }
  return found
}
