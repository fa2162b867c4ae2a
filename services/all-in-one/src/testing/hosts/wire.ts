import { execFileSync } from "node:child_process"

/** How the wire of a host is cut: wholly, or so that it hears nothing, or so that nobody hears it. */
export type Cut = "both" | "incoming" | "outgoing"

const hooks: Record<Cut, readonly string[]> = {
  both: ["input", "output", "forward"],
  incoming: ["input", "forward"],
  outgoing: ["output"],
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] })
}

/**
 * Network namespaces with a link each to one bridge: hosts on a network of their own, on one machine. The bridge has a
 * namespace too: in the machine's own, rules of whatever else runs there would be applied to what passes over it.
 */
export class Wire implements Disposable {
  readonly #name: string
  readonly #subnet: string
  readonly #count: number

  /** `name` has at most eight characters. */
  constructor(name: string, subnet: string, count: number) {
    this.#name = name
    this.#subnet = subnet
    this.#count = count
    this[Symbol.dispose]()
    const bridge = this.namespace(0)
    run("ip", "netns", "add", bridge)
    run("ip", "-n", bridge, "link", "add", "hosts", "type", "bridge")
    run("ip", "-n", bridge, "link", "set", "hosts", "up")
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "machine", "netns", bridge)
    run("ip", "-n", bridge, "link", "set", "machine", "master", "hosts", "up")
    run("ip", "address", "add", `${subnet}.254/24`, "dev", name)
    run("ip", "link", "set", name, "up")
    for (let at = 1; at <= count; at++) {
      const host = this.namespace(at)
      run("ip", "netns", "add", host)
      run("ip", "-n", bridge, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", host)
      run("ip", "-n", bridge, "link", "set", host, "master", "hosts", "up")
      run("ip", "-n", host, "address", "add", `${this.address(at)}/24`, "dev", "eth0")
      run("ip", "-n", host, "link", "set", "eth0", "up")
      run("ip", "-n", host, "link", "set", "lo", "up")
      run("ip", "-n", host, "route", "add", "default", "via", `${subnet}.254`)
    }
  }

  namespace(at: number): string {
    return `${this.#name}-${at}`
  }

  address(at: number): string {
    return `${this.#subnet}.${at}`
  }

  /** A command that runs in the host's network, and in nothing else of it: cgroups and files are the machine's. */
  inside(at: number, ...command: string[]): [program: string, args: string[]] {
    return ["nsenter", [`--net=/run/netns/${this.namespace(at)}`, ...command]]
  }

  cut(at: number, how: Cut): void {
    const chains = hooks[how].map((hook) => {
      const side = hook === "output" ? "oifname" : "iifname"
      return `chain ${hook} { type filter hook ${hook} priority -300; ${side} "eth0" drop; }`
    })
    this.#run(at, "nft", `table inet cut {\n${chains.join("\n")}\n}`)
  }

  mend(at: number): void {
    this.#run(at, "nft", "delete table inet cut")
  }

  #run(at: number, ...command: string[]): void {
    const [program, args] = this.inside(at, ...command)
    run(program, ...args)
  }

  [Symbol.dispose](): void {
    const quietly = (...args: string[]): void => {
      try {
        run("ip", ...args)
      } catch {
        // It is not there: of an earlier run, or taken down with its namespace.
      }
    }
    quietly("link", "delete", this.#name)
    for (let at = 0; at <= this.#count; at++) quietly("netns", "delete", this.namespace(at))
  }
}
