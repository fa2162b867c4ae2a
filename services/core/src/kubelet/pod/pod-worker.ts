import { Pod } from "@wick/sdk/api/core/pod"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { parseTime } from "@wick/sdk/api/meta/time"
import type { Timer } from "@wick/sdk/clock"
import { describePod, isTerminal, type Observed } from "./observed.ts"
import { type PodPlan, podActions } from "./pod-actions.ts"
import type { PodDeps } from "./pod-deps.ts"
import { endContainers, removeOldAttempts, removePod, stopContainer, stopSandboxes } from "./pod-end.ts"
import { resizeContainers } from "./pod-resize.ts"
import { startPlanned } from "./pod-start.ts"
import { PodState } from "./pod-state.ts"

const retryMsMin = 500
const retryMsMax = 30_000
/** A pod whose object is gone already has nobody to wait for. */
const orphanGraceSeconds = 1

/**
 * Brings one pod to what its object says, one step at a time: every change, event, probe and timer only asks it to look
 * again, and a look decides from the whole state.
 *
 *     running ──deletion asked, or object gone──▶ ending ──all stopped──▶ over
 */
export class PodWorker {
  readonly state: PodState
  readonly #deps: PodDeps
  readonly #onOver: () => void
  #dirty = false
  #running = false
  #failures = 0
  #wake: Timer | undefined
  #step = new AbortController()
  /** Set while the pod is being ended: aborts its hooks when the grace is cut short. */
  #ending: { readonly graceSeconds: number; readonly cut: AbortController } | undefined
  #objectGone = false
  #over = false

  constructor(deps: PodDeps, pod: Pod, onOver: () => void, found?: Observed) {
    this.#deps = deps
    this.#onOver = onOver
    this.state = new PodState(deps, pod, () => this.poke())
    if (found) this.adopt(found)
  }

