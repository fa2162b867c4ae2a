import type { Clock, Timer } from "@wick/sdk/clock"
import type { Backend, Lender } from "../backend/backend.ts"
import type { Pod } from "../backend/pod.ts"
import { type Member, SlotDesk } from "./slot-desk.ts"
import { type SlotMessage, wantMax } from "./slot-messages.ts"

/**
 * A peer that does not answer a claim for so long is cut off from us, or sees other members. Then the pod is used all the
 * same: a limit that is exceeded for a while does less harm than a pod that nobody may use.
 */
const claimMsMax = 3000

export interface LenderWorld {
  /** Known when its admin endpoint listens, before any member is. */
  self(): string
  readonly clock: Clock
  send(peer: string, message: SlotMessage): void
  /** Calls back once what happens now has happened: `setImmediate`. */
  atEndOfTurn(callback: () => void): void
  /** Pods are used although these peers have not said what they have in them. */
  overruled(pods: number, silent: ReadonlySet<string>): void
}

interface Entry {
  readonly backend: Backend
  readonly pod: Pod
}

/** Joins the desk with the backends: tells it of pods, requests and lines, and gives pods the slots that it says. */
export class SlotLender implements Lender {
  readonly #desk: SlotDesk
  readonly #world: LenderWorld
  readonly #pods = new Map<string, Entry>()
  /** All pods there are, limited or not. */
  readonly #shared = new Map<string, Entry>()
  readonly #backends = new Map<string, Backend>()
  /** Backends whose lines have changed in this turn. */
  readonly #changed = new Set<Backend>()
  /** By revision: which waiting requests the peers have been told of. */
  readonly #told = new Map<string, string>()
  #peers = 0
  #patience: Timer | undefined

  constructor(world: LenderWorld) {
    this.#world = world
    this.#desk = new SlotDesk(() => world.self(), {
      send: (peer, message) => world.send(peer, message),
      setSlots: (pod, slots) => {
        const entry = this.#pods.get(pod)
        entry?.backend.setSlots(entry.pod, slots)
      },
      oldest: (revision) => this.#backends.get(revision)?.line.first?.startedMs,
      canUse: (pod) => {
        const entry = this.#pods.get(pod)
        return entry?.backend.trust(entry.pod) ?? false
      },
    })
  }

  setMembers(members: ReadonlyMap<string, Member>): void {
    this.#peers = members.has(this.#world.self()) ? members.size - 1 : members.size
    this.#desk.setMembers(members, this.#world.clock.monotonic())
    for (const { backend, pod } of this.#shared.values()) backend.setOwn(pod, this.#desk.owns(pod.uid))
    this.#watchClaims()
  }

  opened(peer: string): void {
    this.#desk.opened(peer, this.#world.clock.monotonic())
  }

  closed(peer: string): void {
    this.#desk.closed(peer)
  }

  received(peer: string, message: SlotMessage): void {
    this.#desk.received(peer, message, this.#world.clock.monotonic())
    if (message.type !== "grant") return
    // The peer has crossed one off its list: what is left must be told anew, if anybody is.
    const backend = this.#pods.get(message.pod)?.backend
    if (backend !== undefined) this.#tellAgain(backend)
  }

  share(backend: Backend, pod: Pod): void {
    this.#shared.set(pod.uid, { backend, pod })
    backend.setOwn(pod, this.#desk.owns(pod.uid))
  }

  /** The pod was first seen, or answers now, or does not. */
  put(backend: Backend, pod: Pod, usable: boolean): void {
    const revision = keyOf(backend)
    this.#backends.set(revision, backend)
    this.#pods.set(pod.uid, { backend, pod })
    this.#desk.putPod(pod.uid, { revision, limit: backend.spec.containerConcurrency, usable })
    // A grant of it may have been declined before.
    if (usable) this.#tellAgain(backend)
    this.#watchClaims()
  }

  remove(pod: Pod): void {
    this.#shared.delete(pod.uid)
    const backend = this.#pods.get(pod.uid)?.backend
    this.#pods.delete(pod.uid)
    this.#desk.removePod(pod.uid)
    if (backend?.pods.size === 0) this.#backends.delete(keyOf(backend))
  }

  took(pod: Pod): void {
    this.#desk.took(pod.uid)
  }

  left(pod: Pod): void {
    this.#desk.left(pod.uid)
  }

  /** The line has changed: peers are told at the end of this turn, once for all changes in it. */
  lined(backend: Backend): void {
    if (this.#peers === 0) return
    if (this.#changed.size === 0) this.#world.atEndOfTurn(() => this.#tell())
    this.#changed.add(backend)
  }

  #tellAgain(backend: Backend): void {
    const revision = keyOf(backend)
    if (this.#told.has(revision)) this.#told.set(revision, outdated)
    this.lined(backend)
  }

  #tell(): void {
    for (const backend of this.#changed) {
      const since: number[] = []
      for (let call = backend.line.first; call !== undefined && since.length < wantMax; call = call.lineAfter) {
        since.push(call.startedMs)
      }
      const revision = keyOf(backend)
      const text = since.join()
      if (text === (this.#told.get(revision) ?? "")) continue
      if (since.length === 0) this.#told.delete(revision)
      else this.#told.set(revision, text)
      this.#desk.setWaiting(revision, since, this.#world.clock.monotonic())
    }
    this.#changed.clear()
  }

  #watchClaims(): void {
    if (this.#patience !== undefined || this.#desk.claiming === 0) return
    this.#patience = this.#world.clock.timer(claimMsMax, () => {
      this.#patience = undefined
      const left = this.#desk.claiming
      if (left === 0) return
      this.#world.overruled(left, this.#desk.giveUpWaiting())
    })
  }
}

const outdated = "outdated"

function keyOf(backend: Backend): string {
  return `${backend.namespace}/${backend.name}`
}
