import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { openTrust } from "./trust.ts"

const surroundings = { ownIssuers: [], clock: new SimulatedClock(), log: silentLog }
const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" }
const anonymous = async (rule: object | undefined, path: string): Promise<boolean | undefined> => {
  const configuration = { ...head, ...(rule && { anonymous: rule }) }
  return (await openTrust({ configuration }, surroundings)).admitsAnonymous?.(path)
}

describe("who says nothing of themselves", () => {
  it.each<[object | undefined, string, boolean]>([
    [undefined, "/livez", true],
    [undefined, "/api", false],
    [{ enabled: false }, "/livez", false],
    [{ enabled: true }, "/api", true],
    [{ enabled: true, conditions: [{ path: "/readyz" }] }, "/readyz", true],
    [{ enabled: true, conditions: [{ path: "/readyz" }] }, "/livez", false],
  ])("with %j may ask for %s: %s", async (rule, path, may) => expect(await anonymous(rule, path)).toBe(may))
})

describe("another configuration", () => {
  it("takes the place of the first; one that is wrong does not", async () => {
    let change: (configuration: unknown) => void = () => undefined
    let isUndone = false
    const onChange = (listener: typeof change) => {
      change = listener
      return () => {
        isUndone = true
      }
    }
    const trust = await openTrust({ configuration: head, onChange }, surroundings)
    expect(trust.admitsAnonymous?.("/livez")).toBe(true)
    change({ ...head, anonymous: { enabled: false } })
    expect(trust.admitsAnonymous?.("/livez")).toBe(false)
    change({ ...head, anonymous: { enabled: "yes" } })
    expect(trust.admitsAnonymous?.("/livez")).toBe(false)
    trust.close()
    expect(isUndone).toBe(true)
  })
})
