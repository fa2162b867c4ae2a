import { assert } from "@wick/sdk/assert"
import type { Clock, Random, Timer } from "@wick/sdk/clock"
import { ColdStart } from "../metrics/cold-start.ts"
import type { RevisionMetrics } from "../metrics/revision-metrics.ts"
import type { Call, CallTrace } from "./call.ts"
import { DeadlineQueue } from "./deadline-queue.ts"
import { attemptsMax, podInFlightMax, replaysMax, replaysPerAnswer, waitingLimit } from "./limits.ts"
import { LoadMeter } from "./load-meter.ts"
import { ejectionMs, failuresInRow, noteOutcome } from "./outlier.ts"
import type { Pod } from "./pod.ts"
import { PodRoom } from "./pod-room.ts"
import type { Finding } from "./protocol-finder.ts"
import { type Cause, failureText, judgeHealth, type RevisionHealth, well } from "./revision-health.ts"
import { type RevisionSpec, unknownSpec } from "./revision-spec.ts"
import { isOwnShortage } from "./shortage.ts"
import { WaitLine } from "./wait-line.ts"

/** A caller of a revision that cannot serve is asked to stay away for so long; the kubelet's own first pause is as long. */
const failureRetrySeconds = 10

const nobodyThere = "no endpoint of the Service is ready"

/** What a backend tells the rest of the activator. */
export interface BackendEvents {
  /** A request began to wait, or load has jumped: the autoscaler should hear of it now. */
  pressed(backend: Backend): void
  /** The first request since the last report: the revision has load to report again. */
  woken(backend: Backend): void
  /** A connection to the pod failed before anything was sent: it must prove itself again. */
  suspected(backend: Backend, pod: Pod): void
  /** The pod takes nothing more and has nothing in flight, unless it be connections that speak another protocol by now. */
  drained(backend: Backend, pod: Pod): void
}

/** Who says how many requests this activator may have in a pod, where other activators send to it too. */
export interface Lender {
  /** The pod is there. From now on `setOwn` says whether it is this activator's before it is others'. */
  share(backend: Backend, pod: Pod): void
  /** The pod was first seen, answers now, or does not. */
  put(backend: Backend, pod: Pod, usable: boolean): void
  remove(pod: Pod): void
  took(pod: Pod): void
  /** The slot is settled when this returns: `setSlots` has been called. */
  left(pod: Pod): void
  /** The line has changed. */
  lined(backend: Backend): void
}

/** One revision: its pods, who is in them, and who waits. */
export class Backend {
  readonly namespace: string
  readonly name: string
  readonly meter: LoadMeter
  readonly metrics: RevisionMetrics
  readonly line = new WaitLine<Call>()
  /** All pods by name; of these `ready` answer, and those of them that are not left out for answering badly are chosen from. */
  readonly pods = new Map<string, Pod>()
  readonly ready: Pod[] = []
  readonly #room: PodRoom<Pod>
  #replays = replaysMax
  /** Concurrency in the last report: growth beyond is reported at once. */
  reportedConcurrency = 0
  /** Of the calls since the last report the newest that is traced. */
  lastTraced: CallTrace | undefined = undefined
  /** Whether a report is owed: there was load since the last one that said there is none. */
  awake = false
  spec: RevisionSpec = unknownSpec
  #finding: Finding | undefined
  /** Since the last report somebody has asked for the revision itself, not for a route. */
  calledDirectly = false
  /** The revision was deleted: nothing is told of it any more. */
  gone = false
  /** A start from zero for which requests wait. */
  cold: ColdStart | undefined
  health: RevisionHealth = well
  #unmakeable: Cause | undefined
  #recheck: Timer | undefined
  readonly #clock: Clock
  readonly #events: BackendEvents
  readonly #deadlines: DeadlineQueue<Call>
  readonly #lender: Lender | undefined

  constructor(
    identity: { namespace: string; name: string },
    world: {
      clock: Clock
      random: Random
      events: BackendEvents
      metrics: RevisionMetrics
      lender?: Lender | undefined
    },
  ) {
    this.namespace = identity.namespace
    this.name = identity.name
    this.#clock = world.clock
    this.#room = new PodRoom(world.random)
    this.#events = world.events
    this.#lender = world.lender
    this.metrics = world.metrics
    this.meter = new LoadMeter(world.clock.monotonic())
    this.#deadlines = new DeadlineQueue(world.clock, unknownSpec.timeoutMs, expire)
  }

