import { describe, expect, it } from "vitest"
import { type CniList, cniRequest } from "./cni.ts"

const list: CniList = {
  cniVersion: "1.0.0",
  name: "pods",
  plugins: [
    { type: "ptp", mtu: 1400 },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
}
const [ptp, portmap] = list.plugins
const port = { protocol: "TCP" as const, containerPort: 80, hostPort: 8080, hostIp: "" }

describe("a plugin of CNI", () => {
  it("reads its settings, and what those before it have made", () => {
    const made = { ips: [{ address: "10.0.0.2/24" }] }
    expect(cniRequest(list, ptp ?? { type: "" }, [port], made)).toEqual({
      ...{ cniVersion: "1.0.0", name: "pods", type: "ptp", mtu: 1400 },
      prevResult: made,
    })
  })

  it("is told of a pod's ports when it says that it can use them", () => {
    const request = cniRequest(list, portmap ?? { type: "" }, [port], undefined)
    expect(request).toEqual({
      ...{ cniVersion: "1.0.0", name: "pods", type: "portmap" },
      runtimeConfig: { portMappings: [{ protocol: "tcp", containerPort: 80, hostPort: 8080 }] },
    })
    expect(cniRequest(list, portmap ?? { type: "" }, [], undefined)).not.toHaveProperty("runtimeConfig")
  })
})
