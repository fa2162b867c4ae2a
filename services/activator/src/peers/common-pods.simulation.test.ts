import { type Random, seededRandom } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { PodRoom, type Roomed } from "../backend/pod-room.ts"
import { ownerOf } from "./rendezvous.ts"

/*
 * Several activators before pods without containerConcurrency. None knows what the others have in a pod. A pod does one
 * second of work a second, for all that is in it alike; each request is a second of work, and they come by chance.
 */
type Sharing = "none" | "own first" | "divided"

interface Job {
  /** In the pod's own time, of which less passes the more is in it. */
  readonly end: number
  readonly cameAt: number
  readonly seen: Seen
  readonly room: PodRoom<Seen>
}

class Machine {
  readonly jobs: Job[] = []
  #inner = 0
  #at = 0

  nextEnd(): number {
    const first = this.jobs[0]
    return first === undefined ? Number.POSITIVE_INFINITY : this.#at + (first.end - this.#inner) * this.jobs.length
  }

  runTo(at: number): number {
    if (this.jobs.length > 0) this.#inner += (at - this.#at) / this.jobs.length
    this.#at = at
    return this.#inner
  }
}

/** A pod as one activator sees it. */
class Seen implements Roomed {
  inFlight = 0
  readonly slots = Number.POSITIVE_INFINITY
  isOwn = true
  idlePlace = -1
  freePlace = -1
  readonly machine: Machine
  constructor(machine: Machine) {
    this.machine = machine
  }
}

interface World {
  readonly pods: number
  /** Of what all pods can do. */
  readonly use: number
  /** Part of the requests that comes to each activator. */
  readonly shares: readonly number[]
  readonly sharing: Sharing
}

const requests = 12_000
const chance = (random: Random): number => (random.below(2 ** 30) + 1) / 2 ** 30

/** How long requests took, sorted. */
function times({ pods, use, shares, sharing }: World): number[] {
  const random = seededRandom(7)
  const machines = Array.from({ length: pods }, () => new Machine())
  const names = shares.map((_, at) => `http://10.0.0.${at}:8081`)
  const rooms = names.map((name) => roomOf(machines, name, names, sharing, random))
  const took: number[] = []
  let comesAt = 0
  for (let came = 0; came < requests || machines.some(({ jobs }) => jobs.length > 0); ) {
    const ending = machines.reduce((one, other) => (other.nextEnd() < one.nextEnd() ? other : one))
    const endsAt = ending.nextEnd()
    if (came < requests && comesAt <= endsAt) {
      came++
      const room = rooms[placeOf(chance(random), shares)] as PodRoom<Seen>
      const seen = room.choose() as Seen
      seen.inFlight++
      room.changed(seen)
      const end = seen.machine.runTo(comesAt) + 1
      seen.machine.jobs.push({ end, cameAt: comesAt, seen, room })
      comesAt -= Math.log(chance(random)) / (use * pods)
    } else {
      ending.runTo(endsAt)
      const { cameAt, seen, room } = ending.jobs.shift() as Job
      seen.inFlight--
      room.changed(seen)
      took.push(endsAt - cameAt)
    }
  }
  return took.toSorted((a, b) => a - b)
}

function roomOf(
  machines: readonly Machine[],
  name: string,
  names: readonly string[],
  sharing: Sharing,
  random: Random,
) {
  const room = new PodRoom<Seen>(random)
  machines.forEach((machine, at) => {
    const isOwn = ownerOf(`pod-${at}`, names) === name
    if (sharing === "divided" && !isOwn) return
    const seen = new Seen(machine)
    room.add(seen)
    if (sharing === "own first") room.setOwn(seen, isOwn)
  })
  return room
}

function placeOf(chance: number, shares: readonly number[]): number {
  let left = chance
  return Math.max(
    0,
    shares.findIndex((share) => {
      left -= share
      return left <= 0
    }),
  )
}

const mean = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0) / all.length
const worst = (all: readonly number[]): number => all[Math.floor(all.length * 0.99)] ?? 0

const even = [0.5, 0.5]
const uneven = [0.8, 0.2]

it.each([
  { use: 0.3, most: 1.05 },
  { use: 0.5, most: 1.12 },
  { use: 0.7, most: 1.15 },
])("two that take their own pods first do nearly as well as one at $use of what there is", ({ use, most }) => {
  const alone = mean(times({ pods: 10, use, shares: [1], sharing: "none" }))
  for (const shares of [even, uneven]) {
    const ownFirst = mean(times({ pods: 10, use, shares, sharing: "own first" }))
    expect(ownFirst / alone).toBeLessThan(most)
    expect(ownFirst).toBeLessThan(mean(times({ pods: 10, use, shares, sharing: "none" })))
  }
})

it("where pods were divided, those of a busy activator would drown while another's stand idle", () => {
  const world = { pods: 10, use: 0.7, shares: uneven }
  expect(worst(times({ ...world, sharing: "divided" }))).toBeGreaterThan(100)
  expect(worst(times({ ...world, sharing: "own first" }))).toBeLessThan(4)
})

it("when nearly all is used, what comes first no longer matters", () => {
  const world = { pods: 10, use: 0.9, shares: even }
  const [common, ownFirst] = [times({ ...world, sharing: "none" }), times({ ...world, sharing: "own first" })]
  expect(Math.abs(mean(ownFirst) / mean(common) - 1)).toBeLessThan(0.15)
})
