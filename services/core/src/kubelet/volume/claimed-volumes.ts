import { chmod, chown, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Volume } from "@wick/sdk/api/core/volume"
import { wholeUnits } from "@wick/sdk/api/meta/quantity"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { localPath } from "@wick/sdk/api/storage/local-path"
import type { Client } from "@wick/sdk/client"
import type { EventRecorder } from "@wick/sdk/controller"
import type { CsiVolumes } from "../csi/csi-volumes.ts"
import { type MountWish, persistentWish } from "../csi/mount-request.ts"
import { grownStatus, growthOf } from "./claim-growth.ts"
import { hostPath } from "./host-directory.ts"
import { VolumeProblem } from "./payload.ts"
import { misuseOf, usesOf } from "./volume-mode.ts"

/** The claim has no volume yet, which it gets when somebody has seen that its pod was placed: soon. */
export class UnboundClaim extends VolumeProblem {}

export interface ClaimedVolumesOptions {
  readonly client: Client
  readonly nodeName: string
  /** Holds the directories that are this node's volumes, one each. */
  readonly directory: string
  /** Volumes of drivers; undefined where nothing can be mounted. */
  readonly csi: CsiVolumes | undefined
  readonly events: EventRecorder
}

const openToAll = 0o777
const inheritGroup = 0o2000

/** Where what pods have claimed lies on this node. */
export class ClaimedVolumes {
  readonly #options: ClaimedVolumesOptions

  constructor(options: ClaimedVolumesOptions) {
    this.#options = options
  }

  /** Where the files are of a volume that names a claim, or that one is made for. Throws `VolumeProblem`. */
  async locate(pod: Pod, volume: Volume, fsGroup: number | undefined, signal?: AbortSignal): Promise<string> {
    const namespace = pod.metadata.namespace ?? ""
    const name = volume.persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${volume.name}`
    const claim = await this.#claim(name, namespace)
    if (!claim) throw new UnboundClaim(`persistentvolumeclaim "${name}" not found`)
    if (volume.ephemeral && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid)) {
      throw new VolumeProblem(
        `PVC "${namespace}/${name}" was not created for pod "${namespace}/${pod.metadata.name}" (pod is not owner)`,
      )
    }
    if (claim.status?.phase !== "Bound" || !claim.spec.volumeName) {
      throw new UnboundClaim(`persistentvolumeclaim "${name}" is not bound`)
    }
    const found = await this.#options.client.get(PersistentVolume, { name: claim.spec.volumeName })
    if (found.spec?.claimRef?.uid !== claim.metadata.uid) {
      throw new VolumeProblem(`volume "${found.metadata.name}" is not the claim's`)
    }
    const misuse = misuseOf(volume.name, found.spec?.volumeMode ?? "Filesystem", usesOf(pod))
    if (misuse !== undefined) throw new VolumeProblem(misuse)
    const { csi } = this.#options
    if (csi && found.spec?.csi && found.spec.csi.driver !== localPath.driver) {
      const wish = persistentWish(found)
      const readOnly = wish.readOnly || volume.persistentVolumeClaim?.readOnly === true
      const path = await csi.publish(pod, volume.name, { ...wish, readOnly }, signal)
      await this.#grow(pod, volume.name, { ...wish, readOnly }, [claim, found])
      return path
    }
    return this.#path(found, fsGroup)
  }

  /** A pod whose volume does not grow goes on with the one that it has: the driver is asked again at the next look. */
  async #grow(
    pod: Pod,
    name: string,
    wish: MountWish,
    [claim, volume]: readonly [PersistentVolumeClaim, PersistentVolume],
  ): Promise<void> {
    const size = growthOf(claim, volume)
    if (size === undefined) return
    const { client, csi, events } = this.#options
    const named = `for volume "${volume.metadata.name}"`
    try {
      if (!(await csi?.grow(pod, name, wish, wholeUnits(size)))) return
      const { name: claimName, namespace = "" } = claim.metadata
      const body = { status: grownStatus(claim, size) }
      const reference = { name: claimName, namespace }
      await client.patch(PersistentVolumeClaim, reference, { type: "merge", body }, { subresource: "status" })
      const message = `MountVolume.NodeExpandVolume succeeded ${named} ${this.#options.nodeName}`
      events.record(pod, { type: "Normal", reason: "FileSystemResizeSuccessful", message })
    } catch (error) {
      const message = `NodeExpandVolume.NodeExpandVolume failed ${named} : ${(error as Error).message}`
      events.record(pod, { type: "Warning", reason: "VolumeResizeFailed", message })
    }
  }

  async #claim(name: string, namespace: string): Promise<PersistentVolumeClaim | undefined> {
    try {
      return await this.#options.client.get(PersistentVolumeClaim, { name, namespace })
    } catch (error) {
      // A claim that no pod of this node is known to name is refused to it: the news of the pod may be under way.
      if (isStatus(error, "NotFound", "Forbidden")) return undefined
      throw error
    }
  }

  async #path({ metadata, spec }: PersistentVolume, fsGroup: number | undefined): Promise<string> {
    if (spec?.csi?.driver === localPath.driver) {
      const place = spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values ?? []
      if (!place.includes(this.#options.nodeName)) {
        throw new VolumeProblem(`volume "${metadata.name}" lies on node ${place.join(", ")}`)
      }
      return ownDirectory(this.#options.directory, spec.csi.volumeHandle, fsGroup)
    }
    const isDevice = spec?.volumeMode === "Block"
    if (spec?.local) return hostPath({ path: spec.local.path, type: isDevice ? "BlockDevice" : "Directory" })
    if (isDevice)
      throw new VolumeProblem(`volume "${metadata.name}" is of a kind that has no block devices: local and csi have`)
    if (spec?.hostPath) return hostPath(spec.hostPath)
    throw new VolumeProblem(
      `volume "${metadata.name}" is of a kind that this node does not mount: local-path, hostPath, local and csi are`,
    )
  }
}

/** Pure: a handle is a name, never a way out of the directory. */
export function directoryOf(root: string, handle: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(handle)) throw new VolumeProblem(`"${handle}" names no volume`)
  return join(root, handle)
}

async function ownDirectory(root: string, handle: string, fsGroup: number | undefined): Promise<string> {
  const path = directoryOf(root, handle)
  const made = await mkdir(path, { recursive: true })
  if (made !== undefined) {
    if (fsGroup !== undefined) await chown(path, 0, fsGroup)
    await chmod(path, fsGroup === undefined ? openToAll : openToAll | inheritGroup)
  }
  return path
}
