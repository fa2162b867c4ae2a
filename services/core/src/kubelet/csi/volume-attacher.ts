import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { formatTime } from "@wick/sdk/api/meta/time"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { CSINode } from "@wick/sdk/api/storage/csi-node"
import { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { type Controller, createController, createInformer, done, removeFinalizer, watchOf } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { type AttachedAs, asAnnotation, attachmentStep, finalizerOf } from "./attachment-step.ts"
import { callDriver } from "./driver-link.ts"
import { driverSecret } from "./driver-secret.ts"
import { controllerCapability, nodeCapability } from "./messages.ts"
import { capabilityOf, persistentWish } from "./mount-request.ts"
import type { Driver } from "./plugin-registry.ts"

export interface VolumeAttacherOptions {
  /** May change VolumeAttachments and read the Secrets of drivers. */
  readonly client: Client
  readonly nodeName: string
  readonly driver: (name: string) => Driver | undefined
  readonly clock: Clock
  readonly log: Log
}

const service = "/csi.v1.Controller"

/**
 * What an external-attacher does beside a driver's controller, for drivers that leave it to Wick: attaches what the
 * controllers ask for, by the socket on which the driver answers on this node. Nothing is watched before a driver is there.
 */
export class VolumeAttacher implements AsyncDisposable {
  readonly #options: VolumeAttacherOptions
  readonly #running = new AsyncDisposableStack()
  #controller: Controller | undefined
  #wakeAll: () => void = () => {}

  constructor(options: VolumeAttacherOptions) {
    this.#options = options
  }

  /** Drivers have come or gone. */
  driversChanged(count: number): void {
    if (count > 0 && !this.#controller && !this.#running.disposed) this.#start()
    this.#wakeAll()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.disposeAsync()
  }

  #start(): void {
    const { client, clock, log } = this.#options
    const attachments = this.#running.use(createInformer(client, VolumeAttachment, {}, clock, log))
    const controller = createController({
      name: "csi-attacher",
      clock,
      log,
      watches: [watchOf(attachments, ({ after }) => (after ? [after.metadata.name] : []))],
      reconcile: async (name) => {
        const attachment = attachments.get(name)
        if (attachment) await this.#reconcile(attachment)
        return done
      },
    })
    this.#controller = this.#running.use(controller)
    this.#wakeAll = () => {
      for (const { metadata } of attachments.list()) controller.wake(metadata.name)
    }
  }

  async #reconcile(attachment: VolumeAttachment): Promise<void> {
    const { client, nodeName } = this.#options
    const driver = this.#options.driver(attachment.spec.attacher)
    if (!driver) return
    const volumeName = attachment.spec.source.persistentVolumeName
    const [object, nodes, volume] = await Promise.all([
      orNothing(client.get(CSIDriver, { name: driver.name })),
      client.list(CSINode),
      volumeName ? orNothing(client.get(PersistentVolume, { name: volumeName })) : undefined,
    ])
    const step = attachmentStep({ attachment, nodeName, object, nodes: nodes.items, volume })
    if (step.kind === "refuse") await this.#tellError(attachment, "attachError", new Error(step.message))
    if (step.kind === "detach") await this.#detach(driver, attachment, step.as)
    if (step.kind === "attach" && volume) await this.#attach(driver, attachment, step.as, volume)
  }

  async #attach(driver: Driver, attachment: VolumeAttachment, as: AttachedAs, volume: PersistentVolume): Promise<void> {
    const { client, log } = this.#options
    const { name, uid, resourceVersion } = attachment.metadata
    // What was begun is undone, whoever comes to it: so it is noted before it begins.
    const annotations = { [asAnnotation]: JSON.stringify(as) }
    const { finalizers = [], annotations: noted } = attachment.metadata
    const finalizer = finalizerOf(driver.name)
    if (!finalizers.includes(finalizer) || noted?.[asAnnotation] !== annotations[asAnnotation]) {
      const metadata = { uid, resourceVersion, finalizers: [...new Set([...finalizers, finalizer])], annotations }
      await client.patch(VolumeAttachment, { name }, { type: "merge", body: { metadata } })
    }
    try {
      const attachmentMetadata = await this.#controllerPublish(driver, as, volume)
      await this.#patchStatus(name, { attached: true, attachmentMetadata, attachError: null })
      log.info("a volume is attached", { volume: volume.metadata.name, node: attachment.spec.nodeName })
    } catch (error) {
      await this.#tellError(attachment, "attachError", error)
    }
  }

  async #controllerPublish(driver: Driver, as: AttachedAs, volume: PersistentVolume): Promise<Record<string, string>> {
    const { volumeId, nodeId, secret } = as
    const can = driver.controller
    if (!can.has(controllerCapability.attach)) return {}
    const wish = persistentWish(volume)
    const finer = can.has(controllerCapability.singleNodeMultiWriter) ? [nodeCapability.singleNodeMultiWriter] : []
    const request = {
      volumeId,
      nodeId,
      volumeCapability: capabilityOf(wish, new Set(finer), undefined),
      readonly: wish.readOnly && can.has(controllerCapability.publishReadOnly),
      secrets: await driverSecret(this.#options.client, "ControllerPublishSecretRef", secret),
      volumeContext: { ...wish.attributes },
    }
    const message = ["csi.v1.ControllerPublishVolumeRequest", request] as const
    const verb = `${service}/ControllerPublishVolume`
    const { publishContext = {} } = await callDriver(
      { socket: driver.socket, clock: this.#options.clock },
      verb,
      message,
      "csi.v1.ControllerPublishVolumeResponse",
    )
    return publishContext
  }

  async #detach(driver: Driver, attachment: VolumeAttachment, as: AttachedAs): Promise<void> {
    const { client, clock, log } = this.#options
    const { volumeId, nodeId, secret } = as
    try {
      if (driver.controller.has(controllerCapability.attach)) {
        const secrets = await driverSecret(client, "ControllerPublishSecretRef", secret)
        const message = ["csi.v1.ControllerUnpublishVolumeRequest", { volumeId, nodeId, secrets }] as const
        const door = { socket: driver.socket, clock }
        await callDriver(door, `${service}/ControllerUnpublishVolume`, message, "csi.v1.Empty")
      }
      await removeFinalizer(client, VolumeAttachment, attachment, finalizerOf(driver.name))
      log.info("a volume is detached", { volume: volumeId, node: attachment.spec.nodeName })
    } catch (error) {
      await this.#tellError(attachment, "detachError", error)
    }
  }

  /** Told where users look, and thrown: it is tried again, ever more rarely. */
  async #tellError(
    { metadata: { name }, status }: VolumeAttachment,
    field: "attachError" | "detachError",
    error: unknown,
  ): Promise<never> {
    const message = error instanceof Error ? error.message : String(error)
    const time = formatTime(this.#options.clock.now())
    // What is told already is not told again: each change of the attachment has it looked at at once.
    if (status?.[field]?.message !== message) await this.#patchStatus(name, { [field]: { time, message } })
    throw error
  }

  async #patchStatus(name: string, status: object): Promise<void> {
    const body = { status }
    await this.#options.client.patch(VolumeAttachment, { name }, { type: "merge", body }, { subresource: "status" })
  }
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}
