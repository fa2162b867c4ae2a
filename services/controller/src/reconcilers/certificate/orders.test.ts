import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import type { Issuer } from "./issuer.ts"
import { Orders } from "./orders.ts"

it("an order is over when its Certificate is another one, though nobody saw the first go", async () => {
  const forgotten: string[] = []
  const issuer: Issuer = {
    identity: async () => "test",
    issue: async () => ({ kind: "waiting", challenges: [], againMs: 1_000 }),
    forget: (uid) => void forgotten.push(uid),
  }
  const orders = new Orders(new SimulatedClock())
  const ask = (uid: string) => {
    const order = { namespace: "default", name: "hello", uid, type: "external-domain", domains: ["a.test"] } as const
    return orders.ask("default/hello", order, issuer, "test", new AbortController().signal)
  }
  await ask("first")
  await ask("first")
  expect(forgotten).toEqual([])
  await ask("second")
  expect(forgotten).toEqual(["first"])
})
