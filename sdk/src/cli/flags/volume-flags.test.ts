import { describe, expect, it } from "vitest"
import { helloAfter } from "./testing/hello-after.ts"

const first = helloAfter(["-i", "a", "--volume", "kept=pvc:disk", "--mount", "/kept=kept", "--mount", "/s=secret:s"])
const generated = first.spec?.template?.spec?.volumes?.[1]?.name ?? ""

interface Seen {
  volumes: unknown
  mounts: unknown
}

function seen(line: string[], existing = first): Seen {
  const { volumes, containers } = helloAfter(line, existing).spec?.template?.spec ?? {}
  return { volumes, mounts: containers?.[0]?.volumeMounts }
}

const kept = { name: "kept", persistentVolumeClaim: { claimName: "disk" } }
const secret = { name: generated, secret: { secretName: "s" } }
const mounts = [
  { mountPath: "/kept", name: "kept" },
  { mountPath: "/s", name: generated },
]

describe("volumes and mounts after flags", () => {
  it("come with what they show, under a name made of the directory", () => {
    expect(generated).toMatch(/^mount-s-[0-9a-f]{6}$/)
    expect(seen([])).toEqual({ volumes: [kept, secret], mounts })
  })

  it.each<[string, string[], object[], object[]]>([
    ["a volume nobody sees", ["--volume", "v=cm:m"], [kept, secret, { name: "v", configMap: { name: "m" } }], mounts],
    ["another source", ["--volume", "kept=sc:s"], [secret, { name: "kept", secret: { secretName: "s" } }], mounts],
    [
      "an empty directory in memory",
      ["--volume", "v=emptyDir:v:size=1Gi,type=Memory"],
      [kept, secret, { name: "v", emptyDir: { sizeLimit: "1Gi", medium: "Memory" } }],
      mounts,
    ],
    [
      "an empty directory in the other order",
      ["--volume", "ed:v:size=1Gi"],
      [kept, secret, { name: "v", emptyDir: { sizeLimit: "1Gi" } }],
      mounts,
    ],
    [
      "an empty directory that a mount names",
      ["--mount", "/e=ed:e:type=Memory"],
      [kept, secret, { name: "e", emptyDir: { medium: "Memory" } }],
      [...mounts, { mountPath: "/e", name: "e" }],
    ],
    ["a mount less, and the volume it brought", ["--mount", "/s-"], [kept], [mounts[0] as object]],
    ["a mount less, and the volume that nobody sees then", ["--mount", "/kept-"], [secret], [mounts[1] as object]],
    [
      "a mount less of a volume that is seen elsewhere",
      ["--mount", "/kept-", "--mount", "/other=kept"],
      [kept, secret],
      [mounts[1] as object, { mountPath: "/other", name: "kept" }],
    ],
    [
      "a part of a volume, closed",
      ["--mount", "/kept=kept/a/b:readOnly=true"],
      [kept, secret],
      [mounts[1] as object, { mountPath: "/kept", name: "kept", subPath: "a/b", readOnly: true }],
    ],
    ["a volume less", ["--volume", "kept-", "--mount", "/kept-"], [secret], [mounts[1] as object]],
  ])("have %s", (_, line, volumes, after) => expect(seen(line)).toEqual({ volumes, mounts: after }))

  it("have names that differ for directories that are spelled alike, and are no longer than names may be", () => {
    const paths = ["/a/b", "/a-b", "/A/b", `/${"long/".repeat(30)}`]
    const { volumes } = seen(
      paths.flatMap((path) => ["--mount", `${path}=cm:m`]),
      helloAfter(["-i", "a"]),
    )
    const names = (volumes as { name: string }[]).map(({ name }) => name)
    expect(new Set(names).size).toBe(paths.length)
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{1,62}[a-z0-9]$/)
  })
})
