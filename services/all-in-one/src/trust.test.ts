import { mkdtemp, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { readOptions } from "./options.ts"
import { trustOf } from "./trust.ts"

const issuer = ["--oidc-issuer-url", "https://id.example.com", "--oidc-client-id", "wick"]
const trust = (...args: string[]) => trustOf(readOptions(args, {}))
const jwt = async (...args: string[]) => {
  const { configuration } = (await trust(...issuer, ...args)) as { configuration: { jwt: object[] } }
  return configuration.jwt[0]
}

describe("the flags of an issuer", () => {
  it("are nothing when there are none", async () => expect(await trust()).toBeUndefined())

  it("put its address before names, and believe RS256, when nothing else is said", async () => {
    expect(await trust(...issuer)).toMatchObject({ algorithms: ["RS256"] })
    expect(await jwt()).toEqual({
      issuer: { url: "https://id.example.com", audiences: ["wick"] },
      claimValidationRules: [],
      claimMappings: { username: { claim: "sub", prefix: "https://id.example.com#" } },
    })
  })

  it.each([
    [["--oidc-username-claim", "email"], { claim: "email", prefix: "" }],
    [["--oidc-username-prefix", "-"], { claim: "sub", prefix: "" }],
    [["--oidc-username-prefix", "id:"], { claim: "sub", prefix: "id:" }],
  ])("%j make names %j", async (args, username) => {
    expect(await jwt(...args)).toMatchObject({ claimMappings: { username } })
  })

  it("take lists apart, given once or often", async () => {
    const args = ["--oidc-required-claim", "a=1,b=2", "--oidc-required-claim", "c=x=y"]
    expect(await jwt(...args)).toMatchObject({
      claimValidationRules: [
        { claim: "a", requiredValue: "1" },
        { claim: "b", requiredValue: "2" },
        { claim: "c", requiredValue: "x=y" },
      ],
    })
    expect(await trust(...issuer, "--oidc-signing-algs", "RS256,ES256")).toMatchObject({
      algorithms: ["RS256", "ES256"],
    })
  })

  it.each([
    [["--oidc-client-id", "a"], "oidc-issuer-url and oidc-client-id must be specified together"],
    [[...issuer, "--authentication-config", "a"], "are mutually exclusive"],
    [[...issuer, "--oidc-required-claim", "a"], "--oidc-required-claim a: must be CLAIM=VALUE"],
    [[...issuer, "--oidc-ca-file", "/nowhere"], "--oidc-ca-file /nowhere: ENOENT"],
    [["--authentication-config", "/nowhere"], "--authentication-config /nowhere: ENOENT"],
  ])("%j are refused", async (args, message) => expect(trust(...args)).rejects.toThrow(message))
})

describe("the file of a configuration", () => {
  it("is read again when it is written, and when another takes its place", async () => {
    const directory = await mkdtemp(join(tmpdir(), "wick-trust-"))
    const path = join(directory, "authentication.yaml")
    try {
      await writeFile(path, "kind: first")
      const made = await trust("--authentication-config", path)
      expect(made?.configuration).toEqual({ kind: "first" })
      const seen: unknown[] = []
      const undo = made?.onChange?.((configuration) => seen.push(configuration))
      await writeFile(path, "kind: second")
      await expect.poll(() => seen.at(-1)).toEqual({ kind: "second" })
      await writeFile(`${path}.new`, "kind: third")
      await rename(`${path}.new`, path)
      await expect.poll(() => seen.at(-1)).toEqual({ kind: "third" })
      await writeFile(path, "kind: [")
      await expect.poll(() => seen.at(-1)).toBeUndefined()
      undo?.()
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
