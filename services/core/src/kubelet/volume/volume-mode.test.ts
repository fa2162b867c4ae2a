import type { Pod } from "@wick/sdk/api/core/pod"
import { expect, it } from "vitest"
import { misuseOf, usesOf } from "./volume-mode.ts"

const uses = usesOf({
  spec: {
    initContainers: [{ name: "i", volumeDevices: [{ name: "raw", devicePath: "/dev/x" }] }],
    containers: [{ name: "c", volumeMounts: [{ name: "files", mountPath: "/f" }] }],
  },
} as unknown as Pod)

it("a volume may be a device in one container and files in another, by who names it where", () => {
  expect(uses).toEqual({ mounted: new Set(["files"]), devices: new Set(["raw"]) })
})

it.each([
  ["files", "Filesystem", undefined],
  ["raw", "Block", undefined],
  ["files", "Block", "volume files has volumeMode Block, but is specified in volumeMounts"],
  ["raw", "Filesystem", "volume raw has volumeMode Filesystem, but is specified in volumeDevices"],
])("volume %s of mode %s: %s", (name, mode, message) => {
  expect(misuseOf(name, mode, uses)).toBe(message)
})
