import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ClusterRole, ClusterRoleBinding, CustomResourceDefinition, Role, RoleBinding } from "@wick/sdk/api"
import type { AnyObject, Kind, NewOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { servingRoles } from "@wick/sdk/api/serving/roles"
import { must } from "@wick/sdk/assert"
import type { Client } from "@wick/sdk/client"
import { ensureSystemNamespace } from "@wick/sdk/serving-config"
import { isAsInstalled, sourceAnnotation } from "./as-installed.ts"

const definitions = join(import.meta.dirname, "..", "..", "..", "k8s", "crds")
const fieldManager = "wick"
const roleKinds: Readonly<Record<string, Kind>> = { ClusterRole, ClusterRoleBinding, Role, RoleBinding }

/** What is to be there: named, so that it need not be read where it is there already. */
interface Wanted {
  readonly kind: Kind
  readonly name: string
  readonly namespace?: string | undefined
  /** Text that says what it is to be; another says that it is to be something else. */
  readonly source: string
  readonly read: () => AnyObject | Promise<AnyObject>
}

/**
 * Installs serving's kinds and roles, the same files that `kubectl apply -f k8s/crds` installs into any cluster. What an
 * earlier start has installed and nobody has touched is left alone: half a megabyte of YAML takes longer to read and to
 * apply than all the rest of a start.
 */
export async function installServing(client: Client): Promise<void> {
  await ensureSystemNamespace(client)
  await Promise.all([...wantedKinds(), ...wantedRoles()].map((wanted) => install(client, wanted)))
}

function wantedKinds(): Wanted[] {
  const files = readdirSync(definitions).filter((file) => file.endsWith(".yaml"))
  return files.map((file) => {
    const source = readFileSync(join(definitions, file), "utf8")
    const read = async (): Promise<AnyObject> => (await import("yaml")).parse(source)
    return { kind: CustomResourceDefinition, name: file.slice(0, -".yaml".length), source, read }
  })
}

function wantedRoles(): Wanted[] {
  return servingRoles().map((role) => {
    const kind = must(roleKinds[role.kind], `${role.kind} is a kind of role`)
    const { name = "", namespace } = role.metadata
    return { kind, name, namespace, source: JSON.stringify(role), read: () => role }
  })
}

async function install(client: Client, { kind, name, namespace, source, read }: Wanted): Promise<void> {
  const digest = createHash("sha256").update(source).digest("hex")
  const present = await unlessMissing(client.get(kind, { name, ...(namespace && { namespace }) }))
  if (present && isAsInstalled(present, digest, fieldManager)) return
  const object = await read()
  const annotations = { ...object.metadata.annotations, [sourceAnnotation]: digest }
  const noted = { ...object, metadata: { ...object.metadata, annotations } }
  await client.apply(kind, noted as unknown as NewOf<Kind>, { fieldManager, force: true })
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}
