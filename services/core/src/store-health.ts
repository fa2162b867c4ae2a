import type { Clock } from "@wick/sdk/clock"
import type { HealthCheck } from "#apiserver"
import type { MemberStorage } from "#store"

/** As long as an election lasts, clients wait here: elsewhere they would wait too. */
const leaderlessMsMax = 3_000

/**
 * What says whether clients of a host that has others beside it should go to another: its store cannot follow the
 * others, because its disk is full or because it hears of no leader.
 */
export function storeHealth(store: Pick<MemberStorage, "cluster" | "status">, clock: Clock): HealthChecks {
  const { cluster } = store
  const has = (): boolean => cluster.leader() !== 0
  let leaderlessSinceMs = has() ? undefined : clock.monotonic()
  const stop = cluster.onChange(() => {
    if (has()) leaderlessSinceMs = undefined
    else leaderlessSinceMs ??= clock.monotonic()
  })
  const isWell = (): boolean =>
    leaderlessSinceMs === undefined || clock.monotonic() - leaderlessSinceMs < leaderlessMsMax
  return {
    checks: [
      { name: "store-leader", isWell },
      { name: "store-space", isWell: () => store.status().hasSpace },
    ],
    [Symbol.dispose]: stop,
  }
}

interface HealthChecks extends Disposable {
  readonly checks: readonly HealthCheck[]
}
