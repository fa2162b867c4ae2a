import { seededRandom } from "@wick/sdk/clock"
import type { Peer } from "../start-pair.ts"
import { kvStep } from "./kv-steps.ts"
import { authStep, clusterStep, leaseStep, maintenanceStep, users } from "./other-steps.ts"
import { RawClient } from "./raw-client.ts"
import { of, type Step, type Told, type World } from "./step.ts"
import { watchStep } from "./watch-step.ts"

/** What is asked for: everything that is open to all, or what users and roles decide on. */
export type Profile = "open" | "users"

export interface Comparison {
  readonly seed: number
  readonly steps: number
  readonly profile: Profile
  /** Which etcd it is. */
  readonly version: string
}

interface Difference {
  readonly at: number
  readonly told: string
  readonly ours: unknown
  readonly theirs: unknown
}

/** Asks both the same, one step after the other, as a seed says. Where their answers differ; after that they are two histories. */
export async function compareWith(
  ours: Peer,
  theirs: Peer,
  { seed, steps, profile, version }: Comparison,
): Promise<Difference | undefined> {
  using mine = new RawClient(ours.endpoint)
  using expected = new RawClient(theirs.endpoint)
  const random = seededRandom(seed)
  const world: World = {
    is34: version.startsWith("3.4."),
    revision: 1,
    compacted: 1,
    leases: [1, 2, 3, 4, 5, 6],
    alarm: 1 + (seed % 2),
    depth: profile === "users" ? 0 : 2,
  }
  for (let at = 0; at < steps; at++) {
    const user = profile === "users" ? of(random, [...users, undefined, "nonsense"]) : undefined
    const step = nextStep(random, world, profile)
    const caller = profile === "users" && step.openToAll ? "root" : user
    const told = await Promise.all([mine, expected].map((client) => step.run(client, caller)))
    const [one, other] = told as [Told, Told]
    if (JSON.stringify(one.answer, text) !== JSON.stringify(other.answer, text)) {
      return { at, told: `${user ?? ""} ${step.told}`, ours: one.answer, theirs: other.answer }
    }
    world.revision = other.revision ?? world.revision
  }
  return undefined
}

function nextStep(random: ReturnType<typeof seededRandom>, world: World, profile: Profile): Step {
  const kind = random.below(100)
  if (profile === "users") {
    if (kind < 50) return authStep(random)
    if (kind < 90) return kvStep(random, world)
    return kind < 97 ? leaseStep(random, world, false) : clusterStep(random)
  }
  if (kind < 70) return kvStep(random, world)
  if (kind < 82) return leaseStep(random, world, true)
  if (kind < 90) return maintenanceStep(random, world)
  return kind < 93 ? clusterStep(random) : watchStep(random, world)
}

function text(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value
}