  /** What the application speaks; `either` while nobody knows. */
  get speaks(): RevisionSpec["protocol"] {
    const { protocol } = this.spec
    return protocol === "either" ? (this.#finding?.protocol ?? protocol) : protocol
  }

  /** Whether the next pod is to be asked what it speaks: those of a revision all speak the same. */
  get isToBeFound(): boolean {
    return this.spec.protocol === "either" && this.#finding?.isSure !== true
  }

  /** A pod was asked what it speaks. */
  found(finding: Finding): void {
    if (this.isToBeFound) this.#finding = finding
  }

  setSpec(spec: RevisionSpec): void {
    if (spec.port !== this.spec.port || spec.protocol !== this.spec.protocol) this.#finding = undefined
    this.spec = spec
    this.#deadlines.durationMs = spec.timeoutMs
    for (const pod of this.pods.values()) this.fit(pod)
    this.#handOut()
  }

  addPod(pod: Pod): void {
    const before = this.pods.get(pod.name)
    if (before !== undefined) this.removePod(before)
    this.pods.set(pod.name, pod)
    this.#lender?.share(this, pod)
    this.fit(pod)
  }

  /** Its object is gone. */
  removePod(pod: Pod): void {
    this.markDraining(pod)
    this.pods.delete(pod.name)
    this.#lender?.remove(pod)
    this.diagnose()
  }

  /** The pod is new, or came into or out of the choice, or its revision's concurrency became known. */
  fit(pod: Pod): void {
    const lender = this.#lenderOf()
    if (lender !== undefined) lender.put(this, pod, this.#room.has(pod))
    else this.setSlots(pod, this.spec.containerConcurrency || podInFlightMax)
  }

  /** Other activators leave the pod to this one first, or this one to another. */
  setOwn(pod: Pod, isOwn: boolean): void {
    this.#room.setOwn(pod, isOwn)
  }

  /** So many requests may be in the pod from now on. */
  setSlots(pod: Pod, slots: number): void {
    pod.slots = slots
    this.#room.changed(pod)
    this.#handOut()
  }

  /** Another activator knows that the pod answers. Returns whether it can be used from here. */
  trust(pod: Pod): boolean {
    const mayBe = pod.phase === "starting" && pod.address !== undefined && !pod.doubted
    if (mayBe && this.speaks !== "either") this.markReady(pod)
    return this.#room.has(pod)
  }

  /** Takes a new call in: it gets a pod at once, waits for one, or is refused. */
  admit(call: Call): void {
    const now = this.#clock.monotonic()
    call.backend = this
    call.startedMs = now
    this.meter.enter(now)
    if (call.trace !== undefined) this.lastTraced = call.trace
    this.#deadlines.add(call, now)
    if (!this.awake) {
      this.awake = true
      this.#events.woken(this)
    }
    // Nobody overtakes those who wait already.
    const pod = this.line.size === 0 ? this.#room.choose() : undefined
    if (pod !== undefined) {
      this.#give(call, pod, now)
      // Twice the load of the last report, and more than chance: the autoscaler hears of it before the next interval.
      if (this.meter.now > 2 * this.reportedConcurrency + 4) this.#events.pressed(this)
      return
    }
    if (this.health !== well && !this.#mayWait()) {
      this.#refuseFailing(call)
      return
    }
    if (this.#isDeserted) {
      call.refuse(503, nobodyThere)
      return
    }
    if (this.line.size >= waitingLimit(this.spec.containerConcurrency, this.ready.length)) {
      this.metrics.refused++
      call.refuse(503, "pending request queue full")
      return
    }
    if (this.cold === undefined && this.ready.length === 0) this.#beginCold(now)
    this.line.push(call)
    this.#lenderOf()?.lined(this)
    // Where a peer's slot was free it may have been given already.
    if (call.inLine) this.#events.pressed(this)
  }

  /** The call's answer is complete, or nobody wants it any more. `status` is for the statistics. */
  finish(call: Call, status: number): void {
    assert(call.open, "a call ends once")
    call.open = false
    const now = this.#clock.monotonic()
    this.meter.leave(now)
    this.#deadlines.remove(call)
    if (call.inLine) {
      this.line.remove(call)
      this.#lenderOf()?.lined(this)
      // Nobody is left to see the end of the start.
      if (this.line.size === 0) this.cold = undefined
    }
    call.trace?.ended(status)
    const { pod } = call
    this.metrics.observe(call, status, now - call.startedMs, pod === undefined ? -1 : now - call.begunMs)
    if (pod === undefined) return
    call.pod = undefined
    if (status > 0) this.#note(pod, status >= 502 && status <= 504)
    this.#release(pod)
  }

  /** The first byte of an answer that ends a start from zero. */
  answerBegun(call: Call): void {
    const { cold, pod } = call
    call.cold = undefined
    if (cold === undefined || pod === undefined) return
    const now = this.#clock.monotonic()
    this.metrics.observeColdStart(cold.beganMs, cold.marks(pod, now), now)
  }

  /** The autoscaler has asked for pods, so long after it heard that a request waits. */
  decided(thoughtMs: number): void {
    this.cold?.decided(this.#clock.monotonic(), thoughtMs)
  }

  /**
   * The pod could not be reached and nothing was sent: the call goes to the head of the line, the pod is suspected. Where
   * this process itself lacks what a connection needs no pod can help, and none is to blame.
   */
  sendElsewhere(call: Call, cause: Error): void {
    const { pod } = call
    assert(pod !== undefined, "only a call with a pod can be sent elsewhere")
    if (isOwnShortage(cause)) {
      call.pod = undefined
      this.metrics.refused++
      this.#release(pod)
      call.refuse(503, `the gateway can open no more connections: ${cause.message}`)
      return
    }
    pod.doubted = true
    this.#events.suspected(this, pod)
    this.#takeBack(call, pod, cause.message)
  }

  /**
   * The pod broke off before its answer began, on a connection that had carried requests before: most likely it closed it
   * while this one was on its way. Sends the call once more if it may be, and returns whether it did.
   */
  replay(call: Call, why: string): boolean {
    const { pod } = call
    if (pod === undefined || call.replayed || this.#replays < 1) return false
    this.#replays--
    call.replayed = true
    this.#takeBack(call, pod, why)
    return true
  }

  setUnmakeable(cause: Cause | undefined): void {
    this.#unmakeable = cause
    this.diagnose()
  }

  /** The pods' troubles have changed, or time has passed: is waiting still worth it? */
  diagnose(): void {
    if (this.ready.length > 0) {
      this.health = well
      return
    }
    const now = this.#clock.monotonic()
    this.health = judgeHealth(this.health, this.pods.values(), this.#unmakeable, now)
    this.#recheck?.cancel()
    this.#recheck = undefined
    if (this.health.state === "failing") {
      for (let call = this.line.first; call !== undefined; call = this.line.first) this.#refuseFailing(call)
    } else if (this.health.state === "well" && this.health.recheckMs !== undefined) {
      this.#recheck = this.#clock.timer(Math.max(0, this.health.recheckMs - now), () => this.diagnose())
    }
  }

  markReady(pod: Pod): void {
    if (pod.phase !== "starting" || this.pods.get(pod.name) !== pod) return
    pod.phase = "ready"
    this.health = well
    pod.doubted = false
    this.ready.push(pod)
    if (pod.ejection === undefined) this.#takeIntoRoom(pod)
  }

  markUnready(pod: Pod): void {
    if (pod.phase !== "ready") return
    pod.phase = "starting"
    this.#takeFromReady(pod)
  }

  markDraining(pod: Pod): void {
    if (pod.phase === "draining") return
    this.#takeFromReady(pod)
    pod.phase = "draining"
    pod.ejection?.cancel()
    if (pod.inFlight === pod.upgraded) this.#events.drained(this, pod)
  }

  /** The revision is gone: nobody will ever serve those who wait. */
  refuseAll(status: number, text: string): void {
    for (let call = this.line.first; call !== undefined; call = this.line.first) call.refuse(status, text)
  }

  /** Pods on their way up were asked for by somebody else, and have come who knows how far. */
  #beginCold(nowMs: number): void {
    for (const { phase } of this.pods.values()) if (phase !== "draining") return
    this.cold = new ColdStart(nowMs)
  }

  get #isDeserted(): boolean {
    return this.ready.length === 0 && !this.spec.startsPods
  }

  #mayWait(): boolean {
    this.diagnose()
    return this.health.state === "well" || (this.health.state === "trying" && this.line.size === 0)
  }

  #refuseFailing(call: Call): void {
    if (this.health.state === "well") return
    this.metrics.failedFast++
    call.refuse(503, failureText(`${this.namespace}/${this.name}`, this.health.trouble), failureRetrySeconds)
  }

  #lenderOf(): Lender | undefined {
    return this.spec.containerConcurrency > 0 ? this.#lender : undefined
  }

