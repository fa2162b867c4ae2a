import { type Clock, type Random, seededRandom, type Timer } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { Backend } from "../backend/backend.ts"
import { Pod } from "../backend/pod.ts"
import { unknownSpec } from "../backend/revision-spec.ts"
import { RequestMeasuring } from "../metrics/request-series.ts"
import { RevisionMetrics } from "../metrics/revision-metrics.ts"
import { ScriptedCall } from "../testing/story.ts"
import type { Member } from "./slot-desk.ts"
import { SlotLender } from "./slot-lender.ts"
import type { SlotMessage } from "./slot-messages.ts"

/*
 * Several activators, real but for network and clock, before the same pods: connections take their time, break and lose
 * what was on its way; activators die, come and leave; each hears of members and pods when it hears of them. At no moment
 * may a pod hold more than containerConcurrency. When the accidents end, nobody waits while a slot is free anywhere,
 * but for the time in which it is told and given, and everybody is served.
 */
const latencyMsMax = 5
const toldMsMax = 60

/** Timers in order, without promises: a story of thousands of events takes milliseconds. */
class Timeline implements Clock {
  nowMs = 1
  #order = 0
  readonly #alarms: { at: number; order: number; ring: () => void }[] = []

  now = (): number => this.nowMs
  monotonic = (): number => this.nowMs
  sleep = (): Promise<void> => Promise.reject(new Error("nobody sleeps here"))

  timer(ms: number, ring: () => void): Timer {
    const alarm = { at: this.nowMs + Math.max(0, ms), order: this.#order++, ring }
    this.#alarms.push(alarm)
    const cancel = (): void => {
      alarm.ring = () => {}
    }
    return { cancel }
  }

  /** Rings the next alarm, if it is due by then. */
  step(untilMs: number): boolean {
    let next = -1
    for (let at = 0; at < this.#alarms.length; at++) {
      const [one, other] = [this.#alarms[at], this.#alarms[next]]
      if (one && (!other || one.at < other.at || (one.at === other.at && one.order < other.order))) next = at
    }
    const alarm = this.#alarms[next]
    if (alarm === undefined || alarm.at > untilMs) {
      this.nowMs = untilMs
      return false
    }
    this.#alarms.splice(next, 1)
    this.nowMs = Math.max(this.nowMs, alarm.at)
    alarm.ring()
    return true
  }
}

class Node {
  readonly name: string
  readonly lender: SlotLender
  readonly backend: Backend
  readonly pods = new Map<string, Pod>()
  readonly calls = new Set<ScriptedCall>()
  members = new Map<string, Member>()
  version = 0
  alive = true

  constructor(name: string, world: World) {
    this.name = name
    const { clock, random } = world
    this.lender = new SlotLender({
      self: () => name,
      clock,
      send: (peer, message) => world.send(this, peer, message),
      atEndOfTurn: (callback) => void clock.timer(0, callback),
      overruled: () => {
        if (this.alive) world.overruled++
      },
    })
    this.backend = new Backend(
      { namespace: "n", name: "r" },
      {
        clock,
        random,
        lender: this.lender,
        metrics: new RevisionMetrics(new RequestMeasuring()),
        events: {
          pressed: () => {},
          woken: () => {},
          suspected: (backend, pod) => backend.markUnready(pod),
          drained: () => {},
        },
      },
    )
    this.backend.setSpec({ ...unknownSpec, containerConcurrency: world.concurrency })
  }

  inFlight(pod: string): number {
    return this.pods.get(pod)?.inFlight ?? 0
  }
}

interface Wire {
  open: boolean
  /** What is on its way when it breaks is of an earlier generation, and lost. */
  generation: number
  /** Nothing overtakes: the arrival of the last message each way. */
  readonly arrivals: Map<string, number>
}

class World {
  readonly random: Random
  readonly clock = new Timeline()
  readonly concurrency: number
  readonly nodes = new Map<string, Node>()
  readonly pods = new Set<string>()
  readonly #wires = new Map<string, Wire>()
  members = new Map<string, Member>()
  overruled = 0
  served = 0
  messages = 0
  isCalm = false
  #named = 0
  #version = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.concurrency = 1 + this.random.below(3)
    for (let at = 0; at < 2 + this.random.below(3); at++) this.join()
    for (let at = 0; at < 1 + this.random.below(5); at++) this.addPod()
  }

  get living(): Node[] {
    return [...this.nodes.values()].filter(({ alive }) => alive)
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.random.below(Math.max(1, items.length))]
  }

