import type { Random } from "@wick/sdk/clock"
import {
  alarmRequest,
  authenticateRequest,
  authenticateResponse,
  changePasswordRequest,
  emptyRequest,
  grantPermissionRequest,
  grantRequest,
  hashKvRequest,
  keepAliveRequest,
  leasesRequest,
  memberAddRequest,
  memberIdRequest,
  memberUpdateRequest,
  moveLeaderRequest,
  nameRequest,
  revokePermissionRequest,
  revokeRequest,
  timeToLiveRequest,
  userAddRequest,
  userRoleRequest,
} from "#etcd-wire"
import { comparable, fieldsOf, shown } from "./answer.ts"
import { someEnd, someKey, someRevision } from "./kv-steps.ts"
import type { RawAnswer } from "./raw-client.ts"
import { chance, of, openToAll, type Step, unaryStep, type World } from "./step.ts"

/** Long enough not to end while a test runs. */
const seconds = [100_000, 200_000, 9_000_000_000, 9_000_000_001]

/** Fields of an answer, of which each side may have its own order. */
function inOrder(field: number) {
  return (answer: RawAnswer): unknown => {
    if (!("bytes" in answer)) return undefined
    return fieldsOf(answer.bytes)
      .filter((each) => each.field === field)
      .map((each) => shown(field, each.value))
      .sort()
  }
}

export function leaseStep(random: Random, { leases }: World, isOpen: boolean): Step {
  const id = of(random, [...leases, -1, 77])
  // Where users count, etcd tells everybody which leases there are, and we only them.
  switch (random.below(isOpen ? 6 : 5)) {
    case 0:
    case 1:
      return openToAll(
        unaryStep("Lease/LeaseGrant", grantRequest, { ttl: of(random, seconds), id: of(random, leases) }),
      )
    case 2:
      return openToAll(unaryStep("Lease/LeaseRevoke", revokeRequest, { id }))
    case 3: {
      const [ttl, keys] = [3, 5]
      const given = { id, keys: chance(random, 2) }
      return unaryStep("Lease/LeaseTimeToLive", timeToLiveRequest, given, [ttl, keys], inOrder(keys))
    }
    case 4:
      return keepAliveStep(id)
    default:
      return unaryStep("Lease/LeaseLeases", leasesRequest, {}, [2], inOrder(2))
  }
}

function keepAliveStep(id: number): Step {
  return {
    told: `Lease/LeaseKeepAlive ${id}`,
    run: async (client, user) => {
      const stream = client.stream("etcdserverpb.Lease/LeaseKeepAlive", user)
      stream.end(keepAliveRequest.encode({ id }))
      const answer: unknown[] = []
      try {
        for await (const bytes of stream) answer.push(comparable({ bytes: bytes as Buffer }))
      } catch (error) {
        const { code, details } = error as { readonly code?: number; readonly details?: string }
        answer.push({ code, details })
      }
      return { answer }
    },
  }
}

export function maintenanceStep(random: Random, world: World): Step {
  const kind = random.below(8)
  // Alarms that are on make every call that follows the same refusal: they are lifted soon.
  if (kind < 3) {
    // An alarm of no kind is not raised: a 3.4 ends when it is.
    const action = of(random, [0, 0, 1, 2, 2, 2, 2])
    const given = { action, memberId: 0, alarm: action === 1 ? world.alarm : of(random, [0, world.alarm]) }
    return unaryStep("Maintenance/Alarm", alarmRequest, given, world.is34 ? [1, 2] : [2])
  }
  if (kind < 6) {
    // Of revisions that are compacted etcd may still know the sum that it made then.
    const revision = someRevision(random, world)
    return unaryStep("Maintenance/HashKV", hashKvRequest, { revision: revision > world.compacted ? revision : 0 })
  }
  if (kind === 6) return unaryStep("Maintenance/MoveLeader", moveLeaderRequest, { targetId: 12345 })
  return unaryStep("Maintenance/Defragment", emptyRequest, {})
}

const urls = [
  "http://127.0.0.1:1",
  "nonsense",
  "http://127.0.0.1",
  "https://h:2/",
  "http://h:2/path",
  "http://name:1",
  "unix://a:1",
  "ftp://a:1",
  "127.0.0.1:2380",
  "",
]

