import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { expect, it } from "vitest"
import { volumeReferences } from "./volume-references.ts"

it("a volume leads its node to what staging, publishing and growing there need, and to nothing else of its driver", () => {
  const secret = (name: string) => ({ name, namespace: "vault" })
  const csi = {
    driver: "d",
    volumeHandle: "h",
    nodeStageSecretRef: secret("stage"),
    nodePublishSecretRef: secret("publish"),
    nodeExpandSecretRef: secret("expand"),
    controllerPublishSecretRef: secret("attach"),
    controllerExpandSecretRef: secret("grow"),
  }
  const volume = {
    spec: { csi, claimRef: { name: "data", namespace: "shop", uid: "u" } },
  } as unknown as PersistentVolume
  expect(volumeReferences(volume)).toEqual({
    claim: { name: "data", namespace: "shop" },
    secrets: new Set(["vault/stage", "vault/publish", "vault/expand"]),
  })
  expect(volumeReferences({} as PersistentVolume)).toEqual({ claim: undefined, secrets: new Set() })
})
