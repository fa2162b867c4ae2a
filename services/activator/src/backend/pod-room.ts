import type { Random } from "@wick/sdk/clock"

/** What stands in a `PodRoom`. The places are the room's own: with them joining and leaving costs no search. */
export interface Roomed {
  readonly inFlight: number
  /** Requests that this activator may have in it at once. */
  readonly slots: number
  /** Taken before others that stand idle too: other activators leave it to this one first. Set by the room alone. */
  isOwn: boolean
  idlePlace: number
  freePlace: number
}

const nowhere = -1

/**
 * The pods of a revision that may be chosen, and which of them have room. An idle pod is taken before any other: nobody
 * is sent to a busy pod while another stands idle. Where other activators send to them too, an own idle one comes first:
 * those of others may be busy for all that is seen from here. Among busy ones with room it is the lighter of two picked by chance
 * (power of two choices): nearly as even as looking at all, without herding onto the newest pod. A pod with room is found
 * in constant time however many are full.
 */
export class PodRoom<Pod extends Roomed> {
  readonly #pods = new Set<Pod>()
  readonly #idle: Pod[] = []
  readonly #idleOfOthers: Pod[] = []
  readonly #free: Pod[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  get size(): number {
    return this.#pods.size
  }

  choose(): Pod | undefined {
    const idle = this.#idle.length > 0 ? this.#idle : this.#idleOfOthers
    if (idle.length > 0) return idle[idle.length === 1 ? 0 : this.#random.below(idle.length)]
    const free = this.#free.length
    if (free <= 1) return this.#free[0]
    const first = this.#random.below(free)
    let second = this.#random.below(free - 1)
    if (second >= first) second++
    const [one, other] = [this.#free[first] as Pod, this.#free[second] as Pod]
    return other.inFlight < one.inFlight ? other : one
  }

  add(pod: Pod): void {
    this.#pods.add(pod)
    this.changed(pod)
  }

  remove(pod: Pod): void {
    if (!this.#pods.delete(pod)) return
    this.#leaveIdle(pod)
    this.#leaveFree(pod)
  }

  has(pod: Pod): boolean {
    return this.#pods.has(pod)
  }

  setOwn(pod: Pod, isOwn: boolean): void {
    if (pod.isOwn === isOwn) return
    this.#leaveIdle(pod)
    pod.isOwn = isOwn
    this.changed(pod)
  }

  /** After its `inFlight` or `slots` changed. Does nothing for a pod that is not here. */
  changed(pod: Pod): void {
    const free = pod.inFlight < pod.slots
    const idle = free && pod.inFlight === 0
    if (idle === pod.idlePlace >= 0 && free === pod.freePlace >= 0) return
    if (!this.#pods.has(pod)) return
    if (!idle) this.#leaveIdle(pod)
    else if (pod.idlePlace < 0) pod.idlePlace = this.#idleBeside(pod).push(pod) - 1
    if (!free) this.#leaveFree(pod)
    else if (pod.freePlace < 0) pod.freePlace = this.#free.push(pod) - 1
  }

  #idleBeside(pod: Pod): Pod[] {
    return pod.isOwn ? this.#idle : this.#idleOfOthers
  }

  #leaveIdle(pod: Pod): void {
    const place = pod.idlePlace
    if (place < 0) return
    const idle = this.#idleBeside(pod)
    const last = idle.pop() as Pod
    if (last !== pod) {
      idle[place] = last
      last.idlePlace = place
    }
    pod.idlePlace = nowhere
  }

  #leaveFree(pod: Pod): void {
    const place = pod.freePlace
    if (place < 0) return
    const last = this.#free.pop() as Pod
    if (last !== pod) {
      this.#free[place] = last
      last.freePlace = place
    }
    pod.freePlace = nowhere
  }
}
