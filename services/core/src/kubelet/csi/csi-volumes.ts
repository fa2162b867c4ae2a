import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { isMounted } from "../volume/host-directory.ts"
import { VolumeProblem } from "../volume/payload.ts"
import { requestToken } from "../volume/service-account-token.ts"
import { callDriver } from "./driver-link.ts"
import { giveToGroup } from "./group-ownership.ts"
import { nodeCapability } from "./messages.ts"
import { capabilityOf, contextOf, type MountWish, ownsFiles, refusalOf } from "./mount-request.ts"
import type { Driver, PluginRegistry } from "./plugin-registry.ts"

export interface CsiVolumesOptions {
  readonly client: Client
  readonly registry: PluginRegistry
  readonly clock: Clock
  /** All pods' directories. */
  readonly pods: string
  /** Where drivers prepare what several pods mount. */
  readonly staging: string
}

/** Beside each mount: what must be known to take it away, whoever asks then. */
interface VolumeData {
  readonly driverName: string
  readonly volumeHandle: string
  readonly volumeLifecycleMode: string
  readonly staged: boolean
}

const place = join("volumes", "kubernetes.io~csi")
const dataFile = "vol_data.json"
const node = "/csi.v1.Node"
const tokenSecondsDefault = 3_600

/**
 * Volumes of CSI drivers on this node: staged where the driver wants that, published for a pod, unpublished when it ends,
 * unstaged with the last. What is on the disk tells what is mounted, so another kubelet goes on where this one was.
 */
export class CsiVolumes {
  readonly #options: CsiVolumesOptions
  /** Of this process: paths that need not be looked at again. */
  readonly #published = new Set<string>()
  /** Staging and unstaging of one volume take turns. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(options: CsiVolumesOptions) {
    this.#options = options
  }

  /** Where the volume's files are for the pod. Does nothing for one that is published. Throws `VolumeProblem`. */
  async publish(pod: Pod, name: string, wish: MountWish): Promise<string> {
    const home = join(this.#options.pods, pod.metadata.uid, place, name)
    const target = join(home, "mount")
    if (this.#published.has(target)) return target
    if ((await readData(home)) && (await isMounted(target).catch(() => false))) {
      this.#published.add(target)
      return target
    }
    const driver = this.#driver(wish.driver)
    const object = await this.#object(wish.driver)
    const refusal = refusalOf(wish, object)
    if (refusal !== undefined) throw new VolumeProblem(refusal)
    const fsGroup = pod.spec.securityContext.fsGroup
    const capability = capabilityOf(wish, driver, fsGroup)
    const staged = wish.lifecycle === "Persistent" && driver.capabilities.has(nodeCapability.stage)
    const data = { driverName: driver.name, volumeHandle: wish.volumeId, volumeLifecycleMode: wish.lifecycle, staged }
    await mkdir(home, { recursive: true, mode: 0o750 })
    await writeFile(join(home, dataFile), JSON.stringify(data))
    const [volumeContext, secrets] = await Promise.all([this.#context(pod, wish, object), this.#secrets(pod, wish)])
    await this.#inTurn(data, async () => {
      const stagingTargetPath = this.#stagingPath(data)
      const common = { volumeId: wish.volumeId, volumeCapability: capability, stagingTargetPath }
      if (staged) {
        await mkdir(stagingTargetPath, { recursive: true, mode: 0o750 })
        const request = { ...common, volumeContext: { ...wish.attributes } }
        await this.#call(driver, "NodeStageVolume", ["csi.v1.NodeStageVolumeRequest", request])
      }
      const request = { ...common, targetPath: target, readonly: wish.readOnly, volumeContext, secrets }
      if (!staged) request.stagingTargetPath = ""
      await this.#call(driver, "NodePublishVolume", ["csi.v1.NodePublishVolumeRequest", request])
    })
    if (fsGroup !== undefined && ownsFiles(wish, driver, object)) await giveToGroup(target, fsGroup)
    this.#published.add(target)
    return target
  }

  /** Gives back all volumes of a pod that was. Throws when a driver that has some of them is not there. */
  async release(podDirectory: string): Promise<void> {
    const root = join(podDirectory, place)
    for (const name of await readdir(root).catch(() => [])) {
      const home = join(root, name)
      const data = await readData(home)
      if (data) await this.#unpublish(data, home)
      this.#published.delete(join(home, "mount"))
      await rm(home, { recursive: true })
    }
  }

  async #unpublish(data: VolumeData, home: string): Promise<void> {
    const driver = this.#driver(data.driverName)
    const { volumeHandle: volumeId } = data
    await this.#inTurn(data, async () => {
      const request = { volumeId, targetPath: join(home, "mount") }
      await this.#call(driver, "NodeUnpublishVolume", ["csi.v1.NodeUnpublishVolumeRequest", request])
      await rm(join(home, dataFile))
      if (!data.staged || (await this.#isUsed(data))) return
      const stagingTargetPath = this.#stagingPath(data)
      const unstage = { volumeId, stagingTargetPath }
      await this.#call(driver, "NodeUnstageVolume", ["csi.v1.NodeUnstageVolumeRequest", unstage])
      await rm(dirname(stagingTargetPath), { recursive: true })
    })
  }

  /** Whether a pod of this node has the volume, by what is on the disk. */
  async #isUsed({ driverName, volumeHandle }: VolumeData): Promise<boolean> {
    const { pods } = this.#options
    for (const uid of await readdir(pods)) {
      for (const name of await readdir(join(pods, uid, place)).catch(() => [])) {
        const data = await readData(join(pods, uid, place, name))
        if (data?.driverName === driverName && data.volumeHandle === volumeHandle) return true
      }
    }
    return false
  }

  async #inTurn(data: VolumeData, work: () => Promise<void>): Promise<void> {
    const key = `${data.driverName} ${data.volumeHandle}`
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work)
    const over = turn.catch(() => {})
    this.#turns.set(key, over)
    try {
      await turn
    } finally {
      if (this.#turns.get(key) === over) this.#turns.delete(key)
    }
  }

  #stagingPath({ driverName, volumeHandle }: VolumeData): string {
    const hash = createHash("sha256").update(volumeHandle).digest("hex")
    return join(this.#options.staging, basename(driverName), hash, "globalmount")
  }

  #driver(name: string): Driver {
    const driver = this.#options.registry.get(name)
    if (driver) return driver
    throw new VolumeProblem(`driver name ${name} not found in the list of registered CSI drivers`)
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

  async #secrets(pod: Pod, { secret: name }: MountWish): Promise<Record<string, string>> {
    if (name === undefined) return {}
    const { namespace = "" } = pod.metadata
    const { data = {} } = await this.#options.client.get(Secret, { name, namespace })
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]))
  }
}

async function readData(home: string): Promise<VolumeData | undefined> {
  const text = await readFile(join(home, dataFile), "utf8").catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as VolumeData)
}
