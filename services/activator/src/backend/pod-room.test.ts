import { seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { PodRoom } from "./pod-room.ts"

class Seat {
  inFlight = 0
  slots: number
  isOwn = true
  idlePlace = -1
  freePlace = -1
  constructor(slots = Number.POSITIVE_INFINITY) {
    this.slots = slots
  }
}

function roomOf(seats: readonly Seat[], seed = 7): PodRoom<Seat> {
  const room = new PodRoom<Seat>(seededRandom(seed))
  for (const seat of seats) room.add(seat)
  return room
}

function take(room: PodRoom<Seat>): Seat | undefined {
  const seat = room.choose()
  if (seat === undefined) return undefined
  seat.inFlight++
  room.changed(seat)
  return seat
}

describe("choosing a pod", () => {
  it("keeps a hundred pods nearly even", () => {
    const seats = Array.from({ length: 100 }, () => new Seat())
    const room = roomOf(seats)
    for (let i = 0; i < 1000; i++) take(room)
    const loads = seats.map(({ inFlight }) => inFlight)
    expect(Math.max(...loads)).toBeLessThanOrEqual(13)
    expect(Math.min(...loads)).toBeGreaterThanOrEqual(6)
  })

  it("always finds the one free pod among many full ones", () => {
    const seats = Array.from({ length: 51 }, () => new Seat(1))
    for (const seat of seats.slice(1)) seat.inFlight = 1
    expect(roomOf(seats).choose()).toBe(seats[0])
  })

  it("takes an own idle pod before those of others, and those before a busy one", () => {
    const [own, other, busy] = [new Seat(), new Seat(), new Seat()]
    busy.inFlight = 1
    const room = roomOf([own, other, busy])
    room.setOwn(other, false)
    room.setOwn(busy, false)
    expect([take(room), take(room)]).toEqual([own, other])
    own.inFlight = 0
    other.inFlight = 0
    for (const seat of [own, other]) room.changed(seat)
    room.setOwn(other, true)
    room.setOwn(own, false)
    expect(take(room)).toBe(other)
  })

  it("finds none where all are full, or there is none", () => {
    const full = new Seat(2)
    full.inFlight = 2
    expect(roomOf([full]).choose()).toBeUndefined()
    expect(roomOf([]).choose()).toBeUndefined()
  })

  it("never sends to a busy pod while another is idle, nor to a full one, whatever happens", () => {
    for (let seed = 1; seed <= 50; seed++) story(seed)
  })
})

/** Pods come, go, fill and empty by chance; each choice is held against a look at all of them. */
function story(seed: number): void {
  const random = seededRandom(seed)
  const here = new Set<Seat>()
  const away: Seat[] = Array.from({ length: 8 }, () => new Seat(1 + random.below(3)))
  const room = roomOf([], seed)
  for (let step = 0; step < 300; step++) {
    const seats = [...here]
    const any = seats[random.below(Math.max(1, seats.length))]
    const deed = random.below(5)
    if (deed === 0 && away.length > 0) {
      const seat = away.pop() as Seat
      here.add(seat)
      room.add(seat)
    } else if (deed === 1 && any && random.below(4) === 0) {
      room.remove(any)
      here.delete(any)
      away.push(any)
    } else if (deed === 2 && any) {
      any.slots = random.below(4)
      room.changed(any)
    } else if (deed === 3 && any && any.inFlight > 0) {
      any.inFlight--
      room.changed(any)
    } else if (deed === 4 && any && random.below(2) === 0) room.setOwn(any, !any.isOwn)
    else take(room)
    const chosen = room.choose()
    const open = [...here].filter(({ inFlight, slots }) => inFlight < slots)
    if (open.length === 0) expect(chosen).toBeUndefined()
    else expect(open).toContain(chosen)
    const idle = open.filter(({ inFlight }) => inFlight === 0)
    if (idle.length > 0) expect(chosen?.inFlight).toBe(0)
    if (idle.some(({ isOwn }) => isOwn)) expect(chosen?.isOwn).toBe(true)
    expect(room.size).toBe(here.size)
  }
}
