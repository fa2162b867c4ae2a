import * as z from "zod"
import { coreType, defaulted, int32, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { MicroTime, Time } from "../meta/object-meta.ts"
import { ageOf } from "../meta/time.ts"
import { ObjectReference } from "./object-reference.ts"

export const EventSource = coreType(
  "EventSource",
  "Who saw an event.",
  z.object({ component: optional(text, "Which component."), host: optional(text, "On which node.") }),
)
export const EventSeries = coreType(
  "EventSeries",
  "How often an event was seen.",
  z.object({ count: optional(int32, "How often."), lastObservedTime: optional(MicroTime, "When last.") }),
)
const eventFields = {
  involvedObject: required(ObjectReference, "What the event is about."),
  reason: optional(text, "What happened, in one word."),
  message: optional(text, "What happened."),
  source: defaulted(EventSource, {}, "Who saw it."),
  firstTimestamp: optional(Time, "When it was first seen."),
  lastTimestamp: optional(Time, "When it was last seen."),
  count: optional(int32, "How often it was seen."),
  type: optional(text, "Normal or Warning."),
  eventTime: optional(MicroTime, "When it happened."),
  series: optional(EventSeries, "How often it was seen, in the newer form."),
  action: optional(text, "What was done."),
  related: optional(ObjectReference, "Another object that it is about."),
  reportingComponent: defaulted(text, "", "Who reported it."),
  reportingInstance: defaulted(text, "", "Which instance of the reporter."),
}

interface SeenEvent {
  metadata: { name?: string | undefined; creationTimestamp?: string | undefined }
  involvedObject?: { kind?: string | undefined; name?: string | undefined; fieldPath?: string | undefined }
  source?: { component?: string | undefined; host?: string | undefined }
  firstTimestamp?: string
  lastTimestamp?: string
  eventTime?: string
  count?: number
  series?: { count?: number | undefined; lastObservedTime?: string | undefined }
  reportingComponent?: string
}
const firstSeen = (event: SeenEvent) => event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp
const lastSeen = (event: SeenEvent) => event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event)
const objectText = ({ involvedObject: about }: SeenEvent) => `${about?.kind?.toLowerCase()}/${about?.name}`
const sourceText = ({ source, reportingComponent }: SeenEvent) =>
  [source?.component ?? reportingComponent ?? "", source?.host].filter(Boolean).join(", ")

export const Event = defineKind({
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  description: "Event tells that something happened to an object.",
  schema: z.object(eventFields),
  selectableFields: [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  fieldTexts: { source: (event) => event.source?.component || event.reportingComponent || "" },
  columns: [
    { name: "Last Seen", type: "string", value: (event, now) => ageOf(lastSeen(event), now) },
    { name: "Type", type: "string", value: (event) => event.type ?? "" },
    { name: "Reason", type: "string", value: (event) => event.reason ?? "" },
    { name: "Object", type: "string", value: objectText },
    { name: "Subobject", type: "string", priority: 1, value: (event) => event.involvedObject?.fieldPath ?? "" },
    { name: "Source", type: "string", priority: 1, value: sourceText },
    { name: "Message", type: "string", value: (event) => (event.message ?? "").trim() },
    { name: "First Seen", type: "string", priority: 1, value: (event, now) => ageOf(firstSeen(event), now) },
    { name: "Count", type: "string", priority: 1, value: (event) => String(event.series?.count ?? event.count ?? 1) },
    { name: "Name", type: "string", priority: 1, value: (event) => event.metadata.name ?? "" },
  ],
})
export type Event = KindOf<typeof Event>
