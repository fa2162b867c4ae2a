import { isStatus } from "../../api/meta/status-error.ts"
import { ClusterRole } from "../../api/rbac/cluster-role.ts"
import { ClusterRoleBinding } from "../../api/rbac/cluster-role-binding.ts"
import { Role } from "../../api/rbac/role.ts"
import { RoleBinding } from "../../api/rbac/role-binding.ts"
import type { Client } from "../../client/client.ts"
import { CommandError, exitCodes } from "../context.ts"

/** A role that a user is to have, and where: without a namespace everywhere. */
export interface Grant {
  readonly roleKind: "ClusterRole" | "Role"
  readonly role: string
  readonly namespace: string | undefined
}

/** Marks the bindings that this command has made; it lists and deletes no others. */
export const madeByLabel = { "app.kubernetes.io/managed-by": "wick-user" }
const group = "rbac.authorization.k8s.io"

/** `view` is a ClusterRole, in `-n`'s namespace or everywhere; `demo:deployer` the Role of that name in that namespace. */
export function parseGrant(text: string, namespace: string | undefined): Grant {
  const at = text.indexOf(":")
  // Kubernetes' own ClusterRoles have a colon too, and no namespace is named so.
  if (at < 0 || text.startsWith("system:")) return { roleKind: "ClusterRole", role: text, namespace }
  const [ns, role] = [text.slice(0, at), text.slice(at + 1)]
  if (ns === "" || role === "") {
    throw new CommandError(
      `--role ${text}: must be a ClusterRole, such as view, or NAMESPACE:ROLE`,
      undefined,
      exitCodes.usage,
    )
  }
  return { roleKind: "Role", role, namespace: ns }
}

/** Throws when a role is not there, since a binding to nothing would be made without a word. */
export async function checkGrant(client: Client, { roleKind, role, namespace = "" }: Grant): Promise<void> {
  try {
    if (roleKind === "Role") await client.get(Role, { name: role, namespace })
    else await client.get(ClusterRole, { name: role })
  } catch (error) {
    // Who may bind a role need not be allowed to read it: the server judges the binding.
    if (isStatus(error, "Forbidden")) return
    if (!isStatus(error, "NotFound")) throw error
    const where = roleKind === "Role" ? `role "${role}" in namespace "${namespace}"` : `cluster role "${role}"`
    const list = roleKind === "Role" ? `kubectl get roles -n ${namespace}` : "kubectl get clusterroles"
    throw new CommandError(`there is no ${where}`, list, exitCodes.notFound)
  }
}

/** The object that gives `user` the role. Its name is made of both, so that the same grant twice is the same object. */
export function bindingOf(user: string, { roleKind, role, namespace }: Grant) {
  const metadata = { name: `wick:user:${user}:${role}`.replaceAll("/", "-"), labels: madeByLabel }
  const granted = {
    subjects: [{ kind: "User", apiGroup: group, name: user }],
    roleRef: { apiGroup: group, kind: roleKind, name: role },
  }
  return { metadata: namespace === undefined ? metadata : { ...metadata, namespace }, ...granted }
}

/** Makes the binding; that it exists already is no failure. */
export async function bind(client: Client, user: string, grant: Grant): Promise<string> {
  const binding = bindingOf(user, grant)
  const kind = grant.namespace === undefined ? ClusterRoleBinding : RoleBinding
  try {
    await client.create(kind, binding)
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error
  }
  return describeGrant(grant)
}

export function describeGrant({ roleKind, role, namespace }: Grant): string {
  const kind = roleKind === "Role" ? "role" : "cluster role"
  return `${kind} ${role} ${namespace === undefined ? "in every namespace" : `in namespace ${namespace}`}`
}
