import * as z from "zod"
import { atomicMap, coreType, defaulted, optional, text } from "../field.ts"

export const ObjectReference = coreType(
  "ObjectReference",
  "Names another object, or a part of it.",
  z.object({
    kind: optional(text, "Kind of the object."),
    namespace: optional(text, "Namespace of the object."),
    name: optional(text, "Name of the object."),
    uid: optional(text, "UID of the object."),
    apiVersion: optional(text, "API version of the object."),
    resourceVersion: optional(text, "Version of the object that is meant."),
    fieldPath: optional(text, "Part of the object that is meant, such as spec.containers{name}."),
  }),
  atomicMap,
)
export type ObjectReference = z.output<typeof ObjectReference>

export const LocalObjectReference = coreType(
  "LocalObjectReference",
  "Names an object in the same namespace.",
  z.object({ name: defaulted(text, "", "Name of the object.") }),
  atomicMap,
)
export type LocalObjectReference = z.output<typeof LocalObjectReference>

export const TypedLocalObjectReference = coreType(
  "TypedLocalObjectReference",
  "Names an object of some kind in the same namespace.",
  z.object({
    apiGroup: optional(text, "Group of the object; absent is the core group."),
    kind: text.describe("Kind of the object."),
    name: text.describe("Name of the object."),
  }),
  atomicMap,
)

export const TypedObjectReference = coreType(
  "TypedObjectReference",
  "Names an object of some kind, perhaps in another namespace.",
  z.object({
    apiGroup: optional(text, "Group of the object; absent is the core group."),
    kind: text.describe("Kind of the object."),
    name: text.describe("Name of the object."),
    namespace: optional(text, "Namespace of the object; absent is the same one."),
  }),
)
