import { Node } from "@wick/sdk/api/core/node"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import {
  type ControllerWatch,
  createController,
  createEventRecorder,
  done,
  type EventRecorder,
  type Informer,
  type Result,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { isEnded } from "../pod-state.ts"
import { claimKeys, claimsOf } from "../volume-protection/decide.ts"
import { decide, type News, type Plan } from "./decide.ts"
import { type DesiredAttachment, desiredAttachments } from "./desired.ts"

const component = "attachdetach-controller"

/**
 * Asks, by VolumeAttachments, that volumes of drivers be attached to the nodes whose pods want them, and detached when
 * the nodes have let go. Who attaches is the driver's own attacher, or the node for drivers that leave it to Wick.
 */
export function startVolumeAttachments(context: ControllerContext): AsyncDisposable {
  const { client, clock, log, metrics } = context
  const running = new AsyncDisposableStack()
  const events = running.use(createEventRecorder({ client, clock, log, component }))
  const attachments = new VolumeAttachments(context, events)
  running.use(
    createController({
      name: component,
      clock,
      log,
      metrics,
      watches: attachments.watches(),
      reconcile: (node) => attachments.reconcile(node),
    }),
  )
  return running
}

class VolumeAttachments {
  readonly #context: ControllerContext
  readonly #events: EventRecorder
  readonly #pods: Informer<typeof Pod>
  readonly #claims: Informer<typeof PersistentVolumeClaim>
  readonly #volumes: Informer<typeof PersistentVolume>
  readonly #drivers: Informer<typeof CSIDriver>
  readonly #nodes: Informer<typeof Node>
  readonly #attachments: Informer<typeof VolumeAttachment>
  /** Name of an attachment → since when nobody wants it. */
  readonly #unwanted = new Map<string, number>()
  /** Uid of a pod and name of its volume → what its users were told last. */
  readonly #told = new Map<string, string>()

  constructor(context: ControllerContext, events: EventRecorder) {
    const { informers } = context
    this.#context = context
    this.#events = events
    this.#pods = informers(Pod, { indexes: { claim: claimKeys, claimNode: claimNode } })
    this.#claims = informers(PersistentVolumeClaim)
    this.#volumes = informers(PersistentVolume)
    this.#drivers = informers(CSIDriver)
    this.#nodes = informers(Node)
    this.#attachments = informers(VolumeAttachment, {
      indexes: {
        node: ({ spec }) => [spec.nodeName],
        volume: ({ spec }) => (spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : []),
      },
    })
  }

  watches(): ControllerWatch[] {
    return [
      watchOf(
        this.#pods,
        ({ before, after }) => new Set([before, after].flatMap((pod) => (pod ? claimNode(pod) : []))),
      ),
      watchOf(this.#claims, (change) => this.#nodesOfClaim(subject(change))),
      watchOf(this.#volumes, (change) => this.#nodesOfVolume(subject(change))),
      watchOf(this.#drivers, () => this.#nodesWithClaims()),
      watchOf(this.#nodes, ({ before, after }) => {
        const isSame = before && after && letsGo(before) === letsGo(after)
        return isSame ? [] : [(after ?? before)?.metadata.name ?? ""]
      }),
      watchOf(this.#attachments, (change) => {
        const { nodeName, source } = subject(change).spec
        const volume = this.#volumes.get(source.persistentVolumeName ?? "")
        return new Set([nodeName, ...(volume ? this.#nodesOfVolume(volume) : [])])
      }),
    ]
  }

  async reconcile(nodeName: string): Promise<Result> {
    const node = this.#nodes.get(nodeName)
    const own = this.#attachments.byIndex("node", nodeName).filter(({ spec }) => spec.source.persistentVolumeName)
    const pods = this.#pods.byIndex("claimNode", nodeName)
    if (own.length === 0 && pods.length === 0 && !node?.status?.volumesAttached?.length) return done
    const nowMs = this.#context.clock.now()
    const catalog = this.#catalog()
    const attachments = new Map(own.map((each) => [each.metadata.name, each]))
    this.#noteUnwanted(attachments, desiredAttachments(nodeName, node ? pods : [], catalog), nowMs)
    const plan = decide({
      ...catalog,
      nodeName,
      node,
      pods,
      attachments,
      elsewhere: (volume) => this.#attachments.byIndex("volume", volume).filter((it) => it.spec.nodeName !== nodeName),
      usersElsewhere: (volume, namespace) => this.#usersElsewhere(volume, namespace, nodeName),
      unwantedSinceMs: (name) => this.#unwanted.get(name) ?? nowMs,
      nowMs,
    })
    for (const news of plan.news) this.#tell(news)
    await this.#apply(nodeName, node, plan)
    return plan.wakeAfterMs === undefined ? done : wakeAfter(plan.wakeAfterMs)
  }

  async #apply(nodeName: string, node: Node | undefined, { attached, attach, detach }: Plan): Promise<void> {
    const { client } = this.#context
    if (node && !isSameList(node.status?.volumesAttached ?? [], attached)) {
      const body = { status: { volumesAttached: attached.length > 0 ? attached : null } }
      await client.patch(Node, { name: nodeName }, { type: "merge", body }, { subresource: "status" })
    }
    for (const { metadata } of detach) {
      await client
        .delete(VolumeAttachment, { name: metadata.name }, { preconditions: { uid: metadata.uid } })
        .catch((error: unknown) => {
          if (!isStatus(error, "NotFound", "Conflict")) throw error
        })
    }
    for (const { name, volume, source } of attach) {
      const spec = { attacher: source.driver, nodeName, source: { persistentVolumeName: volume.metadata.name } }
      await client.create(VolumeAttachment, { metadata: { name }, spec }).catch((error: unknown) => {
        if (!isStatus(error, "AlreadyExists")) throw error
      })
    }
  }

  #catalog() {
    return {
      claim: (namespace: string, name: string) => this.#claims.get(name, namespace),
      volume: (name: string) => this.#volumes.get(name),
      driver: (name: string) => this.#drivers.get(name),
    }
  }

  /** Kept for what is there and not wanted, and for nothing else. */
  #noteUnwanted(
    attachments: ReadonlyMap<string, VolumeAttachment>,
    desired: ReadonlyMap<string, DesiredAttachment>,
    nowMs: number,
  ): void {
    for (const name of this.#unwanted.keys()) if (!this.#attachments.get(name)) this.#unwanted.delete(name)
    for (const name of attachments.keys()) {
      if (desired.has(name)) this.#unwanted.delete(name)
      else if (!this.#unwanted.has(name)) this.#unwanted.set(name, nowMs)
    }
  }

  /** A repetition is no news; and of what was attached before this controller began nobody is told. */
  #tell({ pod, reason, message }: News): void {
    const { uid, namespace, name } = pod.metadata
    const of = /volume "([^"]*)"/.exec(message)?.[1] ?? ""
    const key = `${uid} ${of}`
    const before = this.#told.get(key)
    if (before === message) return
    for (const known of this.#told.keys()) {
      if (known.startsWith(`${uid} `) && !this.#pods.get(name, namespace)) this.#told.delete(known)
    }
    this.#told.set(key, message)
    this.#events.record(pod, { type: reason === "FailedAttachVolume" ? "Warning" : "Normal", reason, message })
  }

  #usersElsewhere({ spec }: PersistentVolume, namespace: string, nodeName: string): string[] {
    const { claimRef } = spec ?? {}
    if (claimRef?.namespace !== namespace) return []
    const users = this.#pods.byIndex("claim", `${namespace}/${claimRef.name}`)
    const isElsewhere = (pod: Pod): boolean => pod.spec.nodeName !== nodeName && !isEnded(pod)
    return users.filter((pod) => pod.spec.nodeName && isElsewhere(pod)).map(({ metadata }) => metadata.name)
  }

  #nodesOfClaim({ metadata }: PersistentVolumeClaim): string[] {
    return this.#pods.byIndex("claim", `${metadata.namespace}/${metadata.name}`).flatMap(claimNode)
  }

  #nodesOfVolume({ spec }: PersistentVolume): string[] {
    const { name, namespace } = spec?.claimRef ?? {}
    return name ? this.#pods.byIndex("claim", `${namespace}/${name}`).flatMap(claimNode) : []
  }

  #nodesWithClaims(): Set<string> {
    return new Set(this.#pods.list().flatMap(claimNode))
  }
}

/** The node of a pod that has claims. */
function claimNode(pod: Pod): string[] {
  return pod.spec.nodeName && claimsOf(pod).length > 0 ? [pod.spec.nodeName] : []
}

/** What of a node says that something may be detached from it, or that its status was written over. */
function letsGo({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready")?.status
  return JSON.stringify([ready, spec?.taints, status?.volumesInUse, status?.volumesAttached])
}

function isSameList(one: readonly { name: string }[], other: readonly { name: string }[]): boolean {
  return one.length === other.length && one.every(({ name }, at) => name === other[at]?.name)
}
