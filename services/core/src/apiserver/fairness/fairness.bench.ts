/** What fairness costs a request while seats are free: `node services/core/src/apiserver/fairness/fairness.bench.ts` */
import { systemClock } from "@wick/sdk/clock"
import { createMetrics } from "@wick/sdk/metrics"
import type { Action } from "../authorization/rule.ts"
import { createFairness, type Seat } from "./index.ts"

const requests = 1_000_000
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

for (let round = 1; round <= 3; round++) {
  const start = performance.now()
  for (let i = 0; i < requests; i++) (fairness.enter(account, action) as Seat).leave()
  const nanoseconds = ((performance.now() - start) * 1e6) / requests
  process.stdout.write(`${nanoseconds.toFixed(0)} ns per request\n`)
}
