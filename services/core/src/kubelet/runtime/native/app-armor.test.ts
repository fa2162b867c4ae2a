import { describe, expect, it } from "vitest"
import type { AppArmorProfile, ContainerSecurity } from "../runtime.ts"
import { appArmorOf, requireProfile, usualProfile } from "./app-armor.ts"

const asking = (appArmor: AppArmorProfile | undefined, privileged = false) =>
  ({ appArmor, privileged }) as ContainerSecurity

describe("on a machine with AppArmor a container", () => {
  it.each<[string, ContainerSecurity, string | undefined]>([
    ["that asks for nothing is held to the usual profile", asking(undefined), usualProfile],
    ["that asks for the runtime's is held to the usual one", asking({ kind: "runtime-default" }), usualProfile],
    ["that is to be unconfined has none", asking({ kind: "unconfined" }), undefined],
    ["that is privileged has none", asking(undefined, true), undefined],
    ["has the one it names", asking({ kind: "localhost", name: "mine" }), "mine"],
    ["has the one it names though it is privileged", asking({ kind: "localhost", name: "mine" }, true), "mine"],
  ])("%s", (_, security, profile) => {
    expect(appArmorOf(security, true)).toBe(profile)
  })
})

describe("on a machine without AppArmor a container", () => {
  it("that asks for nothing, or for none, has none", async () => {
    for (const appArmor of [undefined, { kind: "unconfined" } as const]) {
      await requireProfile(asking(appArmor), false)
      expect(appArmorOf(asking(appArmor), false)).toBeUndefined()
    }
  })

  it.each<AppArmorProfile>([{ kind: "runtime-default" }, { kind: "localhost", name: "mine" }])(
    "that asks for $kind is refused: it would have more rights than it was given",
    async (appArmor) => {
      await expect(requireProfile(asking(appArmor), false)).rejects.toThrow("AppArmor is not supported on this machine")
    },
  )
})
