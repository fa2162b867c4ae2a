import type { RuntimeClass } from "@wick/sdk/api/node/runtime-class"
import type { PriorityClass } from "@wick/sdk/api/scheduling/priority-class"
import { forbidden, invalid, oneOf, required } from "./mistake.ts"
import { dnsLabel } from "./name-format.ts"
import { frozen } from "./storage.ts"
import type { Strategy } from "./strategy.ts"

/** The most important class that users may make; those above are the system's own. */
const userValueMax = 1_000_000_000
const systemPrefix = "system-"
/** What a cluster cannot do without; every Kubernetes has these two. */
export const systemPriorities: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
}
const policies = ["Never", "PreemptLowerPriority"]

export const priorityClasses: Strategy = {
  validate(object, old) {
    const { metadata, value, preemptionPolicy } = object as unknown as PriorityClass
    const { name } = metadata
    return [
      ...(name.startsWith(systemPrefix) && systemPriorities[name] !== value
        ? [
            forbidden(
              "metadata.name",
              `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${name} is not a known system priority class`,
            ),
          ]
        : []),
      ...(value > userValueMax && systemPriorities[name] === undefined
        ? [forbidden("value", `maximum allowed value of a user defined priority is ${userValueMax}`)]
        : []),
      ...oneOf("preemptionPolicy", preemptionPolicy, policies),
      ...frozen(object, old, ["value"], "may not be changed in an update."),
      ...frozen(object, old, ["preemptionPolicy"]),
    ]
  },
}

export const runtimeClasses: Strategy = {
  validate(object, old) {
    const { handler, overhead } = object as unknown as RuntimeClass
    return [
      ...(handler ? dnsLabel("handler", handler) : [required("handler")]),
      ...Object.entries(overhead?.podFixed ?? {}).flatMap(([name, amount]) =>
        /^-/.test(String(amount))
          ? [invalid(`overhead.podFixed[${name}]`, String(amount), "must be greater than or equal to 0")]
          : [],
      ),
      ...frozen(object, old, ["handler"]),
    ]
  },
}
