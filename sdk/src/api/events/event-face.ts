import { Event as CoreEvent } from "../core/event.ts"
import { type Face, renamed } from "../face.ts"
import { Event } from "./event.ts"

/** Fields of `events.k8s.io`, and what the core group calls them. */
const names: readonly (readonly [face: string, core: string])[] = [
  ["eventTime", "eventTime"],
  ["series", "series"],
  ["reportingController", "reportingComponent"],
  ["reportingInstance", "reportingInstance"],
  ["action", "action"],
  ["reason", "reason"],
  ["regarding", "involvedObject"],
  ["related", "related"],
  ["note", "message"],
  ["type", "type"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
]
const back = names.map(([face, core]) => [core, face] as const)

/** The newer face of the core group's Event. */
export const eventFace: Face = {
  kind: Event,
  stored: CoreEvent,
  toStored: ({ metadata, ...fields }) => ({
    apiVersion: CoreEvent.apiVersion,
    kind: CoreEvent.kind,
    metadata,
    ...renamed({ regarding: {}, ...fields }, names),
  }),
  fromStored: ({ metadata, ...fields }) => ({
    apiVersion: Event.apiVersion,
    kind: Event.kind,
    metadata,
    ...renamed(fields, back),
  }),
  fieldPaths: {
    "regarding.kind": "involvedObject.kind",
    "regarding.name": "involvedObject.name",
    "regarding.namespace": "involvedObject.namespace",
    "regarding.uid": "involvedObject.uid",
    "regarding.apiVersion": "involvedObject.apiVersion",
    "regarding.resourceVersion": "involvedObject.resourceVersion",
    "regarding.fieldPath": "involvedObject.fieldPath",
    reportingController: "reportingComponent",
  },
}
