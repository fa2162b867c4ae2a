import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createClient } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Network, startNetwork } from "./start-network.ts"

const instance = process.pid.toString(16).slice(-6)
const directory = mkdtempSync(join(tmpdir(), "wick-network-"))
const options = { instance, directory, clock: systemClock, log: silentLog }
const run = (command: string, args: string[], input = ""): string =>
  execFileSync(command, args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] })

/** A network namespace with an address from the real plugins, as containerd would make it for a pod. */
class Pod implements Disposable {
  readonly name: string
  readonly address: string
  readonly #server: ReturnType<typeof spawn>
  readonly #network: Network

  static async start(network: Network, name: string): Promise<Pod> {
    const pod = new Pod(network, `wick-${instance}-${name}`)
    await once(pod.#server.stdout as NodeJS.ReadableStream, "data")
    return pod
  }

  private constructor(network: Network, name: string) {
    this.name = name
    this.#network = network
    run("ip", ["netns", "add", name])
    const result = JSON.parse(this.#plugin("ADD")) as { ips: { address: string }[] }
    this.address = result.ips[0]?.address.split("/")[0] ?? ""
    run("ip", ["-n", name, "link", "set", "lo", "up"])
    const server = `require("node:http").createServer((request, response) => response.end("${name} " +
      request.socket.remoteAddress)).listen(8080, "0.0.0.0", () => console.log("up"))`
    this.#server = spawn("ip", ["netns", "exec", name, process.execPath, "-e", server], {
      stdio: ["ignore", "pipe", "ignore"],
    })
  }

  /** Body of the answer, or the error's code. */
  get(url: string): string {
    const script = `fetch("${url}", { signal: AbortSignal.timeout(3000) }).then((answer) => answer.text(),
      (error) => error.cause?.code ?? error.name).then((text) => process.stdout.write(text))`
    return run("ip", ["netns", "exec", this.name, process.execPath, "-e", script])
  }

  [Symbol.dispose](): void {
    this.#server.kill("SIGKILL")
    this.#plugin("DEL")
    run("ip", ["netns", "delete", this.name])
  }

  #plugin(command: "ADD" | "DEL"): string {
    const { cniConfDir, cniBinDirs } = this.#network
    const [file = ""] = readdirSync(cniConfDir)
    const list = JSON.parse(readFileSync(join(cniConfDir, file), "utf8"))
    const [plugin] = list.plugins
    return execFileSync(join(cniBinDirs[0] ?? "", plugin.type), {
      input: JSON.stringify({ ...plugin, name: list.name, cniVersion: list.cniVersion }),
      encoding: "utf8",
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: this.name,
        CNI_NETNS: `/run/netns/${this.name}`,
        CNI_IFNAME: "eth0",
        CNI_PATH: cniBinDirs.join(":"),
      },
    })
  }
}

/** An API that holds Services and EndpointSlices; `put` changes what the watches tell. */
class Cluster {
  #version = 1
  readonly #objects = new Map<string, { metadata: object }>()
  readonly #watches = new Map<string, ReadableStreamDefaultController<Uint8Array>>()
  readonly informers = createInformers(
    createClient({ fetch: async (request) => this.#answer(new URL(request.url)) }),
    systemClock,
    silentLog,
  )

  put(plural: string, name: string, object: object): void {
    const key = `${plural}/${name}`
    const type = this.#objects.has(key) ? "MODIFIED" : "ADDED"
    const metadata = { name, namespace: "default", uid: name, resourceVersion: String(++this.#version) }
    const labels = { "kubernetes.io/service-name": name }
    const stored = { ...object, metadata: { ...metadata, labels } }
    this.#objects.set(key, stored)
    const line = `${JSON.stringify({ type, object: stored })}\n`
    this.#watches.get(plural)?.enqueue(new TextEncoder().encode(line))
  }

  #answer(url: URL): Response {
    const plural = url.pathname.split("/").at(-1) ?? ""
    if (url.searchParams.get("watch") === "true") {
      return new Response(new ReadableStream({ start: (controller) => void this.#watches.set(plural, controller) }))
    }
    const items = [...this.#objects].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object)
    return Response.json({ metadata: { resourceVersion: String(this.#version) }, items })
  }
}

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
  const cluster = new Cluster()
  let network: Network
  let one: Pod
  let two: Pod
  let web: string
  let lonely: string

  beforeAll(async () => {
    network = await startNetwork(options)
    one = await Pod.start(network, "one")
    two = await Pod.start(network, "two")
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
    expect(one.get(`http://${two.address}:8080`)).toBe(`${two.name} ${one.address}`)
    expect(await text(`http://${two.address}:8080`)).toContain(two.name)
  })

  it("leads a service's address to its pod, for pods and for the host", async () => {
    expect(one.get(`http://${web}`)).toBe(`${two.name} ${one.address}`)
    expect(await text(`http://${web}`)).toBe(`${two.name} ${network.hostAddress}`)
  })

  it("lets a pod call itself through its service", () => {
    expect(two.get(`http://${web}`)).toContain(two.name)
  })

  it("refuses a service without endpoints, and an address without a service, at once", async () => {
    expect(one.get(`http://${lonely}`)).toBe("ECONNREFUSED")
    expect(await text(`http://${lonely}`)).toBe("ECONNREFUSED")
    expect(one.get(`http://${lonely.replace(/41$/, "99")}`)).toBe("ECONNREFUSED")
  })

  it("follows endpoints as they change", async () => {
    cluster.put("endpointslices", "lonely", sliceOf(one.address))
    await expect.poll(() => text(`http://${lonely}`)).toContain(one.name)
    cluster.put("endpointslices", "lonely", sliceOf())
    await expect.poll(() => text(`http://${lonely}`)).toBe("ECONNREFUSED")
  })

  it("starts again with the same ranges and without touching a connection", async () => {
    const again = await startNetwork(options)
    expect([again.podCidr, again.serviceCidr]).toEqual([network.podCidr, network.serviceCidr])
    expect(await text(`http://${web}`)).toContain(two.name)
  })

  it("gives back the addresses of sandboxes that are gone, and only those", async () => {
    expect(await network.releaseLeases(() => true)).toEqual([])
    expect(await network.releaseLeases((sandbox) => sandbox !== two.name)).toEqual([two.address])
  })

  it("leaves nothing on the host once the pods are gone and it is removed", async () => {
    for (const pod of [one, two]) pod[Symbol.dispose]()
    await network.remove()
    const left = ["nft list tables", "ip link", "ip route", "ip netns"].flatMap((command) => {
      const [program = "", ...words] = command.split(" ")
      return run(program, words).includes(`wick-${instance}`) ? [command] : []
    })
    expect(left).toEqual([])
  })
})
