import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "@wick/sdk/assert"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { parseRange } from "../address.ts"
import { BareNamespace } from "../testing/bare-namespace.ts"
import { linkPlugin, PluginDirectory } from "./plugin-directory.ts"

/** Nobody's in practice (RFC 2544); places 2 to 6 are for pods. */
const range = "198.19.77.0/29"
const hostAddress = "198.19.77.1"
const addresses = [2, 3, 4, 5, 6].map((place) => `198.19.77.${place}`)
const bridge = `wlt${process.pid}`
const directory = mkdtempSync(join(tmpdir(), "wick-pod-link-"))
const lastAddressFile = join(directory, "last-address")
const plugin = join(directory, "bin", linkPlugin)
const loopback = join(directory, "bin", "loopback")
const ip = (...words: string[]): string =>
  execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

describe("the plugin that makes a pod's link", () => {
  let pods: BareNamespace[] = []
  const pod = (): BareNamespace => {
    const made = new BareNamespace(`${bridge}-${pods.length}`)
    pods.push(made)
    return made
  }
  const add = async (to: BareNamespace): Promise<string> => {
    const { said } = await to.call(plugin, "ADD")
    return JSON.parse(said).ips?.[0].address.split("/")[0] ?? said
  }

  beforeAll(async () => {
    ip("link", "add", bridge, "type", "bridge")
    ip("link", "set", bridge, "up")
    ip("address", "add", `${hostAddress}/32`, "dev", bridge)
    const plugins = await PluginDirectory.make(join(directory, "bin"), [])
    const parsed = parseRange(range)
    assert(plugins && parsed, "our plugins run here")
    await plugins.writeLinkPlugin({ pods: parsed, mtuBytes: 1400, lastAddressFile })
  })
  afterEach(async () => {
    for (const each of pods) await each.call(plugin, "DEL")
    for (const each of pods) each[Symbol.dispose]()
    pods = []
    rmSync(lastAddressFile, { force: true })
  })
  afterAll(() => {
    ip("link", "delete", bridge)
    rmSync(directory, { recursive: true, force: true })
  })

  it("gives the pod an address and a way out, and the host a way to the pod", async () => {
    const one = pod()
    const { said } = await one.call(plugin, "ADD")
    expect(JSON.parse(said)).toEqual({
      cniVersion: "1.0.0",
      interfaces: [
        { name: "vethc6134d02", mac: "0e:58:c6:13:4d:02" },
        { name: "eth0", mac: "0a:58:c6:13:4d:02", sandbox: `/run/netns/${one.name}` },
      ],
      ips: [{ interface: 1, address: "198.19.77.2/29", gateway: hostAddress }],
      routes: [{ dst: "0.0.0.0/0" }],
      dns: {},
    })
    expect(one.ip("route").trim()).toBe(`default via ${hostAddress} dev eth0 onlink`)
    expect(one.ip("address", "show", "eth0")).toMatch(/UP.* mtu 1400 [\s\S]*inet 198\.19\.77\.2\/29 /)
    expect(ip("route", "get", "198.19.77.2")).toContain(`dev vethc6134d02 src ${hostAddress}`)
  })

  it("knows both ends' hardware addresses, so that nobody asks for them", async () => {
    const one = pod()
    await add(one)
    expect(one.ip("neigh")).toContain(`${hostAddress} dev eth0 lladdr 0e:58:c6:13:4d:02 PERMANENT`)
    expect(one.ip("link", "show", "eth0")).toContain("link/ether 0a:58:c6:13:4d:02")
    expect(ip("neigh", "show", "dev", "vethc6134d02")).toContain("198.19.77.2 lladdr 0a:58:c6:13:4d:02 PERMANENT")
    expect(ip("link", "show", "vethc6134d02")).toContain("link/ether 0e:58:c6:13:4d:02")
  })

  it("gives each of many pods that start at once an address of its own, and says when there is none left", async () => {
    const crowd = Array.from({ length: addresses.length + 1 }, pod)
    const given = await Promise.all(crowd.map(add))
    const refused = given.filter((answer) => answer.startsWith("{"))
    expect(given.filter((answer) => !answer.startsWith("{")).toSorted()).toEqual(addresses)
    expect(refused.map((answer) => JSON.parse(answer).msg)).toEqual(["all addresses of the pod range are taken"])
  })

  it("lets an address rest as long as there are others", async () => {
    const one = pod()
    const given: string[] = []
    for (let round = 0; round < addresses.length + 1; round += 1) {
      given.push(await add(one))
      await one.call(plugin, "DEL")
    }
    expect(given).toEqual([...addresses, addresses[0]])
  })

  it("gives nobody the address of a pod that runs, though what was given last is forgotten", async () => {
    const [one, two] = [pod(), pod()]
    expect(await add(one)).toBe(addresses[0])
    rmSync(lastAddressFile)
    expect(await add(two)).toBe(addresses[1])
    writeFileSync(lastAddressFile, "nonsense")
    expect(await add(pod())).toBe(addresses[2])
  })

  it("passes over an address that a link of another maker leads to", async () => {
    ip("route", "add", `${addresses[0]}/32`, "dev", bridge)
    expect(await add(pod())).toBe(addresses[1])
    ip("route", "delete", `${addresses[0]}/32`, "dev", bridge)
    expect(existsSync("/sys/class/net/vethc6134d02")).toBe(false)
  })

  it("passes over what a start that was killed has left, until its namespace is gone", async () => {
    const [killed, two] = [pod(), pod()]
    ip("link", "add", "vethc6134d02", "type", "veth", "peer", "name", "eth0", "netns", killed.name)
    expect(await add(two)).toBe(addresses[1])
    killed[Symbol.dispose]()
    await expect.poll(() => existsSync("/sys/class/net/vethc6134d02")).toBe(false)
    rmSync(lastAddressFile)
    expect(await add(pod())).toBe(addresses[0])
  })

  it("leaves nothing of a link that could not be finished", async () => {
    const one = pod()
    one.ip("link", "set", "lo", "up")
    one.ip("route", "add", "default", "dev", "lo")
    const { succeeded, said } = await one.call(plugin, "ADD")
    expect([succeeded, JSON.parse(said).msg]).toEqual([false, "giving the pod its address: the kernel's error is 17"])
    expect(existsSync("/sys/class/net/vethc6134d02")).toBe(false)
    expect(one.ip("link")).not.toContain("eth0")
  })

  it("ends a link once and again, also when its namespace is gone", async () => {
    const one = pod()
    await add(one)
    expect(await one.call(plugin, "CHECK")).toEqual({ succeeded: true, said: "" })
    const gone = { succeeded: true, said: "" }
    expect(await one.call(plugin, "DEL")).toEqual(gone)
    expect(existsSync("/sys/class/net/vethc6134d02")).toBe(false)
    expect((await one.call(plugin, "CHECK")).succeeded).toBe(false)
    expect(await one.call(plugin, "DEL")).toEqual(gone)
    one[Symbol.dispose]()
    expect(await one.call(plugin, "DEL")).toEqual(gone)
  })

  it("refuses what it cannot do, in words", async () => {
    const one = pod()
    const words = async (verb: string, name?: string): Promise<string> =>
      JSON.parse((await one.call(plugin, verb, name)).said).msg
    await add(one)
    expect(await words("ADD")).toBe("the pod has a link of this name")
    expect(await words("ADD", "a-name-of-sixteen")).toBe("CNI_IFNAME is too long")
    expect(await words("REMEMBER")).toBe("CNI_COMMAND is none of ADD, DEL, CHECK, VERSION")
    one[Symbol.dispose]()
    expect(await words("ADD")).toBe("there is no such network namespace")
  })

  it("sets lo up", async () => {
    const one = pod()
    expect(JSON.parse((await one.call(loopback, "ADD", "lo")).said).interfaces[0].name).toBe("lo")
    expect(one.ip("address", "show", "lo")).toMatch(/UP[\s\S]*127\.0\.0\.1\/8/)
    expect(await one.call(loopback, "DEL", "lo")).toEqual({ succeeded: true, said: "" })
  })
})
