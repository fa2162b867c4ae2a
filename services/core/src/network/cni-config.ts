import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { linkPlugin } from "./pod-link/plugin-directory.ts"

export interface CniSettings {
  readonly name: string
  /** Whether our own plugin makes the links; the usual ones do otherwise. */
  readonly ownPlugin: boolean
  readonly podRange: string
  /** Where host-local keeps one file per address. */
  readonly leaseDirectory: string
  readonly mtuBytes: number | undefined
}

/** Plugins that the pod network runs through where ours cannot. containerd adds `loopback` by itself. */
const plugins = ["ptp", "host-local", "loopback"]
export const usualDirectories = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"]

/**
 * The CNI network list. Each pod has a link of its own to the host and is routed, not bridged: so every packet
 * between two pods passes the host's packet filter, and an answer finds its way back through the address translation
 * of its service. On a bridge the answer would go straight to the caller, who asked another address, unless the host
 * lends its filter to all bridges (br_netfilter).
 */
export function cniNetworkList(settings: CniSettings): object {
  return {
    cniVersion: "1.0.0",
    name: settings.name,
    plugins: [settings.ownPlugin ? { type: linkPlugin } : pointToPoint(settings)],
  }
}

function pointToPoint(settings: CniSettings): object {
  return {
    type: "ptp",
    ...(settings.mtuBytes !== undefined && { mtu: settings.mtuBytes }),
    ipam: {
      type: "host-local",
      dataDir: settings.leaseDirectory,
      ranges: [[{ subnet: settings.podRange }]],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  }
}

export function writeCniConfig(directory: string, settings: CniSettings): void {
  mkdirSync(directory, { recursive: true })
  mkdirSync(settings.leaseDirectory, { recursive: true })
  const text = `${JSON.stringify(cniNetworkList(settings), undefined, 2)}\n`
  writeFileSync(join(directory, `10-${settings.name}.conflist`), text)
}

/** Directories that together hold every plugin needed; throws naming those that none has. */
export function findCniPlugins(directories: readonly string[]): string[] {
  const missing = plugins.filter((plugin) => !directories.some((directory) => existsSync(join(directory, plugin))))
  if (missing.length > 0) {
    throw new Error(
      `CNI plugins ${missing.join(", ")} are in none of ${directories.join(", ")}; ` +
        "install containernetworking-plugins (npm run setup does)",
    )
  }
  return directories.filter((directory) => plugins.some((plugin) => existsSync(join(directory, plugin))))
}
