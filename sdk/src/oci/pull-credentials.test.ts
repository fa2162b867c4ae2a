import { describe, expect, it } from "vitest"
import { credentialsFor, type PullSecret } from "./pull-credentials.ts"

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64")
const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") })
const secret = (auths: object, name = "s"): PullSecret => ({
  metadata: { name },
  data: { ".dockerconfigjson": encode({ auths }) },
})
const names = (image: string, ...secrets: PullSecret[]): string[] =>
  credentialsFor(image, secrets).map(({ username }) => username)

describe("pull credentials", () => {
  it("are all that fit, the most telling place first", () => {
    const both = secret({ "ghcr.io": auth("any:1"), "https://ghcr.io/team/": auth("team:p:w") })
    expect(credentialsFor("ghcr.io/team/app:1", [both])).toEqual([
      { username: "team", password: "p:w", secret: "s" },
      { username: "any", password: "1", secret: "s" },
    ])
    expect(names("ghcr.io/other/app", both)).toEqual(["any"])
    expect(names("quay.io/x", both)).toEqual([])
  })

  it.each([
    ["https://index.docker.io/v1/", "busybox", true],
    ["https://index.docker.io/v1/", "docker.io/library/busybox:1", true],
    ["index.docker.io", "team/app", true],
    ["https://index.docker.io/v1/", "ghcr.io/team/app", false],
    ["*.example.com", "a.example.com/app", true],
    ["*.example.com", "a.b.example.com/app", false],
    ["r*y.example.com", "registry.example.com/app", true],
    ["r*y.example.com", "ry.example.com/app", true],
    ["example.com", "example.com:5000/app", false],
    ["example.com:5000", "example.com:5000/app", true],
    ["http://example.com:5000/v2/", "example.com:5000/app", true],
    ["example.com/a", "example.com/b", false],
  ])("of %s are for %s: %s", (server, image, fits) => {
    expect(names(image, secret({ [server]: auth("u:p") })).length > 0).toBe(fits)
  })

  it("are read in the old format too, and a secret that cannot be read holds none", () => {
    const old = { data: { ".dockercfg": encode({ "r.io": { username: "u", password: "p" } }) } }
    const broken = { data: { ".dockerconfigjson": "bm90IGpzb24=" } }
    expect(credentialsFor("r.io/app", [broken, old])).toEqual([{ username: "u", password: "p", secret: "" }])
  })
})
