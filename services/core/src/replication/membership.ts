import type { MemberId } from "#raft"
import type { MemberAddress } from "#store"
import type { Connect } from "./transport.ts"

/** How a member takes part in a cluster of several. */
export interface Membership {
  /** The founder of a cluster is 1. Others have the number that `addMember` answered; it is never used for another. */
  readonly id: MemberId
  /** What the others are to be told of it; it tells them itself when that has changed. */
  readonly address: MemberAddress
  /** Who founds the cluster, with this one among them. Empty: it joins one, and waits to be told of its members. */
  readonly founders: readonly MemberId[]
  /** Where the others are, until the store itself tells. */
  readonly peers: ReadonlyMap<MemberId, string>
  readonly connect: Connect
  /**
   * Lets the leader answer reads without asking the others, trusting that no member's clock runs faster than another's by
   * more than this factor (1.1: a tenth). The same at all members. Absent: it asks.
   */
  readonly leaseDriftMax?: number
}
