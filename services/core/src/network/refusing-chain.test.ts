import { expect, it } from "vitest"
import { refuses, type Statement } from "./refusing-chain.ts"

const chain = { family: "inet", table: "filter", name: "forward", hook: "forward" }
const fromPods = { match: { op: "==", left: { payload: { protocol: "ip", field: "saddr" } }, right: "10.0.0.1" } }
const counter = { counter: { packets: 0, bytes: 0 } }
const log = { log: { prefix: "no: " } }
const reject = { reject: { type: "icmpx", expr: "admin-prohibited" } }
const xt = (type: string, name: string) => ({ xt: { type, name } })

it.each<[string, string, Statement[], boolean]>([
  ["its policy is to drop", "drop", [{ accept: null }], true],
  ["all that comes to a rule is rejected", "accept", [reject], true],
  ["all that comes to a rule is counted, logged and dropped", "accept", [counter, log, { drop: null }], true],
  ["iptables made such a rule", "accept", [xt("match", "comment"), counter, xt("target", "REJECT")], true],
  ["only some packets are dropped", "accept", [fromPods, { drop: null }], false],
  ["only so many are dropped", "accept", [{ limit: { rate: 5, per: "minute" } }, { drop: null }], false],
  ["iptables looks at the packet first", "accept", [xt("match", "conntrack"), counter, { drop: null }], false],
  ["all that comes to a rule is let through", "accept", [counter, { accept: null }], false],
  ["there is nothing in it", "accept", [], false],
])("a chain refuses what it does not know or not, where %s", (_where, policy, expr, expected) => {
  const rules = [{ handle: 1, expr: [fromPods, { accept: null }] }, ...(expr.length > 0 ? [{ handle: 2, expr }] : [])]
  expect(refuses({ ...chain, policy }, rules)).toBe(expected)
})
