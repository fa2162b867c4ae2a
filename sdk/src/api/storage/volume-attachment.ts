import * as z from "zod"
import { age } from "../column.ts"
import { PersistentVolumeSpec } from "../core/persistent-volume.ts"
import { flag, int32, named, optional, required, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Time } from "../meta/object-meta.ts"

const storage = "io.k8s.api.storage.v1."

const VolumeError = named(
  `${storage}VolumeError`,
  "What went wrong.",
  z.object({
    time: optional(Time, "When."),
    message: optional(text, "What."),
    errorCode: optional(int32, "The driver's gRPC code."),
  }),
)

export const VolumeAttachment = defineKind({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  plural: "volumeattachments",
  namespaced: false,
  description: "VolumeAttachment asks that a volume be attached to a node.",
  schema: z.object({
    spec: required(
      named(
        `${storage}VolumeAttachmentSpec`,
        "Which volume, where.",
        z.object({
          attacher: required(text, "Driver that attaches it."),
          source: required(
            named(
              `${storage}VolumeAttachmentSource`,
              "The volume.",
              z.object({
                persistentVolumeName: optional(text, "A PersistentVolume."),
                inlineVolumeSpec: optional(PersistentVolumeSpec, "A volume without an object of its own."),
              }),
            ),
            "The volume.",
          ),
          nodeName: required(text, "The node."),
        }),
      ),
      "Which volume, where.",
    ),
    status: optional(
      named(
        `${storage}VolumeAttachmentStatus`,
        "Whether it is attached.",
        z.object({
          attached: required(flag, "Whether it is."),
          attachmentMetadata: optional(textMap, "What the driver said of it."),
          attachError: optional(VolumeError, "Why it could not be attached."),
          detachError: optional(VolumeError, "Why it could not be detached."),
        }),
      ),
      "Whether it is attached.",
    ),
  }),
  subresources: { status: true },
  columns: [
    { name: "Attacher", type: "string", jsonPath: ".spec.attacher" },
    { name: "PV", type: "string", value: ({ spec }) => spec.source.persistentVolumeName ?? "" },
    { name: "Node", type: "string", jsonPath: ".spec.nodeName" },
    { name: "Attached", type: "boolean", value: ({ status }) => status?.attached ?? false },
    age,
  ],
})
export type VolumeAttachment = KindOf<typeof VolumeAttachment>
