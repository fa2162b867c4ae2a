import type { Namespace } from "@wick/sdk/api/core/namespace"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Storage } from "#store"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"
import { readCoreObject } from "./stored-object.ts"

/** Without these the cluster does not work: nobody may delete them. */
const immortal: readonly string[] = ["default", "kube-system", "kube-public"]

/** Nothing is written into a namespace that is not there, and nothing new into one that is going. */
export function createNamespaceLifecycle(storage: Storage): AdmissionStep {
  return {
    name: "NamespaceLifecycle",
    // Before other steps mutate, so that they find the namespace there.
    mutate: async (attributes) => {
      const { operation, namespace, object } = attributes
      if (namespace === "" || isNamespace(attributes)) return object
      const found = await readCoreObject<Namespace>(storage, "namespaces", "", namespace)
      if (found === undefined) throw notFound(namespace)
      if (operation === "CREATE" && isGoing(found)) throw isBeingTerminated(attributes)
      return object
    },
    validate: (attributes) => {
      const { operation, name } = attributes
      if (operation === "DELETE" && isNamespace(attributes) && immortal.includes(name)) throw mayNotBeDeleted(name)
    },
  }
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