  #takeIntoRoom(pod: Pod): void {
    this.#room.add(pod)
    this.fit(pod)
  }

  /** A call whose pod did not serve it goes back to its place in the line. */
  #takeBack(call: Call, pod: Pod, why: string): void {
    call.pod = undefined
    call.trace?.lost(why)
    this.cold ??= call.cold
    call.cold = undefined
    const givenUp = ++call.attempts >= attemptsMax || this.#isDeserted
    // First the line, then the slot: nobody who came later gets it.
    if (!givenUp) this.line.rejoin(call)
    this.#note(pod, true)
    this.#release(pod)
    if (givenUp) call.refuse(502, `no pod of the revision could be reached: ${why}`)
    else this.#handOut()
    this.#lenderOf()?.lined(this)
    if (call.inLine) this.#events.pressed(this)
  }

  #note(pod: Pod, failed: boolean): void {
    noteOutcome(pod, failed)
    if (!failed) {
      if (this.#replays < replaysMax) this.#replays += replaysPerAnswer
      return
    }
    if (pod.phase !== "ready" || pod.ejection !== undefined) return
    const ms = ejectionMs(pod, this.ready.length, this.ready.length - this.#room.size)
    if (ms === 0) return
    this.metrics.ejections++
    this.#room.remove(pod)
    this.fit(pod)
    pod.ejections++
    pod.ejection = this.#clock.timer(ms, () => this.#takeIn(pod))
  }

  /** Its time is over. One more failure is enough to leave it out again, for longer. */
  #takeIn(pod: Pod): void {
    pod.ejection?.cancel()
    pod.ejection = undefined
    pod.failures = failuresInRow - 1
    if (pod.phase !== "ready") return
    this.#takeIntoRoom(pod)
  }

  #give(given: Call, pod: Pod, now: number): void {
    const call = this.#inItsProtocol(given)
    pod.inFlight++
    this.#lenderOf()?.took(pod)
    this.#room.changed(pod)
    call.pod = pod
    call.begunMs = now
    call.trace?.given(pod)
    if (this.cold !== undefined) {
      call.cold = this.cold
      this.cold = undefined
    }
    call.begin(pod)
  }

  /** A pod that is there without having been asked is spoken to in HTTP/1. */
  #inItsProtocol(given: Call): Call {
    const { speaks } = this
    const call = given.speaking(speaks === "either" ? "http1" : speaks)
    if (call !== given) this.#deadlines.replace(given, call)
    return call
  }

  #release(pod: Pod): void {
    pod.inFlight--
    this.#room.changed(pod)
    this.#lenderOf()?.left(pod)
    if (pod.phase === "draining") {
      if (pod.inFlight === pod.upgraded) this.#events.drained(this, pod)
      return
    }
    if (this.line.size > 0) this.#handOut()
  }

  /** Gives every free slot to the one that has waited longest. */
  #handOut(): void {
    if (this.line.size === 0) return
    const now = this.#clock.monotonic()
    for (let pod = this.#room.choose(); pod !== undefined; pod = this.#room.choose()) {
      const call = this.line.shift()
      if (call === undefined) break
      this.metrics.observeWait(now - call.startedMs)
      this.#give(call, pod, now)
    }
    this.#lenderOf()?.lined(this)
  }

  #takeFromReady(pod: Pod): void {
    this.#room.remove(pod)
    this.fit(pod)
    const at = this.ready.indexOf(pod)
    if (at >= 0) this.ready.splice(at, 1)
    // A pod that answers badly is better than none.
    if (this.#room.size === 0) for (const left of this.ready) this.#takeIn(left)
  }
}

function expire(call: Call): void {
  call.refuse(504, call.pod === undefined ? "activator request timeout" : "request timeout")
}
