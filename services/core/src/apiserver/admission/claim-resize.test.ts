import { describe, expect, it } from "vitest"
import { createClaimResize } from "./claim-resize.ts"
import { admitted, attributes, storageWith } from "./testing.ts"

const classes = {
  "storage.k8s.io/storageclasses/elastic": { allowVolumeExpansion: true },
  "storage.k8s.io/storageclasses/fixed": {},
}

async function resize(storageClassName: string | undefined, from: string, to: string): Promise<void> {
  const claim = (storage: string) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data" },
    spec: { ...(storageClassName && { storageClassName }), resources: { requests: { storage } } },
  })
  const step = createClaimResize(await storageWith(classes))
  const write = { operation: "UPDATE", resource: "persistentvolumeclaims", name: "data" } as const
  await admitted(step, attributes({ ...write, object: claim(to), oldObject: claim(from) }))
}

describe("a claim", () => {
  it("grows where its class says that its volumes can", async () => {
    await resize("elastic", "1Gi", "2Gi")
  })

  it.each(["fixed", "gone", undefined])("of class %s does not grow", async (name) => {
    const message = expect.stringContaining('persistentvolumeclaims "data" is forbidden: only dynamically provisioned')
    await expect(resize(name, "1Gi", "1025Mi")).rejects.toMatchObject({ reason: "Forbidden", message })
  })

  it("may change in all else", async () => {
    await resize("fixed", "1Gi", "1024Mi")
  })
})
