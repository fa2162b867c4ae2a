import { systemClock } from "@wick/sdk/clock"
import { describeStorage } from "#store/contract"
import { madeAhead } from "../testing/made-ahead.ts"
import { LoopbackCluster } from "./testing/cluster.ts"

const found = madeAhead(3, () => LoopbackCluster.found(3))

/**
 * Each promise of the store on real disks, clocks and connections; every one begins with an election. Through a
 * follower, for which most has to go over the network; what is asked of the leader is so in simulated time.
 */
describeStorage("three members over TLS, through a follower", async () => {
  const cluster = await found()
  const leader = await cluster.leader()
  const follower = (leader % 3) + 1
  return {
    storage: cluster.node(follower).storage,
    clock: { advance: (ms) => systemClock.sleep(ms) },
    lease: { seconds: 1, share: 0.5 },
    dispose: () => cluster[Symbol.asyncDispose](),
  }
})