  soon(msMax: number, then: () => void): void {
    this.clock.timer(1 + this.random.below(msMax), then)
  }

  wire(one: string, other: string): Wire {
    const key = [one, other].sort().join()
    let wire = this.#wires.get(key)
    if (wire === undefined) {
      wire = { open: false, generation: 0, arrivals: new Map() }
      this.#wires.set(key, wire)
    }
    return wire
  }

  send(from: Node, to: string, message: SlotMessage): void {
    const wire = this.wire(from.name, to)
    if (!wire.open || !from.alive) return
    this.messages++
    const { generation } = wire
    const at = Math.max(wire.arrivals.get(to) ?? 0, this.clock.nowMs + this.random.below(latencyMsMax * 10) / 10)
    wire.arrivals.set(to, at)
    this.clock.timer(at - this.clock.nowMs, () => {
      const node = this.nodes.get(to)
      if (wire.generation === generation && wire.open && node?.alive) node.lender.received(from.name, message)
    })
  }

  /** Members are told to each when they are told; who sees a peer as a member connects. */
  tellMembers(): void {
    const version = ++this.#version
    for (const node of this.living) {
      const members = new Map(this.members)
      this.soon(toldMsMax, () => {
        // Each may miss what was true for a moment, but nobody is told the past.
        if (!node.alive || version < node.version) return
        node.version = version
        for (const peer of node.members.keys()) if (!members.has(peer)) this.#break(node.name, peer)
        node.members = members
        node.lender.setMembers(members)
        for (const peer of members.keys()) this.#connect(node.name, peer)
      })
    }
  }

  join(): void {
    const name = `activator-${this.#named++}`
    const node = new Node(name, this)
    this.nodes.set(name, node)
    // It is known before it serves: what it reads first has itself and all before it.
    this.members.set(name, { eligible: true })
    node.members = new Map(this.members)
    node.lender.setMembers(node.members)
    for (const pod of this.pods) this.#tellPod(node, pod)
    this.tellMembers()
  }

  /** Its requests end with it, and its peers see their connections end. */
  die(node: Node): void {
    node.alive = false
    this.members.delete(node.name)
    for (const peer of this.living) this.#break(node.name, peer.name)
    this.tellMembers()
  }

  leave(node: Node): void {
    this.members.set(node.name, { eligible: false })
    this.tellMembers()
  }

  breakOne(): void {
    const [one, other] = [this.pick(this.living), this.pick(this.living)]
    if (one && other && one !== other) {
      this.#break(one.name, other.name)
      this.soon(30, () => this.#connect(one.name, other.name))
    }
  }

  addPod(): void {
    const pod = `pod-${this.#named++}`
    this.pods.add(pod)
    for (const node of this.living) this.#tellPod(node, pod)
  }

  removePod(pod: string): void {
    this.pods.delete(pod)
    for (const node of this.living) {
      this.soon(toldMsMax, () => {
        const known = node.pods.get(pod)
        if (known === undefined || !node.alive) return
        for (const call of node.calls) if (call.pod === known) this.#finish(node, call)
        node.backend.removePod(known)
        node.pods.delete(pod)
      })
    }
  }

  arrive(node: Node): void {
    const call = new ScriptedCall()
    call.onBegin = () => this.soon(this.isCalm ? 20 : 120, () => this.#finish(node, call))
    node.calls.add(call)
    node.backend.admit(call)
  }

  check(): void {
    for (const pod of this.pods) {
      const inside = this.living.reduce((sum, node) => sum + node.inFlight(pod), 0)
      if (inside > this.concurrency) throw new Error(`${inside} in ${pod}, which takes ${this.concurrency}`)
    }
  }

  /** Pods that have room while somebody waits. */
  idlePods(): string[] {
    if (!this.living.some(({ backend }) => backend.line.size > 0)) return []
    return [...this.pods].filter(
      (pod) => this.living.reduce((sum, node) => sum + node.inFlight(pod), 0) < this.concurrency,
    )
  }

  #finish(node: Node, call: ScriptedCall): void {
    if (!call.open || !node.alive || call.pod === undefined) return
    this.served++
    node.calls.delete(call)
    node.backend.finish(call, 200)
  }

  #tellPod(node: Node, name: string): void {
    const pod = new Pod(name, name)
    pod.address = "10.0.0.1"
    this.soon(toldMsMax, () => {
      if (!this.pods.has(name) || !node.alive) return
      node.pods.set(name, pod)
      node.backend.addPod(pod)
      this.soon(toldMsMax, () => node.backend.markReady(pod))
    })
  }

