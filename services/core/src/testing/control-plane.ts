import { execFile } from "node:child_process"
import { join } from "node:path"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../server.ts"

/** A whole control plane on a disk and a port of loopback, with its kubeconfig in `directory/kubeconfig`. */
export async function startTestControlPlane(
  directory: string,
  own: Partial<ControlPlaneOptions> = {},
): Promise<ControlPlane> {
  return startControlPlane({
    directory,
    hosts: ["127.0.0.1"],
    port: 0,
    nodeAddress: "127.0.0.1",
    serviceCidr: "10.235.0.0/16",
    clusterDomain: "cluster.local",
    kubeconfigPath: join(directory, "kubeconfig"),
    version: "v1.36.0",
    nodeProxy: () => undefined,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    onFailure: (error) => {
      throw error
    },
    ...own,
  })
}

/** What a program printed that a user of `directory/kubeconfig` starts; its complaint when it failed. */
export function runAsUser(directory: string, program: string, words: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: directory, KUBECONFIG: join(directory, "kubeconfig") }
    const child = execFile(program, words, { env, cwd: directory, timeout: 120_000 }, (error, out, err) => {
      if (error) reject(new Error(`${program} ${words.join(" ")}: ${err.trim()}`))
      else resolve(out.trim())
    })
    // A program that reads nothing may have ended by now: nothing is written to it.
    if (input === "") child.stdin?.end()
    else child.stdin?.end(input)
  })
}
