import type { Service } from "@wick/sdk/api/core/service"
import { describe, expect, it } from "vitest"
import { serviceEnv } from "./service-env.ts"

const service = (namespace: string, name: string, clusterIP: string, port = 80) =>
  ({ metadata: { namespace, name }, spec: { clusterIP, ports: [{ port }] } }) as unknown as Service
const all = [
  service("default", "kubernetes", "10.96.0.1", 443),
  service("default", "shop", "10.96.0.2"),
  service("demo", "cart", "10.96.0.3"),
  service("demo", "parts", "None"),
]

/** Services that note which of them were looked at. */
function services() {
  const looked = new Set<Service>()
  const look = (found: Service[]): Service[] => {
    for (const each of found) looked.add(each)
    return found
  }
  const known = {
    get: (name: string, namespace: string) =>
      look(all.filter(({ metadata }) => metadata.name === name && metadata.namespace === namespace))[0],
    list: (namespace: string) => look(all.filter(({ metadata }) => metadata.namespace === namespace)),
  }
  return { known, looked: () => [...looked].map(({ metadata }) => metadata.name) }
}

describe("variables of services", () => {
  it("are the API's own for a pod without links, for which no other service is looked at", () => {
    const { known, looked } = services()
    const variables = serviceEnv(known, "demo", false)
    expect([...variables.keys()].every((name) => name.startsWith("KUBERNETES_"))).toBe(true)
    expect(variables.get("KUBERNETES_SERVICE_HOST")).toBe("10.96.0.1")
    expect(looked()).toEqual(["kubernetes"])
  })

  it("are those of the pod's namespace too when it wants links", () => {
    const { known, looked } = services()
    const variables = serviceEnv(known, "demo", true)
    expect(Object.fromEntries(variables)).toMatchObject({
      KUBERNETES_SERVICE_PORT: "443",
      CART_SERVICE_HOST: "10.96.0.3",
      CART_PORT: "tcp://10.96.0.3:80",
    })
    expect([...variables.keys()].some((name) => name.startsWith("PARTS_"))).toBe(false)
    expect(looked()).not.toContain("shop")
  })
})
