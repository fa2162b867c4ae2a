import * as z from "zod"
import { EventSource } from "../core/event.ts"
import { ObjectReference } from "../core/object-reference.ts"
import { int32, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { MicroTime, Time } from "../meta/object-meta.ts"
import { ageOf } from "../meta/time.ts"

export const EventSeries = named(
  "io.k8s.api.events.v1.EventSeries",
  "How often an event was seen.",
  z.object({ count: required(int32, "How often."), lastObservedTime: required(MicroTime, "When last.") }),
)

/** The newer face of the core group's Event; both are the same stored object. */
export const Event = defineKind({
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  description: "Event tells that something happened to an object.",
  schema: z.object({
    eventTime: optional(MicroTime, "When it happened."),
    series: optional(EventSeries, "How often it was seen."),
    reportingController: optional(text, "Who reported it."),
    reportingInstance: optional(text, "Which instance of the reporter."),
    action: optional(text, "What was done."),
    reason: optional(text, "What happened, in one word."),
    regarding: optional(ObjectReference, "What the event is about."),
    related: optional(ObjectReference, "Another object that it is about."),
    note: optional(text, "What happened."),
    type: optional(text, "Normal or Warning."),
    deprecatedSource: optional(EventSource, "Who saw it, in the older form."),
    deprecatedFirstTimestamp: optional(Time, "When it was first seen, in the older form."),
    deprecatedLastTimestamp: optional(Time, "When it was last seen, in the older form."),
    deprecatedCount: optional(int32, "How often it was seen, in the older form."),
  }),
  selectableFields: [
    "reason",
    "type",
    "reportingController",
    "regarding.kind",
    "regarding.name",
    "regarding.namespace",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
  ],
  columns: [
    {
      name: "Last Seen",
      type: "string",
      value: (event, now) =>
        ageOf(event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime, now),
    },
    { name: "Type", type: "string", value: (event) => event.type ?? "" },
    { name: "Reason", type: "string", value: (event) => event.reason ?? "" },
    {
      name: "Object",
      type: "string",
      value: (event) => `${event.regarding?.kind?.toLowerCase()}/${event.regarding?.name}`,
    },
    { name: "Message", type: "string", value: (event) => (event.note ?? "").trim() },
    { name: "Name", type: "string", priority: 1, value: (event) => event.metadata.name ?? "" },
  ],
})
export type Event = KindOf<typeof Event>
