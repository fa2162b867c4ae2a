import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, defaulted, flag, int64, named, optional, required, setList, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

const storage = "io.k8s.api.storage.v1."

const TokenRequest = named(
  `${storage}TokenRequest`,
  "A service-account token that the driver wants.",
  z.object({
    audience: required(text, "Whom the token is for; the API server when empty."),
    expirationSeconds: optional(int64, "How long it holds."),
  }),
)

export const CSIDriver = defineKind({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  namespaced: false,
  description: "CSIDriver says how Kubernetes deals with a driver of volumes.",
  schema: z.object({
    spec: required(
      named(
        `${storage}CSIDriverSpec`,
        "What the driver needs and can.",
        z.object({
          attachRequired: defaulted(flag, true, "Whether volumes are attached to nodes first."),
          podInfoOnMount: defaulted(flag, false, "Whether it is told of the pod when it mounts."),
          volumeLifecycleModes: defaulted(z.array(text), ["Persistent"], "Persistent, Ephemeral or both.", setList),
          storageCapacity: defaulted(flag, false, "Whether pods wait until it has said what room it has."),
          fsGroupPolicy: defaulted(
            text,
            "ReadWriteOnceWithFSType",
            "Whether files are given to a pod's group: None, File or ReadWriteOnceWithFSType.",
          ),
          tokenRequests: optional(z.array(TokenRequest), "Tokens that it is given at each mount.", atomicList),
          requiresRepublish: defaulted(flag, false, "Whether it is asked again now and then."),
          seLinuxMount: defaulted(flag, false, "Whether it mounts with a SELinux context."),
          nodeAllocatableUpdatePeriodSeconds: optional(int64, "How often its limits on nodes are read anew, seconds."),
          serviceAccountTokenInSecrets: optional(flag, "Whether tokens are handed over among the secrets."),
          preventPodSchedulingIfMissing: optional(flag, "Whether pods wait until it runs on their node."),
        }),
      ),
      "What the driver needs and can.",
    ),
  }),
  columns: [
    { name: "AttachRequired", type: "boolean", jsonPath: ".spec.attachRequired" },
    { name: "PodInfoOnMount", type: "boolean", jsonPath: ".spec.podInfoOnMount" },
    { name: "StorageCapacity", type: "boolean", jsonPath: ".spec.storageCapacity" },
    { name: "TokenRequests", type: "string", value: (it): string => tokens(it) },
    { name: "RequiresRepublish", type: "boolean", jsonPath: ".spec.requiresRepublish" },
    {
      name: "Modes",
      type: "string",
      value: ({ spec }) => (spec.volumeLifecycleModes ?? []).join(",") || "<none>",
    },
    age,
  ],
})
export type CSIDriver = KindOf<typeof CSIDriver>

function tokens({ spec }: CSIDriver): string {
  return (spec.tokenRequests ?? []).map(({ audience }) => audience).join(",") || "<unset>"
}
