import { describeStorage } from "#store/contract"
import { MemberRig } from "./testing/member-rig.ts"

for (const asked of ["the leader", "a follower"] as const) {
  describeStorage(`three members, through ${asked}`, async () => {
    const rig = await MemberRig.found(3)
    const leader = await rig.elected()
    const [follower = 0] = rig.followers(leader)
    return {
      storage: rig.of(asked === "the leader" ? leader : follower),
      clock: rig.clock,
      dispose: () => rig.dispose(),
    }
  })
}
