import type { Namespace } from "@wick/sdk/api/core/namespace"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Clock } from "@wick/sdk/clock"
import type { Storage } from "#store"
import { createMirror, decodeJson } from "../mirror.ts"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"
import { coreKey } from "./stored-object.ts"

/** Without these the cluster does not work: nobody may delete them. */
const immortal: readonly string[] = ["default", "kube-system", "kube-public"]

/** Nothing is written into a namespace that is not there, and nothing new into one that is going. */
export function createNamespaceLifecycle({
  storage,
  clock,
}: {
  readonly storage: Storage
  readonly clock: Clock
}): AdmissionStep & { ready: Promise<void>; close(): void } {
  const prefix = "/registry/core/namespaces/"
  // Asked on every write.
  const namespaces = createMirror<Namespace>({ storage, prefix, decode: decodeJson, clock })
  return {
    name: "NamespaceLifecycle",
    ready: namespaces.ready,
    // Before other steps mutate, so that they find the namespace there.
    mutate: (attributes) => {
      const { namespace, object } = attributes
      if (namespace === "" || isNamespace(attributes)) return object
      const known = namespaces.get(namespace)
      return known ? admitted(attributes, known) : live(storage, namespace).then((found) => admitted(attributes, found))
    },
    validate: (attributes) => {
      const { operation, name } = attributes
      if (operation === "DELETE" && isNamespace(attributes) && immortal.includes(name)) throw mayNotBeDeleted(name)
    },
    close: () => namespaces.close(),
  }
}

/** One that another server has made may not have been heard of yet. */
async function live(storage: Storage, namespace: string): Promise<Namespace | undefined> {
  const { kvs } = await storage.range({ key: coreKey("namespaces", "", namespace) })
  return kvs[0] && decodeJson<Namespace>(kvs[0].value)
}

function admitted(attributes: AdmissionAttributes, found: Namespace | undefined): AdmissionAttributes["object"] {
  if (found === undefined) throw notFound(attributes.namespace)
  if (attributes.operation === "CREATE" && isGoing(found)) throw isBeingTerminated(attributes)
  return attributes.object
}

function isNamespace({ group, resource }: AdmissionAttributes): boolean {
  return group === "" && resource === "namespaces"
}

function isGoing({ metadata, status }: Namespace): boolean {
  return metadata.deletionTimestamp !== undefined || status?.phase === "Terminating"
}

function notFound(namespace: string): StatusError {
  return new StatusError("NotFound", `namespaces "${namespace}" not found`, { name: namespace, kind: "namespaces" })
}

function mayNotBeDeleted(name: string): StatusError {
  const message = `namespaces "${name}" is forbidden: this namespace may not be deleted`
  return new StatusError("Forbidden", message, { name, kind: "namespaces" })
}

function isBeingTerminated({ resource, group, name, namespace }: AdmissionAttributes): StatusError {
  const what = group === "" ? resource : `${resource}.${group}`
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`
  return new StatusError("Forbidden", `${what} "${name}" is forbidden: ${why}`, {
    name,
    kind: resource,
    ...(group !== "" && { group }),
    causes: [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ],
  })
}
