import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import { createDefaultClasses } from "./default-class.ts"
import { admitted, attributes, storageWith } from "./testing.ts"

const isDefault = { "storageclass.kubernetes.io/is-default-class": "true" }
const storageClass = (name: string, creationTimestamp: string, annotations: Record<string, string> = isDefault) => ({
  metadata: { name, creationTimestamp, annotations },
})
const classes = {
  "storage.k8s.io/storageclasses/plain": storageClass("plain", "2026-01-09T00:00:00Z", {}),
  "storage.k8s.io/storageclasses/old": storageClass("old", "2026-01-01T00:00:00Z"),
  "storage.k8s.io/storageclasses/b": storageClass("b", "2026-01-02T00:00:00Z"),
  "storage.k8s.io/storageclasses/a": storageClass("a", "2026-01-02T00:00:00Z"),
  "networking.k8s.io/ingressclasses/web": {
    metadata: { name: "web", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
  },
}

async function specOf(resource: string, object: Partial<AnyObject>, stored: Record<string, object> = classes) {
  const group = resource === "ingresses" ? "networking.k8s.io" : ""
  const whole = { apiVersion: "v1", kind: "Any", metadata: { name: "cart" }, spec: {}, ...object } as AnyObject
  const step = createDefaultClasses(await storageWith(stored))
  return (await admitted(step, attributes({ group, resource, object: whole }))).spec
}

describe("a new claim", () => {
  it("that names no storage class is of the newest default one, by name when several are as new", async () => {
    expect(await specOf("persistentvolumeclaims", {})).toEqual({ storageClassName: "a" })
  })

  it.each([
    ["that names a class keeps it", { spec: { storageClassName: "plain" } }, { storageClassName: "plain" }],
    ["that wants no class gets none", { spec: { storageClassName: "" } }, { storageClassName: "" }],
    [
      "that names its class in an annotation keeps that",
      { metadata: { name: "cart", annotations: { "volume.beta.kubernetes.io/storage-class": "old" } } },
      {},
    ],
  ])("%s", async (_, object, spec) => {
    expect(await specOf("persistentvolumeclaims", object)).toEqual(spec)
  })

  it("is left as it is where there is no default", async () => {
    expect(await specOf("persistentvolumeclaims", {}, {})).toEqual({})
  })
})

describe("a new ingress", () => {
  it("that names no class is of the default one", async () => {
    expect(await specOf("ingresses", {})).toEqual({ ingressClassName: "web" })
    const metadata = { name: "cart", annotations: { "kubernetes.io/ingress.class": "other" } }
    expect(await specOf("ingresses", { metadata })).toEqual({})
  })
})
