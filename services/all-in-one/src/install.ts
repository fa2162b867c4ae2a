import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ClusterRole, ClusterRoleBinding, CustomResourceDefinition, Role, RoleBinding } from "@wick/sdk/api"
import type { AnyObject, Kind, NewOf } from "@wick/sdk/api/kind"
import { servingRoles } from "@wick/sdk/api/serving/roles"
import { must } from "@wick/sdk/assert"
import type { Client } from "@wick/sdk/client"
import { ensureSystemNamespace } from "@wick/sdk/serving-config"
import { parse } from "yaml"

const definitions = join(import.meta.dirname, "..", "..", "..", "k8s", "crds")
const fieldManager = "wick"
const roleKinds: Readonly<Record<string, Kind>> = { ClusterRole, ClusterRoleBinding, Role, RoleBinding }

/** Installs serving's kinds and roles, the same files that `kubectl apply -f k8s/crds` installs into any cluster. */
export async function installServing(client: Client): Promise<void> {
  const files = readdirSync(definitions).filter((file) => file.endsWith(".yaml"))
  const crds = files.map((file) => parse(readFileSync(join(definitions, file), "utf8")) as AnyObject)
  await ensureSystemNamespace(client)
  await Promise.all([
    ...crds.map((crd) => apply(client, CustomResourceDefinition, crd)),
    ...servingRoles().map((role) => apply(client, must(roleKinds[role.kind], `${role.kind} is a kind of role`), role)),
  ])
}

async function apply<K extends Kind>(client: Client, kind: K, object: AnyObject): Promise<void> {
  await client.apply(kind, object as unknown as NewOf<K>, { fieldManager, force: true })
}
