import { ClusterRoleBinding } from "../../api/rbac/cluster-role-binding.ts"
import { RoleBinding } from "../../api/rbac/role-binding.ts"
import type { Client } from "../../client/client.ts"
import { CommandError, type Context, exitCodes } from "../context.ts"
import { formatTable } from "../table.ts"
import { describeGrant, type Grant, madeByLabel } from "./access.ts"

interface MadeBinding {
  readonly name: string
  readonly user: string
  readonly grant: Grant
}

/** What this command has given to users, and to whom. */
async function madeBindings(client: Client): Promise<MadeBinding[]> {
  const labelSelector = Object.entries(madeByLabel)
    .map(([key, value]) => `${key}=${value}`)
    .join(",")
  const [everywhere, inNamespaces] = await Promise.all([
    client.list(ClusterRoleBinding, { labelSelector }),
    client.list(RoleBinding, { labelSelector }),
  ])
  return [...everywhere.items, ...inNamespaces.items].flatMap(({ metadata, subjects = [], roleRef }) =>
    subjects.map((subject) => ({
      name: metadata.name,
      user: subject.name,
      grant: {
        roleKind: roleRef.kind === "Role" ? ("Role" as const) : ("ClusterRole" as const),
        role: roleRef.name,
        namespace: metadata.namespace,
      },
    })),
  )
}

export async function listUsers(context: Context): Promise<void> {
  const { client } = await context.connect()
  const rows = await madeBindings(client)
  if (rows.length === 0) return context.err("nobody was given a role; wick user create NAME --role view\n")
  const columns = [
    { header: "USER", value: ({ user }: MadeBinding) => user },
    { header: "ROLE", value: ({ grant }: MadeBinding) => `${grant.roleKind}/${grant.role}` },
    { header: "NAMESPACE", value: ({ grant }: MadeBinding) => grant.namespace ?? "*" },
  ]
  context.out(formatTable(columns, rows))
}

/** Takes back what was given. Their certificate stays good until it ends: Kubernetes cannot take one back. */
export async function deleteUser(context: Context, name: string): Promise<void> {
  const { client } = await context.connect()
  const theirs = (await madeBindings(client)).filter(({ user }) => user === name)
  if (theirs.length === 0) {
    throw new CommandError(`${name} has no role of wick user create`, "wick user list", exitCodes.notFound)
  }
  for (const { name: binding, grant } of theirs) {
    if (grant.namespace === undefined) await client.delete(ClusterRoleBinding, { name: binding })
    else await client.delete(RoleBinding, { name: binding, namespace: grant.namespace })
    context.out(`${name} no longer has ${describeGrant(grant)}\n`)
  }
  context.err(`the certificate of ${name} still says who they are until it ends, with what others have given them\n`)
}
