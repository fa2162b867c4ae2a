import { expect, it } from "vitest"
import { type HealthCheck, healthAnswer } from "./health.ts"

const checks: HealthCheck[] = [
  { name: "ping", isWell: () => true },
  { name: "store", isWell: () => false },
]
const ask = (path: string) => healthAnswer(new URL(`http://x${path}`), checks)

it("is well only when every check is, and says which is not", async () => {
  const answer = ask("/readyz")
  expect(answer?.status).toBe(500)
  expect(await answer?.text()).toBe("[+]ping ok\n[-]store failed\nreadyz check failed\n")
})

it("tells of one check, and of all but one", async () => {
  expect(await ask("/livez/ping")?.text()).toBe("ok")
  expect(ask("/livez?exclude=store")?.status).toBe(200)
  expect(ask("/livez/none")).toBeUndefined()
})

it("lists the checks when it is asked for words", async () => {
  expect(await ask("/healthz?verbose&exclude=store")?.text()).toBe("[+]ping ok\nhealthz check passed\n")
})
