import { X509Certificate } from "node:crypto"
import { readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ownDirectory, startTestControlPlane } from "@wick/core/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parse } from "yaml"
import { type CommandResult, run } from "./testing/run.ts"

/** A control plane that listens, the `wick` command as a process, and a real kubectl. */
const running = new AsyncDisposableStack()
const cli = fileURLToPath(new URL("../../../sdk/bin/wick.mjs", import.meta.url))
let directory = ""

beforeAll(async () => {
  directory = await ownDirectory(running, "user")
  running.use(await startTestControlPlane(directory))
  await kubectl("create namespace shop")
})
afterAll(() => running.disposeAsync())

/** Whose API server is somebody else's: no Wick runs from the user's own home. */
function environment(kubeconfig = "kubeconfig"): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: directory, KUBECONFIG: join(directory, kubeconfig) }
}
const wick = (command: string, kubeconfig?: string): Promise<CommandResult> =>
  run(process.execPath, [cli, ...command.split(" ")], environment(kubeconfig))
const kubectl = (command: string, kubeconfig?: string): Promise<CommandResult> =>
  run("kubectl", command.split(" "), environment(kubeconfig))
const may = async (what: string, kubeconfig: string): Promise<string> =>
  (await kubectl(`auth can-i ${what}`, kubeconfig)).stdout.trim()

describe("wick user create", () => {
  it("prints a kubeconfig of a user in groups, with a role in one namespace and not beyond", async () => {
    const made = await wick("user create ann@example.com --group dev --group ops --role edit -n shop --expires 2h")
    expect(made).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("the certificate of ann@example.com ends in"),
    })
    await writeFile(join(directory, "ann"), made.stdout)
    const who = JSON.parse((await kubectl("auth whoami -o json", "ann")).stdout).status.userInfo
    expect(who).toMatchObject({ username: "ann@example.com", groups: ["dev", "ops", "system:authenticated"] })
    expect(await may("create deployments", "ann")).toBe("yes")
    expect(await may("create deployments -n default", "ann")).toBe("no")
    expect(await may("create rolebindings", "ann")).toBe("no")
    const pem = parse(made.stdout).users[0].user["client-certificate-data"]
    const { validTo } = new X509Certificate(Buffer.from(pem, "base64"))
    expect(Date.parse(validTo) - Date.now()).toBeLessThanOrEqual(2 * 3_600_000)
  })

  it("writes it into a file for its owner only, and never over another", async () => {
    const path = join(directory, "bob")
    expect(await wick(`user create bob --role view --role shop:own --output ${path}`)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('there is no role "own" in namespace "shop"'),
    })
    await kubectl("create role own -n shop --verb=delete --resource=pods")
    expect(await wick(`user create bob --role view --role shop:own --output ${path}`)).toMatchObject({
      code: 0,
      stdout: "",
    })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await may("list pods -n default", "bob")).toBe("yes")
    expect(await may("delete pods -n shop", "bob")).toBe("yes")
    expect(await may("delete pods -n default", "bob")).toBe("no")
    const before = await readFile(path, "utf8")
    expect(await wick(`user create bob --output ${path}`)).toMatchObject({ code: 2 })
    expect(await readFile(path, "utf8")).toBe(before)
  })

  it("says what its caller may not, and leaves no request behind", async () => {
    await wick(`user create eve --output ${join(directory, "eve")}`)
    expect(await wick("user create mallory", "eve")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('User "eve" cannot create resource "certificatesigningrequests"'),
    })
    await kubectl("create clusterrole ask --verb=create,delete --resource=certificatesigningrequests")
    await kubectl("create clusterrolebinding ask --clusterrole=ask --user=eve")
    const { code, stderr } = await wick("user create mallory", "eve")
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("you may ask for a certificate but not approve it"),
    })
    expect((await kubectl("get csr -o name")).stdout).not.toContain("mallory")
  })
})

describe("wick user list and delete", () => {
  it("show what was given to whom, and take it back", async () => {
    await wick(`user create jo --role view --output ${join(directory, "jo")}`)
    expect((await wick("user list")).stdout).toMatch(/^jo +ClusterRole\/view +\*$/m)
    expect(await may("list pods", "jo")).toBe("yes")
    expect(await wick("user delete jo")).toMatchObject({
      code: 0,
      stdout: "jo no longer has cluster role view in every namespace\n",
    })
    expect(await may("list pods", "jo")).toBe("no")
    expect(await wick("user delete jo")).toMatchObject({ code: 4 })
  })
})
