import type { Event } from "@wick/sdk/api/core/event"
import { invalid } from "./mistake.ts"
import type { Strategy } from "./strategy.ts"

/** Where events are kept that are about something without a namespace. */
const clusterNamespaces = ["default", "kube-system"]

/** An event lies in the namespace of what it is about. */
export const events: Strategy = {
  validate(object, old) {
    if (old) return []
    const { metadata, involvedObject } = object as unknown as Event
    const about = involvedObject.namespace ?? ""
    const own = metadata.namespace ?? ""
    const fits = about === "" ? clusterNamespaces.includes(own) : about === own
    return fits ? [] : [invalid("involvedObject.namespace", about, "does not match event.namespace")]
  },
}
