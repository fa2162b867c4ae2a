import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { layersOf, readImageFile } from "./image-files.ts"

let directory: string
let layers: string[]
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "wick-layers-"))
  layers = ["upper", "lower"].map((name) => join(directory, name))
})
afterAll(() => rmSync(directory, { recursive: true }))

function write(layer: string, path: string, text: string): void {
  mkdirSync(dirname(join(directory, layer, path)), { recursive: true })
  writeFileSync(join(directory, layer, path), text)
}

describe("a file of an image", () => {
  it("is that of the uppermost layer that has it", async () => {
    write("lower", "etc/passwd", "below")
    write("upper", "etc/passwd", "above")
    write("lower", "etc/group", "below")
    expect(await readImageFile(layers, "etc/passwd")).toBe("above")
    expect(await readImageFile(layers, "etc/group")).toBe("below")
    expect(await readImageFile(layers, "etc/shadow")).toBe("")
  })

  it("is found through links, which lead nowhere but into the image", async () => {
    write("lower", "usr/lib/who", "who")
    mkdirSync(join(directory, "upper/links"), { recursive: true })
    symlinkSync("/usr/lib", join(directory, "upper/links/lib"))
    symlinkSync("../../../../../../../usr/lib/who", join(directory, "upper/links/up"))
    symlinkSync("/proc/self/status", join(directory, "upper/links/machine"))
    symlinkSync("round", join(directory, "upper/links/round"))
    expect(await readImageFile(layers, "links/lib/who")).toBe("who")
    expect(await readImageFile(layers, "links/up")).toBe("who")
    expect(await readImageFile(layers, "links/machine")).toBe("")
    expect(await readImageFile(layers, "links/round")).toBe("")
  })

  it("lies where the mount of a view says", () => {
    const overlay = { type: "overlay", source: "overlay", options: ["index=off", "lowerdir=/a/fs:/b/fs"] }
    expect(layersOf([overlay])).toEqual(["/a/fs", "/b/fs"])
    expect(layersOf([{ type: "bind", source: "/a/fs", options: ["ro", "rbind"] }])).toEqual(["/a/fs"])
  })
})
