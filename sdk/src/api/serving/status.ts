import * as z from "zod"
import { int64, mapList, optional, text, textMap } from "../field.ts"
import type { Column } from "../kind.ts"
import { ServingCondition } from "./condition.ts"

/** What the status of every serving kind tells. */
export const servingStatusFields = {
  observedGeneration: optional(int64, "Generation that the status is about; older than the object: wait."),
  conditions: optional(z.array(ServingCondition), "Aspects of its state.", mapList("type")),
  annotations: optional(textMap, "Further facts."),
}

/** What the status of a Configuration, and of a Service over it, tells. */
export const configurationStatusFields = {
  latestReadyRevisionName: optional(text, "Newest revision that is ready."),
  latestCreatedRevisionName: optional(text, "Newest revision."),
}

export const urlColumn: Column = { name: "URL", type: "string", jsonPath: ".status.url" }
export const latestColumns: readonly Column[] = [
  { name: "LatestCreated", type: "string", jsonPath: ".status.latestCreatedRevisionName" },
  { name: "LatestReady", type: "string", jsonPath: ".status.latestReadyRevisionName" },
]
export const readyColumns: readonly Column[] = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
]
