import { createHash } from "node:crypto"
import { mkdir, readdir, stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { Pod } from "@wick/sdk/api/core/pod"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { isMounted, removeUnmounted } from "../volume/host-directory.ts"
import { VolumeProblem } from "../volume/payload.ts"
import { requestToken } from "../volume/service-account-token.ts"
import { untilAttached } from "./attachment.ts"
import { callDriver } from "./driver-link.ts"
import { driverSecret } from "./driver-secret.ts"
import { giveToGroup } from "./group-ownership.ts"
import { nodeCapability, type PublishRequest, type StageRequest } from "./messages.ts"
import { capabilityOf, contextOf, type MountWish, needsAttachment, ownsFiles, refusalOf } from "./mount-request.ts"
import type { Driver, PluginRegistry } from "./plugin-registry.ts"
import { readRecord, recordsOf, type VolumeRecord, volumesPlace, writeRecord } from "./volume-record.ts"
import { VolumesInUse } from "./volumes-in-use.ts"

export interface CsiVolumesOptions {
  readonly client: Client
  readonly nodeName: string
  readonly registry: PluginRegistry
  readonly clock: Clock
  readonly log: Log
  /** All pods' directories. */
  readonly pods: string
  /** Where drivers prepare what several pods mount. */
  readonly staging: string
}

/** A volume on its way to a pod. */
interface Publication {
  readonly pod: Pod
  readonly wish: MountWish
  readonly driver: Driver
  /** What the cluster says of the driver, if anything. */
  readonly object: CSIDriver | undefined
  readonly record: VolumeRecord
  readonly target: string
  /** What the driver has said when the volume was attached. */
  readonly publishContext: Record<string, string>
  /** It is published already, and staged. */
  readonly again?: boolean
}

const node = "/csi.v1.Node"
const tokenSecondsDefault = 3_600
/** A driver that wants it (`requiresRepublish`) is asked to publish again what is published, not more often than this. */
const republishEveryMs = 60_000

/**
 * Volumes of CSI drivers on this node: staged where the driver wants that, published for a pod, unpublished when it ends,
 * unstaged with the last. What is on the disk tells what is mounted, so another kubelet goes on where this one was.
 */
export class CsiVolumes {
  readonly #options: CsiVolumesOptions
  /** Of this process: paths that are published, and when their drivers are to be asked again, by the monotonic clock. */
  readonly #published = new Map<string, number>()
  /** Uids of pods with a volume that its driver can grow on the node, or wants to publish again and again. */
  readonly #lookedAfter = new Set<string>()
  /** Staging and unstaging of one volume take turns. */
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #inUse: VolumesInUse

  constructor(options: CsiVolumesOptions) {
    this.#options = options
    this.#inUse = new VolumesInUse(options)
  }

  /** What is mounted here, from before this process too, is told to the API. */
  tellInUse(): Promise<void> {
    return this.#inUse.tell()
  }

  /**
   * Where the volume's files are for the pod, or the device that it is. Does nothing for one that is published, unless its
   * driver is to be asked again by now; waits for one that has to be attached. Throws `VolumeProblem`.
   */
  async publish(pod: Pod, name: string, wish: MountWish, signal?: AbortSignal): Promise<string> {
    const { home, target } = this.#place(pod, name, wish)
    if (wish.lifecycle === "Persistent" && canGrow(wish, this.#options.registry.get(wish.driver))) {
      this.#lookedAfter.add(pod.metadata.uid)
    }
    if (this.#options.clock.monotonic() < (this.#published.get(target) ?? 0)) return target
    const before = await readRecord(home)
    if (before && (await isThere(target, wish))) {
      await this.#publishAgain(pod, wish, before, { home, target }, signal)
      return target
    }
    const driver = this.#driver(wish.driver)
    const object = await this.#object(wish.driver)
    const refusal = refusalOf(wish, object)
    if (refusal !== undefined) throw new VolumeProblem(refusal)
    const staged = wish.lifecycle === "Persistent" && driver.capabilities.has(nodeCapability.stage)
    const named = { driverName: driver.name, volumeHandle: wish.volumeId, volumeLifecycleMode: wish.lifecycle }
    const attached = needsAttachment(wish, object)
    const record: VolumeRecord = { ...named, staged, attached }
    await mkdir(home, { recursive: true, mode: 0o750 })
    const publishContext = attached ? await this.#attached(home, record, signal) : {}
    await writeRecord(home, record)
    await this.#mount({ pod, wish, driver, object, record, target, publishContext })
    const { fsGroup } = pod.spec.securityContext
    if (fsGroup !== undefined && ownsFiles(wish, driver, object)) await giveToGroup(target, fsGroup)
    this.#notePublished(pod, target, object?.spec.requiresRepublish === true)
    return target
  }

  /** Whether one of the pod's volumes is to be looked at now and then: it may grow, or change by being published again. */
  isLookedAfter(pod: Pod): boolean {
    return this.#lookedAfter.has(pod.metadata.uid)
  }

  #notePublished({ metadata: { uid } }: Pod, target: string, isRepeated: boolean): void {
    const againMs = this.#options.clock.monotonic() + republishEveryMs
    this.#published.set(target, isRepeated ? againMs : Number.POSITIVE_INFINITY)
    if (isRepeated) this.#lookedAfter.add(uid)
  }

  /** The driver may renew what is in the volume, with tokens made anew. A pod whose volume it cannot renew goes on with that. */
  async #publishAgain(
    pod: Pod,
    wish: MountWish,
    record: VolumeRecord,
    { home, target }: { readonly home: string; readonly target: string },
    signal?: AbortSignal,
  ): Promise<void> {
    let isRepeated = true
    try {
      const object = await this.#object(wish.driver)
      isRepeated = object?.spec.requiresRepublish === true
      // One that is not there, as after a start, is asked at the next look.
      const driver = this.#options.registry.get(wish.driver)
      if (!isRepeated || driver === undefined) return
      const publishContext = record.attached ? await this.#attached(home, record, signal) : {}
      await this.#mount({ pod, wish, driver, object, record, target, publishContext, again: true })
    } catch (error) {
      if (signal?.aborted) throw error
      const { name: podName, namespace } = pod.metadata
      this.#options.log.warn("a volume is not published again; it stays as it was", { namespace, pod: podName, error })
    } finally {
      this.#notePublished(pod, target, isRepeated)
    }
  }

  /** Has the driver grow what lies on a published volume; false when it is not for the node to do so. */
  async grow(pod: Pod, name: string, wish: MountWish, requiredBytes: number): Promise<boolean> {
    const driver = this.#driver(wish.driver)
    const { home, target: volumePath } = this.#place(pod, name, wish)
    const record = await readRecord(home)
    if (!record || !canGrow(wish, driver)) return false
    const secrets = await driverSecret(this.#options.client, "NodeExpandSecretRef", wish.expandSecret)
    const request = {
      volumeId: wish.volumeId,
      volumePath,
      capacityRange: { requiredBytes },
      stagingTargetPath: record.staged ? this.#stagingPath(record) : "",
      volumeCapability: capabilityOf(wish, driver.capabilities, pod.spec.securityContext.fsGroup),
      secrets,
    }
    await this.#inTurn(record, async () => {
      await this.#call(driver, "NodeExpandVolume", ["csi.v1.NodeExpandVolumeRequest", request])
    })
    return true
  }

  #place(pod: Pod, name: string, { mode }: MountWish): { readonly home: string; readonly target: string } {
    const home = join(this.#options.pods, pod.metadata.uid, volumesPlace, name)
    return { home, target: join(home, mode === "Block" ? "device" : "mount") }
  }

  /** The node says that it may use the volume before it counts on its being attached. */
  async #attached(home: string, record: VolumeRecord, signal?: AbortSignal): Promise<Record<string, string>> {
    const { driverName: driver, volumeHandle } = record
    if (!(await readRecord(home))) await writeRecord(home, { ...record, waiting: true })
    await this.#inUse.tell()
    return untilAttached(this.#options, { driver, volumeHandle }, signal)
  }

  async #mount(publication: Publication): Promise<void> {
    const { pod, wish, driver, object, record, target, publishContext, again = false } = publication
    const stages = record.staged && !again
    const { client } = this.#options
    const stagingTargetPath = this.#stagingPath(record)
    const volumeCapability = capabilityOf(wish, driver.capabilities, pod.spec.securityContext.fsGroup)
    const common = { volumeId: wish.volumeId, volumeCapability, publishContext }
    const [volumeContext, stageSecrets, secrets] = await Promise.all([
      this.#context(pod, wish, object),
      driverSecret(client, "NodeStageSecretRef", stages ? wish.stageSecret : undefined),
      driverSecret(client, "NodePublishSecretRef", wish.publishSecret),
    ])
    await this.#inTurn(record, async () => {
      if (stages) {
        const attributes = { ...wish.attributes }
        const request = { ...common, stagingTargetPath, volumeContext: attributes, secrets: stageSecrets }
        await mkdir(stagingTargetPath, { recursive: true, mode: 0o750 })
        await during(stepsOf(wish).stage, () => this.#stage(driver, request))
      }
      const place = { stagingTargetPath: record.staged ? stagingTargetPath : "", targetPath: target }
      const request = { ...common, ...place, readonly: wish.readOnly, volumeContext, secrets }
      await during(stepsOf(wish).publish, () => this.#publish(driver, request))
    })
  }

  /** Gives back all volumes of a pod that was. Throws when a driver that has some of them is not there. */
  async release(podDirectory: string): Promise<void> {
    this.#lookedAfter.delete(basename(podDirectory))
    const root = join(podDirectory, volumesPlace)
    for (const name of await readdir(root).catch(() => [])) {
      const home = join(root, name)
      const record = await readRecord(home)
      if (record && !record.waiting) await this.#unpublish(record, home)
      for (const target of ["mount", "device"]) this.#published.delete(join(home, target))
      await removeUnmounted(home)
    }
    await this.#inUse.tellLess()
  }

  /** What has failed half-way is done from its beginning: the record goes last, and drivers may be asked twice. */
  async #unpublish(record: VolumeRecord, home: string): Promise<void> {
    const driver = this.#driver(record.driverName)
    const { volumeHandle: volumeId } = record
    const isDevice = (await stat(join(home, "device")).catch(() => undefined)) !== undefined
    await this.#inTurn(record, async () => {
      const request = { volumeId, targetPath: join(home, isDevice ? "device" : "mount") }
      await this.#call(driver, "NodeUnpublishVolume", ["csi.v1.NodeUnpublishVolumeRequest", request])
      if (record.staged && !(await this.#isUsedElsewhere(record, home))) {
        const stagingTargetPath = this.#stagingPath(record)
        const unstage = { volumeId, stagingTargetPath }
        await this.#call(driver, "NodeUnstageVolume", ["csi.v1.NodeUnstageVolumeRequest", unstage])
        await removeUnmounted(dirname(stagingTargetPath))
      }
      await removeUnmounted(home)
    })
  }

  /** Whether another pod of this node has the volume, by what is on the disk. */
  async #isUsedElsewhere({ driverName, volumeHandle }: VolumeRecord, home: string): Promise<boolean> {
    const isSame = (other: VolumeRecord): boolean =>
      other.driverName === driverName && other.volumeHandle === volumeHandle
    return [...(await recordsOf(this.#options.pods))].some(([place, other]) => place !== home && isSame(other))
  }

  async #inTurn({ driverName, volumeHandle }: VolumeRecord, work: () => Promise<void>): Promise<void> {
    const key = `${driverName} ${volumeHandle}`
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work)
    const over = turn.catch(() => {})
    this.#turns.set(key, over)
    try {
      await turn
    } finally {
      if (this.#turns.get(key) === over) this.#turns.delete(key)
    }
  }

  #stagingPath({ driverName, volumeHandle }: VolumeRecord): string {
    const hash = createHash("sha256").update(volumeHandle).digest("hex")
    return join(this.#options.staging, basename(driverName), hash, "globalmount")
  }

  #driver(name: string): Driver {
    const driver = this.#options.registry.get(name)
    if (driver) return driver
    throw new VolumeProblem(`driver name ${name} not found in the list of registered CSI drivers`)
  }

  #stage(driver: Driver, request: StageRequest): Promise<object> {
    return this.#call(driver, "NodeStageVolume", ["csi.v1.NodeStageVolumeRequest", request])
  }

  #publish(driver: Driver, request: PublishRequest): Promise<object> {
    return this.#call(driver, "NodePublishVolume", ["csi.v1.NodePublishVolumeRequest", request])
  }

  #call(driver: Driver, verb: string, message: Parameters<typeof callDriver>[2]): Promise<object> {
    const door = { socket: driver.socket, clock: this.#options.clock }
    return callDriver(door, `${node}/${verb}`, message, "csi.v1.Empty")
  }

  async #object(name: string): Promise<CSIDriver | undefined> {
    try {
      return await this.#options.client.get(CSIDriver, { name })
    } catch (error) {
      if (isStatus(error, "NotFound")) return undefined
      throw error
    }
  }

  async #context(pod: Pod, wish: MountWish, object: CSIDriver | undefined): Promise<Record<string, string>> {
    const { client, clock } = this.#options
    const tokens: Record<string, object> = {}
    for (const { audience, expirationSeconds = tokenSecondsDefault } of object?.spec.tokenRequests ?? []) {
      const token = await requestToken(client, pod, { audience, expirationSeconds }, clock.now())
      const expirationTimestamp = new Date(token.expiresAtMs).toISOString()
      tokens[audience] = { token: token.value, expirationTimestamp }
    }
    return contextOf(wish, pod, object, tokens)
  }
}

/** Who may only read a volume cannot grow what lies on it. */
function canGrow({ readOnly }: MountWish, driver: Driver | undefined): boolean {
  return !readOnly && driver?.capabilities.has(nodeCapability.expand) === true
}

/** What the kubelet of Kubernetes calls the two steps of a mount when it says which has failed. */
function stepsOf({ mode }: MountWish): { readonly stage: string; readonly publish: string } {
  if (mode === "Block") return { stage: "MapVolume.SetUpDevice", publish: "MapVolume.MapPodDevice" }
  return { stage: "MountVolume.MountDevice", publish: "MountVolume.SetUp" }
}

async function during(step: string, work: () => Promise<object>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new VolumeProblem(error instanceof Error ? error.message : String(error), step)
  }
}

async function isThere(target: string, { mode }: MountWish): Promise<boolean> {
  if (mode === "Block") return (await stat(target).catch(() => undefined))?.isBlockDevice() === true
  return isMounted(target).catch(() => false)
}