  /** The object changed. */
  update(pod: Pod): void {
    this.state.pod = pod
    if (this.#mustEnd()) this.#hurry()
    this.poke()
  }

  /** The object is gone, whether or not anything of the pod still runs. */
  gone(): void {
    this.#objectGone = true
    this.state.status.abandon()
    this.#hurry()
    this.poke()
  }

  poke(): void {
    this.#dirty = true
    if (!this.#running && !this.#over) void this.#run()
  }

  /** Stops looking after the pod and leaves it running; resolves when nothing of it is still being made. */
  async detach(): Promise<void> {
    this.#over = true
    this.#wake?.cancel()
    this.#step.abort()
    this.state.dropHealth()
    this.state.volumes.release()
    this.state.status.abandon()
    await this.state.making?.catch(() => {})
  }

  /** What ran before us: taken over as it is. */
  adopt(found: Observed): void {
    const { state } = this
    for (const sandbox of found.sandboxes) state.keepSandbox(sandbox)
    const statuses = state.pod.status?.containerStatuses ?? []
    for (const record of found.containers) {
      state.keepContainer(record)
      const given = statuses.find(({ containerID = "" }) => containerID.endsWith(record.id))?.resources
      const asked = state.container(record.name)?.resources
      if (given ?? asked) state.resources.set(record.id, given ?? asked ?? {})
      const wasReady = statuses.some(({ containerID = "", ready }) => ready && containerID.endsWith(record.id))
      if (record.state === "running") state.watchHealth(record, wasReady)
    }
  }

  /**
   * Events may have been missed: learns what has ended meanwhile. Between two steps it also learns of what was made by a
   * call whose answer was lost, and of what has vanished; during a step, what has just been made may not be listed yet.
   */
  merge(found: Observed): void {
    const { state } = this
    for (const sandbox of found.sandboxes) {
      const known = state.sandboxes.get(sandbox.id)
      if (known?.ready && !sandbox.ready) state.keepSandbox({ ...known, ready: false })
    }
    for (const record of found.containers) {
      if (record.state !== "exited" || state.containers.get(record.id)?.state !== "running") continue
      const end = { exitCode: record.exitCode ?? 255, atMs: record.finishedAtMs ?? this.#deps.clock.now() }
      this.#noteEnd(record.id, { ...end, ...(record.reason === "OOMKilled" && { reason: record.reason }) })
    }
    if (this.#running) return
    this.adopt({
      sandboxes: found.sandboxes.filter(({ id }) => !state.sandboxes.has(id)),
      containers: found.containers.filter(({ id }) => !state.containers.has(id)),
    })
    const listed = new Set([...found.sandboxes, ...found.containers].map(({ id }) => id))
    for (const sandbox of state.sandboxes.values()) if (!listed.has(sandbox.id)) state.forget(sandbox.id)
    for (const { id, state: now } of state.containers.values()) {
      if (listed.has(id) || now !== "running") continue
      this.#noteEnd(id, { exitCode: 137, atMs: this.#deps.clock.now(), reason: "ContainerStatusUnknown" })
    }
  }

  #noteEnd(id: string, end: { exitCode: number; atMs: number; reason?: string }): void {
    this.state.ended(id, end).then(
      () => this.poke(),
      () => this.poke(),
    )
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#dirty && !this.#over) {
      this.#dirty = false
      try {
        await this.#sync()
        this.#failures = 0
      } catch (error) {
        if (this.#over) break
        const delayMs = Math.min(retryMsMax, retryMsMin * 2 ** this.#failures)
        this.#failures += 1
        this.#deps.log.warn("a pod could not be synced; trying again", {
          pod: describePod(this.state.pod),
          error,
          delayMs,
        })
        this.#wakeAt(this.#deps.clock.now() + delayMs)
      }
    }
    this.#running = false
  }

  async #sync(): Promise<void> {
    this.#wake?.cancel()
    this.#wake = undefined
    if (this.#mustEnd()) return this.#end()
    const { state } = this
    const deadlineMs = this.#deadlineMs()
    if (state.verdict || isTerminal(state.status.wanted.phase)) return this.#finish()
    const plan = podActions(state.view, this.#deps.clock.now())
    this.#noteBackoffs(plan)
    await this.#carryOut(plan)
    if (plan.starts.length === 0 && !plan.sandbox) await resizeContainers(state, this.#deps, this.#step.signal)
    if (this.#mustEnd() || this.#over) return this.poke()
    if (plan.finished) return this.#finish()
    state.publish()
    // What was just done may have changed what is to be done: a held container, an exited one, the next init container.
    const next = podActions(state.view, this.#deps.clock.now())
    this.#noteBackoffs(next)
    if (next.backingOff.length > 0) state.publish()
    if (next.starts.length > 0 || next.stops.length > 0 || next.finished) this.#dirty = true
    const wakeAtMs = Math.min(next.wakeAtMs ?? Number.POSITIVE_INFINITY, deadlineMs ?? Number.POSITIVE_INFINITY)
    if (Number.isFinite(wakeAtMs)) this.#wakeAt(wakeAtMs)
    if (!plan.sandbox && state.containers.size > 1) await removeOldAttempts(state, this.#deps)
    if (plan.starts.length === 0 && state.containers.size > 0) await this.#refreshVolumes()
  }

  async #carryOut(plan: PodPlan): Promise<void> {
    const { state } = this
    this.#step = new AbortController()
    const { signal } = this.#step
    await Promise.all(
      plan.stops.map(({ record, message, graceSeconds }) =>
        stopContainer(state, this.#deps, record, { message, graceSeconds, signal }),
      ),
    )
    if (plan.starts.length === 0 || signal.aborted) return
    await startPlanned(state, this.#deps, plan, signal)
  }

  /** ConfigMaps, Secrets and tokens may have changed; does nothing when they have not. */
  async #refreshVolumes(): Promise<void> {
    const { state } = this
    await state.volumes.prepare(state.pod, state.place, this.#step.signal).catch((error) => {
      this.#deps.log.debug("volumes stay as they are", { pod: describePod(state.pod), error })
    })
  }

  #noteBackoffs(plan: PodPlan): void {
    const { state } = this
    for (const name of plan.backingOff) {
      const delaySeconds = (state.backoffs.get(name)?.delayMs ?? 0) / 1_000
      const shown = delaySeconds >= 60 ? `${Math.floor(delaySeconds / 60)}m${delaySeconds % 60}s` : `${delaySeconds}s`
      const message = `back-off ${shown} restarting failed container=${name} pod=${describePod(state.pod)}`
      if (state.waiting.get(name)?.message === message) continue
      state.waiting.set(name, { reason: "CrashLoopBackOff", message })
      const container = state.container(name)
      state.tell(
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${name} in pod ${describePod(state.pod)}`,
        container,
      )
    }
  }

  /** All has ended for good, but the object stays: so do logs and records. Volumes of drivers are others' to have. */
  async #finish(): Promise<void> {
    const { state } = this
    const { verdict } = state
    if (verdict) {
      const graceSeconds = state.pod.spec.terminationGracePeriodSeconds
      await endContainers(state, this.#deps, { graceSeconds, signal: this.#step.signal })
    }
    state.waiting.clear()
    state.publish()
    state.dropHealth()
    await stopSandboxes(state, this.#deps)
    state.volumes.release()
    await this.#deps.csi?.release(state.directory)
  }

  async #end(): Promise<void> {
    const { state } = this
    const graceSeconds = this.#graceSeconds()
    this.#ending = { graceSeconds, cut: new AbortController() }
    await endContainers(state, this.#deps, { graceSeconds, signal: this.#ending.cut.signal })
    state.waiting.clear()
    if (!this.#objectGone) state.publish(true)
    await Promise.all([state.status.flush(), removePod(state, this.#deps)])
    // Whoever waits for the object's end may count on it: nothing of the pod is left on the node then.
    await this.#deleteObject()
    this.#over = true
    this.#onOver()
  }

  async #deleteObject(): Promise<void> {
    if (this.#objectGone) return
    const { name, namespace, uid } = this.state.pod.metadata
    const reference = { name, ...(namespace !== undefined && { namespace }) }
    try {
      await this.#deps.client.delete(Pod, reference, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isStatus(error, "NotFound", "Conflict")) throw error
    }
  }

  #mustEnd(): boolean {
    return this.#objectGone || this.state.pod.metadata.deletionTimestamp !== undefined
  }

  #graceSeconds(): number {
    if (this.#objectGone) return orphanGraceSeconds
    const { spec, metadata } = this.state.pod
    return metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds
  }

  /** Whatever is under way for a pod that must end is given up; an end that has become shorter is cut short. */
  #hurry(): void {
    this.#step.abort()
    const ending = this.#ending
    if (!ending || this.#graceSeconds() >= ending.graceSeconds) return
    this.#ending = { ...ending, graceSeconds: this.#graceSeconds() }
    ending.cut.abort()
    for (const record of this.state.containers.values()) {
      if (record.state !== "running") continue
      this.#deps.runtime.stopContainer(record.id, this.#graceSeconds()).catch((error) => {
        this.#deps.log.warn("cannot hurry a container's end", { container: record.id, error })
      })
    }
  }

  /** A pod may be given a time to live; when it is over, so is the pod. */
  #deadlineMs(): number | undefined {
    const { pod, status } = this.state
    const startTime = status.wanted.startTime ?? pod.status?.startTime
    if (pod.spec.activeDeadlineSeconds === undefined || startTime === undefined) return undefined
    const deadlineMs = parseTime(startTime) + pod.spec.activeDeadlineSeconds * 1_000
    if (deadlineMs > this.#deps.clock.now()) return deadlineMs
    const message = "Pod was active on the node longer than the specified deadline"
    this.state.verdict ??= { reason: "DeadlineExceeded", message }
    return undefined
  }

  #wakeAt(atMs: number): void {
    this.#wake?.cancel()
    this.#wake = this.#deps.clock.timer(Math.max(0, atMs - this.#deps.clock.now()), () => this.poke())
  }
}
