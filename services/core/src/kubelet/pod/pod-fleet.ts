import { readdir } from "node:fs/promises"
import { join } from "node:path"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Timer } from "@wick/sdk/clock"
import type { Informer } from "@wick/sdk/controller"
import type { ContainerRecord, RuntimeNotice, SandboxRecord } from "../runtime/runtime.ts"
import { removeDirectory } from "../volume/host-directory.ts"
import { nothingObserved, type Observed } from "./observed.ts"
import type { PodDeps } from "./pod-deps.ts"
import { PodWorker } from "./pod-worker.ts"

/** An out-of-memory notice may come a moment after the end that it explains. */
const outOfMemoryWaitMs = 30
const killedExitCode = 137
/** Notices of kills that no end has asked for yet. */
const outOfMemoryMax = 1_024
/** What a driver could not give back is asked for again after this time, and then ever more rarely. */
const releaseRetryMsMin = 1_000
const releaseRetryMsMax = 300_000
/**
 * containerd tells of an end before its CRI knows of it, which may take it seconds on a busy machine. An end that was told
 * while we did not listen shows in no list until then: so everything is looked at again after these times.
 */
const laterLooksMs = [1_000, 10_000]
/** What is left of pods that nobody knows is ended at once; their owners are gone. */
const orphanGraceSeconds = 1

type FleetDeps = Omit<PodDeps, "claim" | "disclaim"> & {
  readonly releaseAddresses?: ((sandboxIds: ReadonlySet<string>) => Promise<unknown>) | undefined
}

