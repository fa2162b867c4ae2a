import { execFile, execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert } from "@wick/sdk/assert"
import type { Network } from "../start-network.ts"

const run = (command: string, args: string[]): string =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

/** A network namespace with an address from the real plugins, as containerd would make it for a pod. */
export class PodNamespace implements Disposable {
  readonly name: string
  readonly address: string
  readonly #server: ReturnType<typeof spawn>
  readonly #network: Network

  static async start(network: Network, name: string): Promise<PodNamespace> {
    const pod = new PodNamespace(network, `${network.link}-${name}`)
    await once(pod.#server.stdout as NodeJS.ReadableStream, "data")
    return pod
  }

  private constructor(network: Network, name: string) {
    this.name = name
    this.#network = network
    // `ip netns exec` gives the namespace these files in the place of the host's.
    mkdirSync(`/etc/netns/${name}`, { recursive: true })
    writeFileSync(
      `/etc/netns/${name}/resolv.conf`,
      `nameserver ${network.dnsServer}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n`,
    )
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

  /** Addresses that the system's own resolver finds for a name, or its error's code. */
  lookup(name: string): Promise<string> {
    const script = `require("node:dns").promises.lookup("${name}", { all: true }).then(
      (found) => found.map(({ address }) => address).join(" "), (error) => error.code)
      .then((text) => process.stdout.write(text))`
    return this.#run(script)
  }

  /** Body of the answer, or the error's code. */
  get(url: string): Promise<string> {
    const script = `fetch("${url}", { signal: AbortSignal.timeout(3000) }).then((answer) => answer.text(),
      (error) => error.cause?.code ?? error.name).then((text) => process.stdout.write(text))`
    return this.#run(script)
  }

  /** Output of a script run in the namespace; what serves it may live in this very process, so nothing blocks. */
  async #run(script: string): Promise<string> {
    const args = ["netns", "exec", this.name, process.execPath, "-e", script]
    return (await promisify(execFile)("ip", args)).stdout
  }

  [Symbol.dispose](): void {
    this.#server.kill("SIGKILL")
    this.#plugin("DEL")
    run("ip", ["netns", "delete", this.name])
    rmSync(`/etc/netns/${this.name}`, { recursive: true, force: true })
  }

  #plugin(command: "ADD" | "DEL"): string {
    const { cniConfDir, cniBinDirs } = this.#network
    const [file = ""] = readdirSync(cniConfDir)
    const list = JSON.parse(readFileSync(join(cniConfDir, file), "utf8"))
    const [plugin] = list.plugins
    // Ours reads no configuration, and may have ended before it is written: that is no failure of it.
    const { stdout, status } = spawnSync(join(cniBinDirs[0] ?? "", plugin.type), {
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
    assert(status === 0, `the plugin does what it is asked: ${stdout}`)
    return stdout
  }
}