/** Changes of members that are refused: one that is made leaves a member alone. */
export function clusterStep(random: Random): Step {
  const peerUrls = random.below(6) === 0 ? [] : [of(random, urls)]
  const wrong = [of(random, ["nonsense", "127.0.0.1:2380", "http://127.0.0.1", "http://h:2/path", "ftp://a:1", ""])]
  switch (random.below(4)) {
    case 0:
      return unaryStep("Cluster/MemberAdd", memberAddRequest, { peerUrls: wrong, isLearner: chance(random, 2) })
    case 1:
      return unaryStep("Cluster/MemberRemove", memberIdRequest, { id: of(random, [0, 5, 12345]) })
    case 2:
      return unaryStep("Cluster/MemberPromote", memberIdRequest, { id: of(random, [0, 5, 12345]) })
    default:
      return unaryStep("Cluster/MemberUpdate", memberUpdateRequest, { id: of(random, [0, 5]), peerUrls })
  }
}

export const users = ["root", "alice", "bob", ""]
const roles = ["root", "dev", "ops", ""]
const passwords = ["p", "q", ""]

const someUser = (random: Random): string => of(random, users)
const someRole = (random: Random): string => of(random, roles)

function permission(random: Random): object {
  return { type: random.below(3), key: someKey(random), rangeEnd: someEnd(random) }
}

function userChange(random: Random): Step {
  switch (random.below(7)) {
    case 0:
      return unaryStep("Auth/UserAdd", userAddRequest, {
        name: someUser(random),
        password: of(random, passwords),
        ...(chance(random, 4) && { options: { noPassword: true } }),
      })
    case 1:
      return unaryStep("Auth/UserDelete", nameRequest, { name: someUser(random) })
    case 2: {
      const given = { name: someUser(random), password: of(random, passwords) }
      return unaryStep("Auth/UserChangePassword", changePasswordRequest, given)
    }
    case 3:
    case 4:
      return unaryStep("Auth/UserGrantRole", userRoleRequest, { user: someUser(random), role: someRole(random) })
    case 5:
      // Field 1 of what takes a role away is the user's name too.
      return unaryStep("Auth/UserRevokeRole", userRoleRequest, { user: someUser(random), role: someRole(random) })
    default:
      return unaryStep("Auth/UserGet", nameRequest, { name: someUser(random) })
  }
}

function roleChange(random: Random): Step {
  switch (random.below(7)) {
    case 0:
    case 1:
      return unaryStep("Auth/RoleAdd", nameRequest, { name: someRole(random) })
    case 2:
      return unaryStep("Auth/RoleDelete", nameRequest, { name: someRole(random) })
    case 3:
    case 4: {
      const given = { name: someRole(random), ...(!chance(random, 10) && { permission: permission(random) }) }
      return unaryStep("Auth/RoleGrantPermission", grantPermissionRequest, given)
    }
    case 5: {
      const given = { role: someRole(random), key: someKey(random), rangeEnd: someEnd(random) }
      return unaryStep("Auth/RoleRevokePermission", revokePermissionRequest, given)
    }
    default:
      return unaryStep("Auth/RoleGet", nameRequest, { name: someRole(random) })
  }
}

export function authStep(random: Random): Step {
  const kind = random.below(20)
  if (kind < 7) return userChange(random)
  if (kind < 13) return roleChange(random)
  if (kind === 13) return unaryStep("Auth/UserList", emptyRequest, {})
  if (kind === 14) return unaryStep("Auth/RoleList", emptyRequest, {})
  if (kind === 15) return unaryStep("Auth/AuthStatus", emptyRequest, {})
  if (kind === 16) return unaryStep("Auth/AuthEnable", emptyRequest, {})
  if (kind === 17 && chance(random, 3)) return unaryStep("Auth/AuthDisable", emptyRequest, {})
  return authenticateStep(someUser(random), of(random, passwords))
}

/** From here on the user has a token, if the password is right. */
function authenticateStep(name: string, password: string): Step {
  const request = authenticateRequest.encode({ name, password })
  return {
    told: `Auth/Authenticate ${name} ${password}`,
    run: async (client) => {
      const answer = await client.call("etcdserverpb.Auth/Authenticate", request)
      if ("bytes" in answer) client.tokens.set(name, authenticateResponse.decode(answer.bytes).token)
      return { answer: comparable(answer, [2]) }
    },
  }
}
