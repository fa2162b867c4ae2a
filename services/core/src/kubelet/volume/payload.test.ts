import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Volume } from "@wick/sdk/api/core/volume"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { writeAtomically } from "./atomic-directory.ts"
import { asProjected, type Payload, payloadOf } from "./payload.ts"

const pod = {
  metadata: { name: "p", namespace: "n", uid: "u", labels: { a: "1" } },
  spec: { containers: [] },
} as unknown as Pod
const place = { nodeName: "", hostIp: "", podIps: [], allocatable: { cpu: "1", memory: "1", "ephemeral-storage": "1" } }

function files(volume: object): Record<string, string> {
  const projected = asProjected(volume as Volume)
  if (!projected) throw new Error("the volume is made of files")
  const payload = payloadOf(pod, place, projected, {
    configMap: (name) => (name === "c" ? { data: { k: "v", l: "w" }, binaryData: { b: "AQI=" } } : undefined),
    secret: (name) => (name === "s" ? { data: { k: Buffer.from("hidden").toString("base64") } } : undefined),
    token: () => "token",
  })
  return Object.fromEntries([...payload].map(([path, { data }]) => [path, data.toString("latin1")]))
}

describe("a volume of files", () => {
  it("has a file for each key", () => {
    expect(files({ configMap: { name: "c" } })).toEqual({ k: "v", l: "w", b: "\x01\x02" })
    expect(files({ secret: { secretName: "s" } })).toEqual({ k: "hidden" })
  })

  it("has only the chosen ones, where they are wanted", () => {
    expect(files({ configMap: { name: "c", items: [{ key: "l", path: "x/y" }] } })).toEqual({ "x/y": "w" })
  })

  it("joins sources, the last wins", () => {
    const sources = [
      { configMap: { name: "c" } },
      { secret: { name: "s" } },
      { serviceAccountToken: { path: "token", expirationSeconds: 600 } },
      { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
    ]
    expect(files({ projected: { sources } })).toMatchObject({ k: "hidden", l: "w", token: "token", labels: 'a="1"' })
  })

  it("cannot be made of what is not there, unless that is optional", () => {
    expect(() => files({ configMap: { name: "none" } })).toThrow('configmap "none" not found (namespace "n")')
    expect(() => files({ secret: { secretName: "none" } })).toThrow('secret "none" not found')
    expect(files({ configMap: { name: "none", optional: true } })).toEqual({})
    expect(() => files({ configMap: { name: "c", items: [{ key: "z", path: "z" }] } })).toThrow(
      "non-existent config key: z",
    )
  })
})

describe("a directory that changes at once", () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "wick-volume-"))
  })
  afterEach(() => rmSync(directory, { recursive: true }))
  const payload = (entries: Record<string, string>, mode = 0o640): Payload =>
    new Map(Object.entries(entries).map(([path, text]) => [path, { data: Buffer.from(text), mode }]))
  const visible = (): string[] => readdirSync(directory).filter((name) => !name.startsWith(".."))

  it("holds exactly the files of the last payload, with their modes", async () => {
    expect(writeAtomically(directory, payload({ a: "1", "b/c": "2" }), { gid: undefined })).toBe(true)
    expect(visible().sort()).toEqual(["a", "b"])
    expect(readFileSync(join(directory, "b", "c"), "utf8")).toBe("2")
    expect(statSync(join(directory, "a")).mode & 0o777).toBe(0o640)
    writeAtomically(directory, payload({ a: "3" }), { gid: undefined })
    expect(visible()).toEqual(["a"])
    expect(readFileSync(join(directory, "a"), "utf8")).toBe("3")
    expect(readdirSync(directory).length).toBe(3)
  })

  it("is left alone when nothing changed", async () => {
    writeAtomically(directory, payload({ a: "1" }), { gid: undefined })
    expect(writeAtomically(directory, payload({ a: "1" }), { gid: undefined })).toBe(false)
  })

  it("shows the names that an earlier process did not come to show", async () => {
    writeAtomically(directory, payload({ a: "1" }), { gid: undefined })
    rmSync(join(directory, "a"))
    writeAtomically(directory, payload({ a: "1" }), { gid: undefined })
    expect(readFileSync(join(directory, "a"), "utf8")).toBe("1")
  })

  it("is written anew where an earlier process did not come to its end", async () => {
    mkdirSync(join(directory, "..1"))
    writeFileSync(join(directory, "..1", "stray"), "")
    writeAtomically(directory, payload({ a: "1" }), { gid: undefined })
    expect(readdirSync(join(directory, "..data"))).toEqual(["a"])
  })

  it.each(["../a", "/a", "..data", ""])("refuses the path %j", async (path) => {
    expect(() => writeAtomically(directory, payload({ [path]: "" }), { gid: undefined })).toThrow("invalid path")
  })
})
