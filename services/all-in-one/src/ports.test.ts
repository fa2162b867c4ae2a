import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { expect, it } from "vitest"
import { openHome } from "./home.ts"
import { readOptions } from "./options.ts"
import { checkPorts } from "./ports.ts"

const check = async (...flags: string[]): Promise<void> => {
  using home = openHome(scratchDirectory("ports"))
  await checkPorts(readOptions(flags, {}), home)
}

it("a port that two flags name is refused with both their names", async () => {
  await expect(check("--api", "127.0.0.1:36443", "--metrics", "0.0.0.0:36443")).rejects.toThrow(
    "--metrics 0.0.0.0:36443: --api has that port too",
  )
})

it("the gateway's port for HTTPS counts though no flag names it", async () => {
  await expect(check("--api", "127.0.0.1:36443", "--gateway", "127.0.0.1:36080")).rejects.toThrow(
    "--gateway-https 127.0.0.1:36443: --api has that port too",
  )
})

it("one port on two hosts is two, and port 0 is shared by nobody", async () => {
  const free = ["--registry", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]
  await expect(check(...free, "--gateway-https", "127.0.0.1:0", "--api", "127.0.0.1:0")).resolves.toBeUndefined()
  const hosts = ["--registry", "127.0.0.2:36444", "--metrics", "127.0.0.3:36444", "--gateway", "127.0.0.4:36444"]
  await expect(check(...hosts, "--gateway-https", "127.0.0.5:36444", "--api", "127.0.0.1:0")).resolves.toBeUndefined()
})

it("an address that this host does not have, and a name that nobody knows, are refused by the flag that has them", async () => {
  const free = ["--registry", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--gateway-https", "127.0.0.1:0"]
  await expect(check(...free, "--api", "192.0.2.200:36445")).rejects.toThrow(
    "--api: 192.0.2.200 is no address of this host",
  )
  await expect(check(...free, "--api", "127.0.0.1:0", "--gateway", "nobody.invalid:36080")).rejects.toThrow(
    "nobody knows the address of nobody.invalid",
  )
})

it("a port to which fetch does not go is refused where our own clients ask by it, and nowhere else", async () => {
  const elsewhere = ["--metrics", "127.0.0.1:0", "--gateway", "127.0.0.1:6000", "--gateway-https", "127.0.0.1:0"]
  const free = [...elsewhere, "--registry", "127.0.0.1:0", "--api", "127.0.0.1:0"]
  await expect(check(...free)).resolves.toBeUndefined()
  for (const flag of ["--api", "--registry", "--plain-registry"]) {
    await expect(check(...free, flag, "127.0.0.1:5060")).rejects.toThrow(
      `${flag} 127.0.0.1:5060: browsers and the fetch of JavaScript, by which Wick asks there, refuse port 5060`,
    )
  }
})
