import { expect, it } from "vitest"
import { mountCommand } from "./mount-command.ts"

const layers = (count: number): string[] => Array.from({ length: count }, (_, at) => `/var/lib/layers/${at}/fs`)

it("an image of one layer is that layer's directory, read-only", () => {
  const step = { type: "bind", source: "/var/lib/layers/1/fs", options: ["ro", "rbind"] }
  expect(mountCommand(step, "/pod/files")).toEqual({
    cwd: "/",
    args: ["-o", "ro,rbind", "/var/lib/layers/1/fs", "/pod/files"],
  })
})

it("layers are named from the directory that they share", () => {
  const step = { type: "overlay", source: "overlay", options: ["index=off", `lowerdir=${layers(3).join(":")}`] }
  expect(mountCommand(step, "/pod/files")).toEqual({
    cwd: "/var/lib/layers",
    args: ["-t", "overlay", "-o", "index=off,lowerdir=0/fs:1/fs:2/fs,ro", "overlay", "/pod/files"],
  })
})

it("as many layers as an image may have fit into the kernel's page", () => {
  const step = { type: "overlay", source: "overlay", options: [`lowerdir=${layers(127).join(":")}`] }
  expect(mountCommand(step, "/pod").args[3]?.length).toBeLessThan(4_096)
})

it("layers that share no directory are named in full", () => {
  const step = { type: "overlay", source: "overlay", options: ["lowerdir=/a/fs:/b/fs"] }
  expect(mountCommand(step, "/pod")).toMatchObject({
    cwd: "/",
    args: expect.arrayContaining(["lowerdir=/a/fs:/b/fs,ro"]),
  })
})
