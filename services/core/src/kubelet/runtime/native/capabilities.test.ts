import { describe, expect, it } from "vitest"
import type { ContainerSecurity } from "../runtime.ts"
import { capabilities, capabilitiesIn } from "./capabilities.ts"

const available = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN"]

function grantedTo(rights: Partial<ContainerSecurity>): string[] {
  const none = { privileged: false, addCapabilities: [], dropCapabilities: [] }
  return capabilities({ ...none, ...rights } as unknown as ContainerSecurity, available)
}

describe("what a container may do", () => {
  it("is what containers may do, with what is added and without what is dropped", () => {
    const granted = grantedTo({ addCapabilities: ["NET_ADMIN", "cap_sys_time"], dropCapabilities: ["KILL"] })
    expect(granted).toEqual(expect.arrayContaining(["CAP_CHOWN", "CAP_NET_ADMIN", "CAP_SYS_TIME"]))
    expect(granted).not.toContain("CAP_KILL")
  })

  it("is nothing but what is added, when all is dropped", () => {
    expect(grantedTo({ dropCapabilities: ["ALL"], addCapabilities: ["KILL"] })).toEqual(["CAP_KILL"])
  })

  it("is all that the machine has to give, for who may do everything or asks for it", () => {
    expect(grantedTo({ privileged: true, dropCapabilities: ["ALL"] })).toEqual(available)
    expect(grantedTo({ addCapabilities: ["ALL"], dropCapabilities: ["KILL"] })).toEqual(["CAP_CHOWN", "CAP_NET_ADMIN"])
  })

  it("is read from the mask of a process", () => {
    expect(capabilitiesIn("0000000000001021")).toEqual(["CAP_CHOWN", "CAP_KILL", "CAP_NET_ADMIN"])
  })
})
