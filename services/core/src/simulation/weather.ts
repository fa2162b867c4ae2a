import type { Random } from "@wick/sdk/clock"
import type { ClockFault } from "./host.ts"
import type { NetworkCondition } from "./network.ts"

/** What may go wrong in one world. */
export interface Weather {
  readonly founders: number
  readonly clients: number
  /** How long things go wrong, and when nothing does any more. */
  readonly stormMs: number
  readonly network: NetworkCondition
  readonly diskLatencyMaxMs: number
  /** Longest time between two calls of a client. */
  readonly thinkMaxMs: number
  /** Time between two misfortunes, at most. */
  readonly calmMaxMs: number
  readonly misfortunes: readonly Misfortune[]
  readonly clockFaults: readonly ClockFault[]
  /** Whether leaders answer reads without asking the others. */
  readonly hasReadLeases: boolean
  /** After the storm nothing reaches who leads then, until work gets done all the same. */
  readonly isLeaderDeaf: boolean
  /** Machines whose disks may be damaged: so few that the others still know everything. */
  readonly mayBeDamaged: number
}

export type Misfortune =
  | "crash"
  | "crash of the leader"
  | "crash of a voter"
  | "crash of a new leader"
  | "power failure"
  | "partition"
  | "isolated leader"
  | "one-way partition"
  | "frozen process"
  | "slow disk"
  | "full disk"
  | "failing disk"
  | "bit rot"
  | "misdirected write"
  | "new member"
  | "removed member"
  | "new leader"

/** Clocks run at most so much too fast or too slow, as a fraction: an hour in a day. */
export const driftMax = 0.04

const survivable: readonly Misfortune[] = [
  "crash",
  "crash of the leader",
  "crash of a voter",
  "crash of a new leader",
  "power failure",
  "partition",
  "isolated leader",
  "one-way partition",
  "frozen process",
  "slow disk",
  "full disk",
  "failing disk",
  "new leader",
]
/** Whatever happens to members, a disk is not damaged in the same world: too few might be left that know everything. */
const membership: readonly Misfortune[] = ["new member", "new member", "removed member", "removed member"]
const damage: readonly Misfortune[] = ["bit rot", "misdirected write"]

export function drawWeather(random: Random): Weather {
  const founders = [3, 3, 3, 3, 3, 3, 3, 4, 5, 5][random.below(10)] ?? 3
  const likes = survivable.filter(() => random.below(2) === 0)
  const kind = random.below(4)
  const more = kind === 0 ? damage : kind <= 2 ? membership : []
  const mayBeDamaged = kind === 0 ? Math.floor((founders - 1) / 2) : 0
  const clockFaults = Array.from({ length: 12 }, () => ({
    offsetMs: (random.below(2001) - 1000) * 3600,
    rate: 1 + (driftMax * (random.below(2001) - 1000)) / 1000,
  }))
  return {
    founders,
    clients: 2 + random.below(4),
    stormMs: 4_000 + random.below(8_000),
    network: {
      lossPercent: [0, 0, 1, 5, 15][random.below(5)] ?? 0,
      repeatPercent: [0, 2, 10][random.below(3)] ?? 0,
      latePercent: [0, 1, 5][random.below(3)] ?? 0,
      latencyMaxMs: [1, 5, 30, 300][random.below(4)] ?? 1,
    },
    diskLatencyMaxMs: [1, 5, 40][random.below(3)] ?? 1,
    thinkMaxMs: [50, 200, 500][random.below(3)] ?? 200,
    calmMaxMs: 300 + random.below(2_000),
    misfortunes: [...likes, ...more],
    clockFaults,
    hasReadLeases: random.below(3) === 0,
    mayBeDamaged,
    isLeaderDeaf: mayBeDamaged === 0 && random.below(4) === 0,
  }
}

/** What can befall a member that is alone: it has nobody to be cut off from, and its disk nobody to be mended by. */
export function alone(weather: Weather): Weather {
  const others = new Set<Misfortune>([
    "partition",
    "isolated leader",
    "one-way partition",
    "new leader",
    ...membership,
    ...damage,
  ])
  return {
    ...weather,
    founders: 1,
    mayBeDamaged: 0,
    isLeaderDeaf: false,
    misfortunes: weather.misfortunes.filter((each) => !others.has(each)),
  }
}
