import {
  type MemberMessage,
  memberAddRequest,
  memberAddResponse,
  memberIdRequest,
  memberListRequest,
  membersResponse,
  memberUpdateRequest,
} from "#etcd-wire"
import { type ClusterMember, ClusterRefusalError, LearnerNotReadyError } from "#store"
import { clientUrlsOf } from "./client-urls.ts"
import { code, EtcdError, type RefusalName, refuse } from "./etcd-error.ts"
import { headerOf, type Methods, type Parts, unary } from "./service.ts"

/** The members of the cluster: any of them is asked, the one that leads carries it out. */
export function clusterService(parts: Parts): Methods {
  const { storage, identity, authorize } = parts
  const { cluster } = storage
  const list = (): MemberMessage[] => cluster.members().map((member) => describe(parts, member))
  /** A change was made at the leader: this member's list is to show it too, unless it is a member no more. */
  const listAfter = async (changed: number): Promise<MemberMessage[]> => {
    if (changed !== cluster.self) await storage.confirmRead()
    return list()
  }
  /** Number of a member that is there, as etcd's clients name it. */
  const known = (id: number): ClusterMember => {
    const member = cluster.members().find((each) => each.id === identity.memberOf(id))
    if (member === undefined) throw refuse("memberNotFound")
    return member
  }
  return {
    "etcdserverpb.Cluster/MemberList": unary(memberListRequest, membersResponse, async ({ linearizable }) => {
      if (linearizable) await storage.confirmRead()
      return { header: headerOf(parts), members: list() }
    }),
    "etcdserverpb.Cluster/MemberAdd": unary(memberAddRequest, memberAddResponse, async (request, caller) => {
      const { peerUrls, isLearner: learner } = request
      checkUrls(peerUrls)
      authorize(caller, [{ right: "root" }])
      const taken = cluster.members().flatMap((member) => member.peerUrls)
      if (peerUrls.some((url) => taken.includes(url))) throw refuse("peerUrlExists")
      const added = await changed(cluster.addMember({ peerUrls, learner }))
      return { header: headerOf(parts), member: describe(parts, added), members: await listAfter(added.id) }
    }),
    "etcdserverpb.Cluster/MemberRemove": unary(memberIdRequest, membersResponse, async ({ id }, caller) => {
      authorize(caller, [{ right: "root" }])
      const member = known(id)
      await changed(cluster.removeMember(member.id), "memberNotEnoughStarted")
      return { header: headerOf(parts), members: await listAfter(member.id) }
    }),
    "etcdserverpb.Cluster/MemberUpdate": unary(memberUpdateRequest, membersResponse, async (request, caller) => {
      authorize(caller, [{ right: "root" }])
      const { id, peerUrls } = request
      const member = known(id)
      checkUrls(peerUrls)
      await changed(cluster.updateMember(member.id, { peerUrls }))
      return { header: headerOf(parts), members: await listAfter(member.id) }
    }),
    "etcdserverpb.Cluster/MemberPromote": unary(memberIdRequest, membersResponse, async ({ id }, caller) => {
      authorize(caller, [{ right: "root" }])
      const { id: member, learner } = known(id)
      if (!learner) throw refuse("memberNotLearner")
      await changed(cluster.promote(member))
      return { header: headerOf(parts), members: await listAfter(member) }
    }),
  }
}

/** For who has no name of its own. */
const memberName = "wick"

function describe({ identity, clientUrls, storage }: Parts, member: ClusterMember): MemberMessage {
  const isSelf = member.id === storage.cluster.self
  const urls = isSelf ? clientUrls() : clientUrlsOf(storage, member.id)
  // Who has not been started yet has no name: that is how etcd's clients know it.
  const isStarted = urls.length > 0
  return {
    id: identity.idOf(member.id),
    name: member.name === "" && isStarted ? memberName : member.name,
    peerUrls: [...member.peerUrls],
    clientUrls: [...urls],
    isLearner: member.learner,
  }
}

/** Says in etcd's words why members were not changed, where it has some for this change; else in our own. */
async function changed<Result>(change: Promise<Result>, words?: RefusalName): Promise<Result> {
  try {
    return await change
  } catch (error) {
    if (error instanceof LearnerNotReadyError || !(error instanceof ClusterRefusalError)) throw error
    throw words === undefined ? new EtcdError(code.failedPrecondition, error.message) : refuse(words)
  }
}

/** As etcd wants them: scheme, host and port, and nothing behind. */
function checkUrls(urls: readonly string[]): void {
  if (urls.length === 0) throw refuse("memberBadUrls")
  for (const url of urls) if (!/^(https?|unixs?):\/\/[^/]+:\d+\/?$/.test(url)) throw refuse("memberBadUrls")
}
