import * as z from "zod"

/** A moment as Kubernetes writes it: RFC 3339, UTC, whole seconds (`2026-01-31T12:00:00Z`). */
export const Time = z.string().meta({ id: "io.k8s.apimachinery.pkg.apis.meta.v1.Time", format: "date-time" })
/** The same with microseconds, for leases and events. */
export const MicroTime = z.string().meta({ id: "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", format: "date-time" })

export const OwnerReference = z
  .object({
    apiVersion: z.string().describe("API version of the owner."),
    kind: z.string().describe("Kind of the owner."),
    name: z.string().describe("Name of the owner."),
    uid: z.string().describe("UID of the owner."),
    controller: z.boolean().optional().describe("Whether the owner is the managing controller."),
    blockOwnerDeletion: z
      .boolean()
      .optional()
      .describe("Whether a foreground deletion of the owner waits for this object."),
  })
  .meta({
    id: "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
    "x-kubernetes-map-type": "atomic",
    description: "Names the object that this one belongs to and is deleted with.",
  })
export type OwnerReference = z.output<typeof OwnerReference>

export const ManagedFieldsEntry = z
  .object({
    manager: z.string().optional(),
    operation: z.string().optional(),
    apiVersion: z.string().optional(),
    time: Time.optional(),
    fieldsType: z.string().optional(),
    fieldsV1: z.record(z.string(), z.unknown()).optional(),
    subresource: z.string().optional(),
  })
  .meta({ id: "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry" })
export type ManagedFieldsEntry = z.output<typeof ManagedFieldsEntry>

export const ObjectMeta = z
  .object({
    name: z.string().optional().describe("Name, unique in the namespace among objects of the kind."),
    generateName: z.string().optional().describe("Prefix from which the server makes a unique name."),
    namespace: z.string().optional().describe("Namespace that the name is unique in."),
    uid: z.string().optional().describe("Unique over space and time; set by the server."),
    resourceVersion: z.string().optional().describe("Opaque version for optimistic concurrency and watches."),
    generation: z.int().optional().describe("Grows with every change of the desired state."),
    creationTimestamp: Time.optional().describe("When the server created the object."),
    deletionTimestamp: Time.optional().describe("When deletion was asked for."),
    deletionGracePeriodSeconds: z.int().optional().describe("Seconds the object may still need to end."),
    labels: z.record(z.string(), z.string()).optional().describe("Key-value pairs to select objects by."),
    annotations: z.record(z.string(), z.string()).optional().describe("Key-value pairs that are not selected by."),
    ownerReferences: z
      .array(OwnerReference)
      .optional()
      .describe("Objects that this one depends on.")
      .meta({
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["uid"],
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-patch-merge-key": "uid",
      }),
    finalizers: z
      .array(z.string())
      .optional()
      .describe("Names that must be gone before the object is removed.")
      .meta({ "x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge" }),
    managedFields: z
      .array(ManagedFieldsEntry)
      .optional()
      .describe("Which manager set which fields.")
      .meta({ "x-kubernetes-list-type": "atomic" }),
    selfLink: z.string().optional().describe("Not set any more."),
  })
  .meta({ id: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", description: "What every stored object has." })
export type ObjectMeta = z.output<typeof ObjectMeta>

export const ListMeta = z
  .object({
    resourceVersion: z.string().optional(),
    continue: z.string().optional(),
    remainingItemCount: z.int().optional(),
  })
  .meta({ id: "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta" })
export type ListMeta = z.output<typeof ListMeta>
