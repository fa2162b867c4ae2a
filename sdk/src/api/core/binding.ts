import * as z from "zod"
import { required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ObjectReference } from "./object-reference.ts"

export const Binding = defineKind({
  group: "",
  version: "v1",
  kind: "Binding",
  plural: "bindings",
  description: "Binding says which node a pod runs on.",
  schema: z.object({ target: required(ObjectReference, "The node.") }),
})
export type Binding = KindOf<typeof Binding>
