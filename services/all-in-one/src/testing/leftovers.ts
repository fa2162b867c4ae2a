import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import type { TestPlatform } from "../testing.ts"
import { run } from "./run.ts"

/** What a function makes, counted: its objects in the API, and all that runs in containerd, the network and mounts. */
export async function leftovers({ client, home }: TestPlatform, name: string): Promise<Record<string, number>> {
  const kinds = [Pod, ReplicaSet, Deployment, Service, EndpointSlice, Revision, Configuration, Route]
  const counts: Record<string, number> = {}
  for (const kind of kinds) {
    const { items } = await client.list(kind, { namespace: "default" })
    counts[`${kind.group}/${kind.plural}`] = items.filter(({ metadata }) => metadata.name.startsWith(name)).length
  }
  const instance = createHash("sha256").update(home).digest("hex").slice(0, 6)
  const socket = join(home, "containerd", "state", "containerd.sock")
  for (const what of ["containers", "tasks", "snapshots"]) counts[what] = await listed(socket, what)
  counts["network namespaces"] = listing("/run/netns").length
  counts.addresses = addressesOf(home)
  counts.mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(home) || line.includes(`wick-${instance}/`)).length
  return counts
}

/** Objects that containerd itself holds; images and their unpacked snapshots stay, so committed ones do not count. */
async function listed(socket: string, what: string): Promise<number> {
  const { stdout } = await run("ctr", ["-a", socket, "-n", "k8s.io", what, "ls"], process.env)
  const lines = stdout.trim().split("\n").slice(1)
  return lines.filter((line) => what !== "snapshots" || line.includes("Active")).length
}

/** Who has an address is in the names of links: 10.234.0.7 is `veth0aea0007`, and the pod range has its first two bytes. */
function addressesOf(home: string): number {
  const { pods } = JSON.parse(readFileSync(join(home, "network", "ranges.json"), "utf8")) as { pods: string }
  const bytes = pods.split(".").slice(0, 2).map(Number)
  const ours = `veth${Buffer.from(bytes).toString("hex")}`
  return listing("/sys/class/net").filter((name) => name.startsWith(ours)).length
}

function listing(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
