import {
  type MemberMessage,
  memberAddRequest,
  memberAddResponse,
  memberIdRequest,
  memberListRequest,
  membersResponse,
  memberUpdateRequest,
} from "#etcd-wire"
import { NoteChangedError } from "#store"
import { refuse } from "./etcd-error.ts"
import { headerOf, type Methods, type Parts, unary } from "./service.ts"

const noteName = "etcd/peer-urls"

/**
 * The members, of which there is one. What would need others is refused in the words that etcd has for a cluster which
 * would lose its majority by it.
 */
export function clusterService(parts: Parts): Methods {
  const { storage, identity, authorize } = parts
  const members = (): MemberMessage[] => [
    { id: identity.memberId, name: memberName, peerUrls: peerUrls(parts), clientUrls: [...parts.clientUrls()] },
  ]
  const known = (id: number): void => {
    if (id !== identity.memberId) throw refuse("memberNotFound")
  }
  return {
    "etcdserverpb.Cluster/MemberList": unary(memberListRequest, membersResponse, async ({ linearizable }) => {
      if (linearizable) await storage.confirmRead()
      return { header: headerOf(parts), members: members() }
    }),
    "etcdserverpb.Cluster/MemberAdd": unary(memberAddRequest, memberAddResponse, async (request, caller) => {
      authorize(caller, [{ right: "root" }])
      checkUrls(request.peerUrls)
      throw refuse(request.isLearner ? "tooManyLearners" : "memberNotEnoughStarted")
    }),
    "etcdserverpb.Cluster/MemberRemove": unary(memberIdRequest, membersResponse, async ({ id }, caller) => {
      authorize(caller, [{ right: "root" }])
      known(id)
      throw refuse("memberNotEnoughStarted")
    }),
    "etcdserverpb.Cluster/MemberUpdate": unary(memberUpdateRequest, membersResponse, async (request, caller) => {
      authorize(caller, [{ right: "root" }])
      checkUrls(request.peerUrls)
      known(request.id)
      await setPeerUrls(parts, request.peerUrls)
      return { header: headerOf(parts), members: members() }
    }),
    "etcdserverpb.Cluster/MemberPromote": unary(memberIdRequest, membersResponse, async ({ id }, caller) => {
      authorize(caller, [{ right: "root" }])
      known(id)
      throw refuse("memberNotLearner")
    }),
  }
}

const memberName = "wick"

function peerUrls({ storage }: Parts): string[] {
  const { version, value } = storage.note(noteName)
  return version === 0 ? [] : (JSON.parse(Buffer.from(value).toString()) as string[])
}

async function setPeerUrls({ storage }: Parts, urls: readonly string[]): Promise<void> {
  try {
    await storage.setNote(noteName, Buffer.from(JSON.stringify(urls)), storage.note(noteName).version)
  } catch (error) {
    throw error instanceof NoteChangedError ? refuse("tooManyRequests") : error
  }
}

/** As etcd wants them: scheme, host and port, and nothing behind. */
function checkUrls(urls: readonly string[]): void {
  if (urls.length === 0) throw refuse("memberBadUrls")
  for (const url of urls) if (!/^(https?|unixs?):\/\/[^/]+:\d+\/?$/.test(url)) throw refuse("memberBadUrls")
}
