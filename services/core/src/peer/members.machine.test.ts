import { systemClock } from "@wick/sdk/clock"
import { describeStorage } from "#store/contract"
import { LoopbackCluster } from "./testing/cluster.ts"

/**
 * Each promise of the store on real disks, clocks and connections: a minute, for every one begins with an election. Through a
 * follower, for which most has to go over the network; what is asked of the leader is so in simulated time.
 */
describeStorage("three members over TLS, through a follower", async () => {
  const cluster = await LoopbackCluster.found(3)
  const leader = await cluster.leader()
  const follower = (leader % 3) + 1
  return {
    storage: cluster.node(follower).storage,
    clock: { advance: (ms) => systemClock.sleep(ms) },
    lease: { seconds: 1, share: 0.5 },
    dispose: () => cluster[Symbol.asyncDispose](),
  }
})
