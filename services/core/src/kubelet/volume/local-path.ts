import { rm } from "node:fs/promises"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { localPath } from "@wick/sdk/api/storage/local-path"
import { StorageClass } from "@wick/sdk/api/storage/storage-class"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createController, createInformer, done, removeFinalizer, watchOf } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { directoryOf } from "./claimed-volumes.ts"

export interface LocalPathOptions {
  readonly client: Client
  readonly nodeName: string
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
}

/** Offers this node's directories as a class of storage, and removes those whose volumes are deleted. */
export async function offerLocalPath({
  client,
  nodeName,
  directory,
  clock,
  log,
}: LocalPathOptions): Promise<AsyncDisposable> {
  await ensureClass(client)
  const running = new AsyncDisposableStack()
  const volumes = running.use(createInformer(client, PersistentVolume, {}, clock, log))
  const isGoing = (volume: PersistentVolume | undefined): volume is PersistentVolume =>
    volume?.metadata.deletionTimestamp !== undefined && isHere(volume, nodeName)
  running.use(
    createController({
      name: "local-path",
      clock,
      log,
      watches: [watchOf(volumes, ({ after }) => (isGoing(after) ? [after.metadata.name] : []))],
      reconcile: async (name) => {
        const volume = volumes.get(name)
        if (!isGoing(volume) || volume.status?.phase === "Bound") return done
        const handle = volume.spec?.csi?.volumeHandle ?? ""
        const deletes = volume.spec?.persistentVolumeReclaimPolicy === "Delete"
        if (deletes) await rm(directoryOf(directory, handle), { recursive: true, force: true })
        await removeFinalizer(client, PersistentVolume, volume, localPath.finalizer)
        log.info("a volume was let go", { volume: name, data: deletes ? "removed" : "kept" })
        return done
      },
    }),
  )
  return running
}

function isHere({ metadata, spec }: PersistentVolume, nodeName: string): boolean {
  const [term] = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const isOurs = spec?.csi?.driver === localPath.driver && metadata.finalizers?.includes(localPath.finalizer) === true
  return isOurs && term?.matchExpressions?.[0]?.values?.includes(nodeName) === true
}

/** The class that claims get which name none; whoever wants another takes the mark from it. */
async function ensureClass(client: Client): Promise<void> {
  try {
    await client.create(StorageClass, {
      metadata: {
        name: localPath.className,
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: localPath.provisioner,
      reclaimPolicy: "Delete",
      volumeBindingMode: "WaitForFirstConsumer",
    })
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error
  }
}
