import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startDns } from "#dns"
import { type Network, startNetwork } from "./start-network.ts"
import { PodNamespace } from "./testing/pod-namespace.ts"
import { ScriptedCluster } from "./testing/scripted-cluster.ts"

const instance = process.pid.toString(16).slice(-6)
const directory = mkdtempSync(join(tmpdir(), "wick-network-"))
const options = { instance, directory, clock: systemClock, log: silentLog }
const run = (command: string, args: string[], input = ""): string =>
  execFileSync(command, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] })

const serviceOn = (clusterIP: string): object => ({
  spec: { type: "ClusterIP", clusterIP, sessionAffinity: "None", ports: [{ protocol: "TCP", port: 80 }] },
})
const sliceOf = (...addresses: string[]): object => ({
  addressType: "IPv4",
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  ports: [{ name: "", protocol: "TCP", port: 8080 }],
})
const text = async (url: string): Promise<string> =>
  fetch(url, { signal: AbortSignal.timeout(3000), headers: { connection: "close" } }).then(
    (answer) => answer.text(),
    (error) => error.cause?.code ?? error.name,
  )

describe("the pod network on this machine", () => {
  const cluster = new ScriptedCluster()
  let network: Network
  let one: PodNamespace
  let two: PodNamespace
  let web: string
  let lonely: string

  beforeAll(async () => {
    network = await startNetwork(options)
    one = await PodNamespace.start(network, "one")
    two = await PodNamespace.start(network, "two")
    const base = network.serviceCidr.split(".").slice(0, 3).join(".")
    web = `${base}.40`
    lonely = `${base}.41`
    cluster.put("services", "web", serviceOn(web))
    cluster.put("endpointslices", "web", sliceOf(two.address))
    cluster.put("services", "lonely", serviceOn(lonely))
    await network.followServices(cluster.informers)
  })

  afterAll(async () => {
    await network?.remove()
    await cluster.informers[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  it("lets pods and host reach a pod, with the caller's own address", async () => {
    expect(await one.get(`http://${two.address}:8080`)).toBe(`${two.name} ${one.address}`)
    expect(await text(`http://${two.address}:8080`)).toContain(two.name)
  })

  it("leads a service's address to its pod, for pods and for the host", async () => {
    expect(await one.get(`http://${web}`)).toBe(`${two.name} ${one.address}`)
    expect(await text(`http://${web}`)).toBe(`${two.name} ${network.hostAddress}`)
  })

  it("lets a pod call itself through its service", async () => {
    expect(await two.get(`http://${web}`)).toContain(two.name)
  })

  it("refuses a service without endpoints, and an address without a service, at once", async () => {
    expect(await one.get(`http://${lonely}`)).toBe("ECONNREFUSED")
    expect(await text(`http://${lonely}`)).toBe("ECONNREFUSED")
    expect(await one.get(`http://${lonely.replace(/41$/, "99")}`)).toBe("ECONNREFUSED")
  })

  it("refuses the address of a pod that is not there at once, and asks nobody outside for it", async () => {
    const nobody = one.address.replace(/\d+$/, "250")
    expect(await text(`http://${nobody}:8080`)).toBe("EHOSTUNREACH")
    expect(await one.get(`http://${nobody}:8080`)).toBe("EHOSTUNREACH")
  })

  it("follows endpoints as they change", async () => {
    cluster.put("endpointslices", "lonely", sliceOf(one.address))
    await expect.poll(() => text(`http://${lonely}`)).toContain(one.name)
    cluster.put("endpointslices", "lonely", sliceOf())
    await expect.poll(() => text(`http://${lonely}`)).toBe("ECONNREFUSED")
  })

  it("lets a pod find services by their names, short and long", async () => {
    await using dns = await startDns({ host: network.dnsServer, informers: cluster.informers, log: silentLog })
    await dns.synced
    const names = ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"]
    expect(await Promise.all(names.map((name) => two.lookup(name)))).toEqual(names.map(() => web))
    expect(await one.get("http://web")).toBe(`${two.name} ${one.address}`)
    expect(await two.lookup("nobody.default.svc.cluster.local")).toBe("ENOTFOUND")
  })

  it("keeps apart from a second Wick on the same machine", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "wick-network-"))
    const other = await startNetwork({ ...options, instance: `${instance}0`.slice(-6), directory: elsewhere })
    expect(other.podCidr).not.toBe(network.podCidr)
    expect(other.serviceCidr).not.toBe(network.serviceCidr)
    const moved = await startNetwork({
      ...options,
      instance: other.link.slice(5),
      directory: elsewhere,
      podCidr: "10.77.0.0/16",
    })
    expect(run("ip", ["-4", "address", "show", "dev", moved.link])).not.toContain(other.hostAddress)
    expect(run("ip", ["route"])).not.toContain(other.podCidr)
    await moved.remove()
    rmSync(elsewhere, { recursive: true, force: true })
    expect(await one.get(`http://${web}`)).toContain(two.name)
  })

  it("keeps Wicks apart that start at the same moment", async () => {
    const instances = ["a", "b", "c"].map((last) => `${instance}${last}`.slice(-6))
    const directories = instances.map(() => mkdtempSync(join(tmpdir(), "wick-network-")))
    const networks = await Promise.all(
      instances.map((other, at) => startNetwork({ ...options, instance: other, directory: directories[at] ?? "" })),
    )
    const ranges = [network, ...networks].flatMap(({ podCidr, serviceCidr }) => [podCidr, serviceCidr])
    for (const other of networks) await other.remove()
    expect(new Set(ranges).size).toBe(ranges.length)
  })

  it("keeps off the addresses of a pod that has outlived its Wick", async () => {
    const [before, after] = ["d", "e"].map((last) => ({
      ...options,
      instance: `${instance}${last}`.slice(-6),
      directory: mkdtempSync(join(tmpdir(), "wick-network-")),
    })) as [typeof options, typeof options]
    await using undo = new AsyncDisposableStack()
    const gone = await startNetwork(before)
    undo.defer(() => gone.remove())
    const orphan = undo.use(await PodNamespace.start(gone, "orphan"))
    await gone.takeDown()
    const next = await startNetwork(after)
    expect(next.podCidr).not.toBe(gone.podCidr)
    await next.remove()
    const again = await startNetwork(before)
    expect(again.podCidr).toBe(gone.podCidr)
    expect(await text(`http://${orphan.address}:8080`)).toContain(orphan.name)
  })

  it("starts again with the same ranges and without touching a connection", async () => {
    const again = await startNetwork(options)
    expect([again.podCidr, again.serviceCidr]).toEqual([network.podCidr, network.serviceCidr])
    expect(await text(`http://${web}`)).toContain(two.name)
  })

  it("makes links by the usual plugins where its own may not be executed, and gives back addresses of what is gone", async () => {
    const sealed = mkdtempSync(join(tmpdir(), "wick-network-"))
    run("mount", ["-t", "tmpfs", "-o", "noexec", "none", sealed])
    await using undo = new AsyncDisposableStack()
    undo.defer(() => {
      run("umount", [sealed])
      rmSync(sealed, { recursive: true })
    })
    const other = await startNetwork({ ...options, instance: `${instance}f`.slice(-6), directory: sealed })
    undo.defer(() => other.remove().catch(() => {}))
    const pod = undo.use(await PodNamespace.start(other, "usual"))
    expect(await text(`http://${pod.address}:8080`)).toContain(pod.name)
    expect(await other.releaseLeases(() => true)).toEqual([])
    expect(await other.releaseLeases((sandbox) => sandbox !== pod.name)).toEqual([pod.address])
  })

  it("offers containerd the plugins of the machine beside its own, for configurations of others", async () => {
    const [offered = ""] = network.cniBinDirs
    const configuration = {
      cniVersion: "1.0.0",
      name: "theirs",
      type: "ptp",
      ipam: { type: "host-local", dataDir: join(directory, "theirs"), subnet: "10.239.76.0/24" },
    }
    const name = `${network.link}-theirs`
    run("ip", ["netns", "add", name])
    const plugin = (command: string): string =>
      execFileSync(join(offered, configuration.type), {
        input: JSON.stringify(configuration),
        encoding: "utf8",
        env: {
          CNI_COMMAND: command,
          CNI_CONTAINERID: name,
          CNI_NETNS: `/run/netns/${name}`,
          CNI_IFNAME: "eth0",
          CNI_PATH: offered,
        },
      })
    expect(JSON.parse(plugin("ADD")).ips[0].address).toMatch(/^10\.239\.76\./)
    plugin("DEL")
    run("ip", ["netns", "delete", name])
  })

  it("leaves nothing on the host once the pods are gone and it is removed", async () => {
    for (const pod of [one, two]) pod[Symbol.dispose]()
    await network.remove()
    const left = ["nft list tables", "ip link", "ip route", "ip netns"].flatMap((command) => {
      const [program = "", ...words] = command.split(" ")
      const said = run(program, words)
      return said.includes(`wick-${instance}`) || said.includes(network.podCidr) ? [command] : []
    })
    expect(left).toEqual([])
  })
})
