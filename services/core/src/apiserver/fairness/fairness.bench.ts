import { systemClock } from "@wick/sdk/clock"
import { createMetrics } from "@wick/sdk/metrics"
import { bench, describe } from "vitest"
import type { Action } from "../authorization/rule.ts"
import { createFairness, type Seat } from "./index.ts"

const fairness = createFairness({ clock: systemClock, metrics: createMetrics() })
const action: Action = {
  kind: "resource",
  verb: "list",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "",
  name: "",
}
const account = {
  name: "system:serviceaccount:shop:robot",
  groups: ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
}

describe("a request while seats are free", () => {
  bench("of an account", () => {
    const seat = fairness.enter(account, action) as Seat
    seat.leave()
  })
})
