import { systemClock } from "@wick/sdk/clock"
import { describeStorage } from "#store/contract"
import { LoopbackCluster } from "./testing/cluster.ts"

/** Each promise of the store on real disks, clocks and connections: minutes, for every one begins with an election. */
for (const asked of ["the leader", "a follower"] as const) {
  describeStorage(`three members over TLS, through ${asked}`, async () => {
    const cluster = await LoopbackCluster.found(3)
    const leader = await cluster.leader()
    const follower = (leader % 3) + 1
    return {
      storage: cluster.node(asked === "the leader" ? leader : follower).storage,
      clock: { advance: (ms) => systemClock.sleep(ms) },
      lease: { seconds: 1, share: 0.5 },
      dispose: () => cluster[Symbol.asyncDispose](),
    }
  })
}