  #connect(one: string, other: string): void {
    const [first, second] = [this.nodes.get(one), this.nodes.get(other)]
    const wire = this.wire(one, other)
    if (one === other || wire.open || !first?.alive || !second?.alive) return
    // Both must know each other, or the one would be a stranger to the other.
    if (!first.members.has(other) || !second.members.has(one)) return
    wire.open = true
    wire.generation++
    first.lender.opened(other)
    second.lender.opened(one)
  }

  #break(one: string, other: string): void {
    const wire = this.wire(one, other)
    if (!wire.open) return
    wire.open = false
    wire.generation++
    wire.arrivals.clear()
    this.nodes.get(one)?.lender.closed(other)
    this.nodes.get(other)?.lender.closed(one)
  }
}

function accident(world: World): void {
  const { living } = world
  const node = world.pick(living)
  switch (world.random.below(12)) {
    case 0:
      if (living.length < 6) world.join()
      break
    case 1:
      if (node && living.length > 1) world.die(node)
      break
    case 2:
      if (node && world.random.below(3) === 0) world.leave(node)
      break
    case 3:
    case 4:
      world.breakOne()
      break
    case 5:
      if (world.pods.size < 8) world.addPod()
      break
    case 6: {
      const pod = world.pick([...world.pods])
      if (pod && world.pods.size > 1) world.removePod(pod)
      break
    }
    default:
      for (let sent = world.random.below(8); sent > 0 && node; sent--) world.arrive(node)
  }
}

function storm(seed: number): World {
  const world = new World(seed)
  for (let at = 0; at < 120; at++) {
    accident(world)
    world.check()
    const untilMs = world.clock.nowMs + world.random.below(40)
    while (world.clock.step(untilMs)) world.check()
  }
  return world
}

function run(world: World, ms: number): void {
  const untilMs = world.clock.nowMs + ms
  while (world.clock.step(untilMs)) world.check()
}

describe("containerConcurrency over several activators", () => {
  it("is never exceeded in any pod, whatever breaks, dies, comes and goes, and everybody is served in the end", () => {
    let served = 0
    for (let seed = 1; seed <= 60; seed++) {
      try {
        const world = storm(seed)
        world.isCalm = true
        run(world, 60_000)
        const left = world.living.reduce((sum, { backend }) => sum + backend.line.size, 0)
        expect(left, "still waiting").toBe(0)
        expect(world.overruled, "pods used without all answers").toBe(0)
        served += world.served
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
    expect(served).toBeGreaterThan(5_000)
  })

  it("lets nobody wait beyond the ways of the slot itself while a slot is free anywhere", () => {
    let idleMsMax = 0
    for (let seed = 1; seed <= 40; seed++) {
      const world = new World(seed)
      world.isCalm = true
      run(world, 1_000)
      let idle = new Map<string, number>()
      for (let at = 0; at < 300; at++) {
        const node = world.pick(world.living) as Node
        for (let sent = world.random.below(6); sent > 0; sent--) world.arrive(node)
        const untilMs = world.clock.nowMs + world.random.below(15)
        while (world.clock.step(untilMs)) {
          world.check()
          const nowMs = world.clock.nowMs
          idle = new Map(world.idlePods().map((pod) => [pod, idle.get(pod) ?? nowMs]))
          // On its way back and out again; where it was given to one who was served meanwhile, once more.
          for (const sinceMs of idle.values()) idleMsMax = Math.max(idleMsMax, nowMs - sinceMs)
        }
      }
      expect(world.overruled).toBe(0)
    }
    expect(idleMsMax).toBeLessThanOrEqual(8 * latencyMsMax)
  })

  it("serves in the order in which they came, whichever activator they came to, give or take the way of a slot", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const world = new World(seed)
      world.isCalm = true
      run(world, 1_000)
      const begun: number[] = []
      for (let at = 0; at < 100; at++) {
        const node = world.pick(world.living) as Node
        const call = new ScriptedCall()
        call.onBegin = () => {
          begun.push(call.startedMs)
          world.soon(20, () => node.backend.finish(call, 200))
        }
        node.backend.admit(call)
        run(world, 1)
      }
      run(world, 10_000)
      expect(begun).toHaveLength(100)
      let latest = 0
      for (const startedMs of begun) {
        expect(latest - startedMs, `seed ${seed}`).toBeLessThanOrEqual(20 * latencyMsMax)
        latest = Math.max(latest, startedMs)
      }
    }
  })
})
