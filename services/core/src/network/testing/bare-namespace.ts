import { execFile, execFileSync } from "node:child_process"
import { promisify } from "node:util"

/** What a plugin has answered: its words, and whether it did what it was asked. */
export interface PluginAnswer {
  readonly succeeded: boolean
  readonly said: string
}

const run = (...words: string[]): string =>
  execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

/** A network namespace in which nothing is, for a plugin to work on. */
export class BareNamespace implements Disposable {
  readonly name: string

  constructor(name: string) {
    this.name = name
    run("netns", "add", name)
  }

  /** Calls a plugin for this namespace as containerd would. */
  async call(plugin: string, verb: string, interfaceName = "eth0"): Promise<PluginAnswer> {
    const env = { CNI_COMMAND: verb, CNI_NETNS: `/run/netns/${this.name}`, CNI_IFNAME: interfaceName }
    return promisify(execFile)(plugin, [], { env }).then(
      ({ stdout }) => ({ succeeded: true, said: stdout }),
      (error) => ({ succeeded: false, said: String(error.stdout) }),
    )
  }

  /** Output of `ip` in the namespace. */
  ip(...words: string[]): string {
    return run("-n", this.name, ...words)
  }

  [Symbol.dispose](): void {
    try {
      run("netns", "delete", this.name)
    } catch {
      // The test has deleted it.
    }
  }
}
