import { describe, expect, it } from "vitest"
import type { Event } from "../api/core/event.ts"
import type { Pod } from "../api/core/pod.ts"
import { hindranceOf } from "./hindrance.ts"

const pod = (status: object, metadata: object = {}): Pod => ({ metadata: { uid: "u", ...metadata }, status }) as Pod
const waiting = (reason: string, message?: string) => ({ state: { waiting: { reason, message } } })
const warning = (reason: string, lastTimestamp: string, uid = "u"): Event =>
  ({ involvedObject: { uid }, reason, message: "no such thing", lastTimestamp }) as Event
const ready = { conditions: [{ type: "Ready", status: "True" }] }

describe("what keeps pods from running", () => {
  it.each<[string, Pod[], Event[], string | undefined]>([
    [
      "nothing is known of pods that are being made",
      [pod({ containerStatuses: [waiting("ContainerCreating")] })],
      [],
      undefined,
    ],
    [
      "nothing hinders a pod that is ready, whatever was warned of before",
      [pod(ready)],
      [warning("Failed", "1")],
      undefined,
    ],
    ["a pod that goes counts no more", [pod({}, { deletionTimestamp: "now" })], [warning("Failed", "1")], undefined],
    [
      "a container says what it waits for",
      [pod(ready), pod({ containerStatuses: [waiting("CreateContainerConfigError", 'secret "keys" not found')] })],
      [],
      'CreateContainerConfigError: secret "keys" not found',
    ],
    [
      "the last warning says why a container is still being made",
      [pod({ containerStatuses: [waiting("ContainerCreating")] })],
      [warning("FailedMount", "2"), warning("Earlier", "1"), warning("OfAnother", "3", "v")],
      "FailedMount: no such thing",
    ],
    [
      "there is no node for it",
      [pod({ conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" }] })],
      [],
      "Unschedulable: 0/1 nodes",
    ],
  ])("%s", (_, pods, warnings, wanted) => {
    expect(hindranceOf(pods, warnings)).toBe(wanted)
  })
})
