import type { Clock } from "../clock/index.ts"
import type { Cluster } from "./cluster.ts"
import type { Need, Topic } from "./topic.ts"
import { inWorld } from "./world.ts"

/** What the suite needs of a test runner: vitest's, `node:test`'s and most others' `describe` and `it` will do. */
export interface Runner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
}

/** Declares the cases of topics as tests. `cluster` is called when the first one runs. */
export function declareConformance(
  { describe, it }: Runner,
  topics: readonly Topic[],
  cluster: () => Cluster | Promise<Cluster>,
  { clock, offers }: { readonly clock: Clock; readonly offers: readonly Need[] },
): void {
  for (const { name, cases } of topics) {
    describe(`conformance: ${name}`, () => {
      for (const { title, needs, run } of cases) {
        if (needs && !offers.includes(needs)) continue
        it(title, async () => inWorld(await cluster(), clock, run))
      }
    })
  }
}
