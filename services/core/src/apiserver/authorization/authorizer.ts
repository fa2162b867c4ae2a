import type { Clock } from "@wick/sdk/clock"
import type { Storage } from "#store"
import { createMirror, decodeJson } from "../mirror.ts"
import { authorize, type Decision, type Requester } from "./authorize.ts"
import { nodeOfUser, nodeRole, notOfNode } from "./node/node-rule.ts"
import { createPodGraph } from "./node/pod-graph.ts"
import { type Binding, type ClusterRole, createPolicy, type Policy, type Role } from "./policy.ts"
import type { Action } from "./rule.ts"

/** RBAC over the store, and for nodes what is bound to them: decides without waiting, by a copy of the policy that every write to it reaches at once. */
export interface Authorizer {
  /** Resolves when the policy has been read: until then nobody but masters may do anything. */
  readonly ready: Promise<void>
  authorize(user: Requester, action: Action): Decision
  /** The policy of this moment, for reviews and for the escalation check. */
  policy(): Policy
  close(): void
}

type PolicyObject = ClusterRole & Role & Binding

export function createAuthorizer({ storage, clock }: { storage: Storage; clock: Clock }): Authorizer {
  const prefix = "/registry/rbac.authorization.k8s.io/"
  const mirror = createMirror<PolicyObject>({ storage, prefix, decode: decodeJson, clock })
  const graph = createPodGraph({ storage, clock })
  let built: { readonly generation: number; readonly policy: Policy } | undefined

  const policy = (): Policy => {
    if (built?.generation !== mirror.generation) {
      built = { generation: mirror.generation, policy: createPolicy(objectsOf(mirror.entries())) }
    }
    return built.policy
  }
  return {
    ready: Promise.all([mirror.ready, graph.ready]).then(() => undefined),
    authorize: (user, action) => {
      const node = nodeOfUser(user)
      const because = node === undefined ? undefined : notOfNode(node, action, graph)
      return authorize(user, action, policy(), because === undefined ? undefined : { role: nodeRole, because })
    },
    policy,
    close: () => {
      mirror.close()
      graph.close()
    },
  }
}

function objectsOf(entries: Iterable<[key: string, object: PolicyObject]>): Parameters<typeof createPolicy>[0] {
  const byPlural = new Map<string, PolicyObject[]>()
  for (const [key, object] of entries) {
    const plural = key.slice(0, key.indexOf("/"))
    const list = byPlural.get(plural) ?? []
    list.push(object)
    byPlural.set(plural, list)
  }
  return {
    clusterRoles: byPlural.get("clusterroles") ?? [],
    roles: byPlural.get("roles") ?? [],
    clusterRoleBindings: byPlural.get("clusterrolebindings") ?? [],
    roleBindings: byPlural.get("rolebindings") ?? [],
  }
}