/** All pods of the node: a worker for each, found again after a restart; and what belongs to none is taken away. */
export class PodFleet {
  readonly #deps: FleetDeps
  readonly #pods: Informer<typeof Pod>
  readonly #workers = new Map<string, PodWorker>()
  /** Id of a container or sandbox → uid of its pod. */
  readonly #owners = new Map<string, string>()
  readonly #outOfMemory = new Set<string>()
  readonly #onRemoved: () => void
  #listed: Promise<void> = Promise.resolve()
  #sweep: () => void = () => {}
  /** Settled when it is known which pods there are. */
  readonly #swept = new Promise<void>((resolve) => {
    this.#sweep = resolve
  })
  #undo: (() => void)[] = []
  #laterLooks: Timer[] = []
  #releasing: Timer | undefined
  #releaseRetryMs = releaseRetryMsMin
  #over = false

  constructor(deps: FleetDeps, pods: Informer<typeof Pod>, onRemoved: () => void) {
    this.#deps = deps
    this.#pods = pods
    this.#onRemoved = onRemoved
  }

  /** Resolves when what ran before is adopted and what belongs to nobody is gone. */
  async start(): Promise<void> {
    const found = await this.#deps.runtime.list()
    await this.#releaseAddresses(found.sandboxes)
    await this.#pods.synced
    const byPod = groupByPod(found)
    this.#undo.push(
      this.#pods.onChange(({ before, after }) => {
        if (!after) return void (before && this.#workers.get(before.metadata.uid)?.gone())
        // A pod of the same name that was deleted and made again between two looks.
        if (before && before.metadata.uid !== after.metadata.uid) this.#workers.get(before.metadata.uid)?.gone()
        this.#accept(after, byPod.get(after.metadata.uid))
        byPod.delete(after.metadata.uid)
      }),
    )
    const orphans = [...byPod.values()]
    byPod.clear()
    await Promise.all(orphans.map((orphan) => this.#removeOrphan(orphan)))
    await this.#removeDirectories()
    await this.#closeViews()
    this.#sweep()
    let first = true
    this.#undo.push(
      this.#deps.runtime.onEvent((notice) => {
        if (notice.kind === "relist" && first) {
          first = false
          return
        }
        this.#hear(notice)
      }),
    )
    // Between the list and the subscription things may have happened.
    await this.#relist()
    this.#lookLater()
  }

  /** A crash, or a machine that was switched off, leaves addresses to sandboxes that are no more. */
  async #releaseAddresses(sandboxes: readonly SandboxRecord[]): Promise<void> {
    const alive = new Set(sandboxes.map(({ id }) => id))
    await this.#deps.releaseAddresses?.(alive).catch((error) => {
      this.#deps.log.warn("addresses of sandboxes that are gone stay taken", { error })
    })
  }

  workers(): Iterable<PodWorker> {
    return this.#workers.values()
  }

  find(namespace: string, name: string): PodWorker | undefined {
    const pod = this.#pods.get(name, namespace)
    if (pod) return this.#workers.get(pod.metadata.uid)
    return [...this.#workers.values()].find(
      ({ state }) => state.pod.metadata.name === name && state.pod.metadata.namespace === namespace,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    this.#releasing?.cancel()
    for (const look of this.#laterLooks) look.cancel()
    for (const undo of this.#undo) undo()
    await Promise.all([...this.#workers.values()].map((worker) => worker.detach()))
    await this.#listed
  }

  #accept(pod: Pod, found?: Observed): void {
    const { uid } = pod.metadata
    const known = this.#workers.get(uid)
    if (known) {
      known.update(pod)
      return
    }
    const deps: PodDeps = {
      ...this.#deps,
      claim: (record, owner) => this.#owners.set(record.id, owner),
      disclaim: (id) => this.#owners.delete(id),
    }
    const over = (): void => {
      this.#workers.delete(uid)
      this.#onRemoved()
    }
    const worker = new PodWorker(deps, pod, over, found)
    this.#workers.set(uid, worker)
    worker.poke()
  }

  #hear(notice: RuntimeNotice): void {
    if (notice.kind === "relist") {
      this.#look()
      this.#lookLater()
      return
    }
    if (notice.kind === "lost") return
    if (notice.kind === "out-of-memory") {
      this.#outOfMemory.add(notice.id)
      const [oldest] = this.#outOfMemory
      if (this.#outOfMemory.size > outOfMemoryMax && oldest) this.#outOfMemory.delete(oldest)
      return
    }
    void this.#ended(notice.id, notice.exitCode, notice.atMs)
  }

  /** One look after the other. */
  #look(): void {
    this.#listed = this.#listed
      .then(() => this.#relist())
      .catch((error) => {
        if (!this.#over) this.#deps.log.warn("cannot list what runs", { error })
      })
  }

  #lookLater(): void {
    for (const look of this.#laterLooks) look.cancel()
    if (this.#over) return
    this.#laterLooks = laterLooksMs.map((ms) => this.#deps.clock.timer(ms, () => this.#look()))
  }

  async #ended(id: string, exitCode: number, atMs: number): Promise<void> {
    const worker = this.#workers.get(this.#owners.get(id) ?? "")
    if (!worker) return
    const { state } = worker
    const sandbox = state.sandboxes.get(id)
    if (sandbox) state.keepSandbox({ ...sandbox, ready: false })
    else {
      if (exitCode === killedExitCode && !this.#outOfMemory.has(id)) await this.#deps.clock.sleep(outOfMemoryWaitMs)
      const killed = this.#outOfMemory.delete(id)
      await state.ended(id, { exitCode, atMs, ...(killed && { reason: "OOMKilled" }) })
    }
    worker.poke()
  }

  async #relist(): Promise<void> {
    const byPod = groupByPod(await this.#deps.runtime.list())
    for (const [uid, worker] of this.#workers) {
      worker.merge(byPod.get(uid) ?? nothingObserved)
      byPod.delete(uid)
      worker.poke()
    }
    for (const orphan of byPod.values()) await this.#removeOrphan(orphan)
  }

  async #removeOrphan({ sandboxes, containers }: Observed): Promise<void> {
    const { runtime, log } = this.#deps
    const pod = sandboxes[0]?.pod
    log.info("removing what is left of a pod that is gone", { pod: pod?.name, namespace: pod?.namespace })
    const running = containers.filter(({ state }) => state === "running")
    await Promise.all(running.map(({ id }) => runtime.stopContainer(id, orphanGraceSeconds)))
    for (const { id } of sandboxes) {
      await runtime.stopSandbox(id)
      await runtime.removeSandbox(id)
    }
    for (const { id } of containers) await runtime.removeContainer(id)
  }

  /** Images' files that pods without a directory have left open. */
  async #closeViews(): Promise<void> {
    const { runtime, log } = this.#deps
    const open =
      (await runtime.imageViews?.list().catch((error) => {
        log.warn("cannot list the images that volumes stand on", { error })
      })) ?? []
    const left = open.filter(({ podUid }) => !this.#workers.has(podUid))
    await Promise.all(left.map(({ key }) => runtime.imageViews?.close(key)))
  }

  /** A driver of volumes has come: what only it could take away is taken away. */
  async driversChanged(): Promise<void> {
    await this.#swept
    this.#releaseRetryMs = releaseRetryMsMin
    if (!this.#over) await this.#removeDirectories()
  }

  async #removeDirectory(path: string): Promise<void> {
    try {
      await this.#deps.csi?.release(path)
    } catch (error) {
      this.#deps.log.warn("what is left of a pod that is gone stays until its driver gives it back", { path, error })
      this.#releaseLater()
      return
    }
    await removeDirectory(path)
  }

  #releaseLater(): void {
    this.#releasing?.cancel()
    if (this.#over) return
    this.#releasing = this.#deps.clock.timer(this.#releaseRetryMs, () => void this.#removeDirectories())
    this.#releaseRetryMs = Math.min(releaseRetryMsMax, this.#releaseRetryMs * 2)
  }

  async #removeDirectories(): Promise<void> {
    const { pods, volatile, logs } = this.#deps.directories
    for (const directory of [pods, volatile, logs]) {
      for (const name of await readdir(directory).catch(() => [])) {
        const uid = name.slice(name.lastIndexOf("_") + 1)
        if (!this.#workers.has(uid)) await this.#removeDirectory(join(directory, name))
      }
    }
  }
}

function groupByPod(found: {
  readonly sandboxes: readonly SandboxRecord[]
  readonly containers: readonly ContainerRecord[]
}): Map<string, { sandboxes: SandboxRecord[]; containers: ContainerRecord[] }> {
  const groups = new Map<string, { sandboxes: SandboxRecord[]; containers: ContainerRecord[] }>()
  const groupOf = (uid: string) => {
    const group = groups.get(uid) ?? { sandboxes: [], containers: [] }
    groups.set(uid, group)
    return group
  }
  for (const sandbox of found.sandboxes) groupOf(sandbox.pod.uid).sandboxes.push(sandbox)
  for (const container of found.containers) groupOf(container.podUid).containers.push(container)
  return groups
}
