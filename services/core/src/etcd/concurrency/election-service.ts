import {
  campaignRequest,
  campaignResponse,
  code,
  GrpcError,
  headerResponse,
  leaderRequest,
  leaderResponse,
  proclaimRequest,
  resignRequest,
} from "#etcd-wire"
import { prefixEnd } from "#store"
import type { Caller } from "../access.ts"
import { headerOf, type Methods, type Parts, unary } from "../service.ts"
import { LeaderObserver } from "./leader-observer.ts"
import { firstInLine, readLine, takePlace } from "./queue.ts"

const noLeader = new GrpcError(code.unknown, "election: no leader")
const notLeader = new GrpcError(code.unknown, "election: not leader")

/** A leader as it names itself: all that etcd's clients send back to prove that they lead. */
interface LeaderKey {
  readonly name: string
  readonly key: string
  readonly revision: number
  readonly lease: number
}

/** Elections kept for clients that have no library for them: who stands first in a line leads, and says what it wants. */
export function electionService(parts: Parts): Methods {
  const { storage, authorize, alarms } = parts

  /** One change by a leader, made only while it leads. */
  const asLeader = async (
    leader: LeaderKey | undefined,
    caller: Caller,
    value: Uint8Array | undefined,
  ): Promise<{ succeeded: boolean; revision: number }> => {
    if (leader === undefined) throw new GrpcError(code.unknown, '"leader" field must be provided')
    const { key, revision, lease } = leader
    authorize(caller, [{ right: "write", key }])
    return storage.txn({
      compare: [{ key, target: "create", op: "=", value: revision }],
      success: [value === undefined ? { kind: "delete", key } : { kind: "put", key, value, lease }],
      failure: [],
    })
  }

  return {
    "v3electionpb.Election/Campaign": unary(campaignRequest, campaignResponse, async (request, caller, gone) => {
      const { name, value } = request
      const place = await takePlace(parts, caller, request)
      const { key, lease } = place
      const leader = { name, key, revision: place.revision, lease }
      const isOther = place.before !== undefined && !Buffer.from(place.before.value).equals(value)
      if (isOther && !(await asLeader(leader, caller, value)).succeeded) throw notLeader
      const revision = await firstInLine(parts, place, gone)
      return { header: headerOf(parts, revision), leader }
    }),
    "v3electionpb.Election/Proclaim": unary(proclaimRequest, headerResponse, async ({ leader, value }, caller) => {
      alarms.refuseWrite()
      const { succeeded, revision } = await asLeader(leader, caller, value)
      if (!succeeded) throw notLeader
      return { header: headerOf(parts, revision) }
    }),
    "v3electionpb.Election/Leader": unary(leaderRequest, leaderResponse, async ({ name }, caller) => {
      alarms.refuseRead()
      const prefix = `${name}/`
      authorize(caller, [{ right: "read", key: prefix, end: prefixEnd(prefix) }])
      const { kvs, revision } = await readLine(storage, prefix)
      if (kvs[0] === undefined) throw noLeader
      return { header: headerOf(parts, revision), kv: kvs[0] }
    }),
    "v3electionpb.Election/Observe": {
      kind: "stream",
      requests: "one",
      request: leaderRequest,
      response: leaderResponse,
      open: (stream, caller) => new LeaderObserver(parts, stream, caller),
    },
    "v3electionpb.Election/Resign": unary(resignRequest, headerResponse, async ({ leader }, caller) => {
      alarms.refuseRead()
      const { revision } = await asLeader(leader, caller, undefined)
      return { header: headerOf(parts, revision) }
    }),
  }
}
