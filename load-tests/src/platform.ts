import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/serving/service"
import { type Client, connect } from "@wick/sdk/client"
import {
  binaryImage,
  fileEntry,
  nodeImage,
  parseImageReference,
  programEntries,
  pushImage,
  textEntry,
} from "@wick/sdk/oci"
import type { Target } from "./open-loop.ts"

/** The running Wick that is measured. */
export interface Platform {
  readonly client: Client
  /** `https://127.0.0.1:6443`. */
  readonly api: string
  /** PEM of the authority that the API's certificate is from. */
  readonly authority: string
  readonly gatewayPort: number
  readonly registry: string
  readonly domain: string
  readonly controlPid: number
  readonly home: string
}

export const namespace = "default"

/** A function that takes longer than this has no figure worth telling. */
const readyMsMax = 60_000
/** Longer than the last pod's window, drain and grace period. */
const zeroMsMax = 120_000

export async function openPlatform(env: NodeJS.ProcessEnv): Promise<Platform> {
  const home = env.WICK_HOME ?? join(homedir(), ".wick")
  const state = JSON.parse(readFileSync(join(home, "wick.json"), "utf8")) as Record<string, string>
  return {
    client: (await connect({ kubeconfig: join(home, "kubeconfig"), env })).client,
    api: state.api ?? "",
    authority: readFileSync(join(home, "pki", "ca.crt"), "utf8"),
    gatewayPort: Number(new URL(state.gateway ?? "").port),
    registry: state.registry ?? "",
    domain: state.domain ?? "",
    controlPid: Number(state.pid),
    home,
  }
}

/** Images that scenarios run: a static binary, a fast server, and three of Node: one takes its time, one upgrades, one mirrors. */
export async function pushImages({ registry }: Platform): Promise<void> {
  const busybox = fileEntry("/bin/busybox", "/bin/busybox", 0o755)
  const start = `#!/bin/busybox sh\ntrap "exit 0" TERM\n/bin/busybox httpd -f -p "$PORT" -h /www &\nwait\n`
  const page = textEntry("/www/index.html", "hello\n")
  const still = binaryImage([...busybox, textEntry("/start", start, 0o755), page], {
    entrypoint: ["/start"],
    user: "65532",
  })
  const fast = binaryImage([...programEntries("/usr/sbin/nginx", "/usr/sbin/nginx"), textEntry("/nginx.conf", nginx)], {
    entrypoint: ["/usr/sbin/nginx", "-p", "/tmp", "-c", "/nginx.conf"],
    user: "65532",
  })
  const slow = nodeImage({ directory: join(import.meta.dirname, "functions", "slow") })
  const upgrade = nodeImage({ directory: join(import.meta.dirname, "functions", "upgrade") })
  const mirror = nodeImage({ directory: join(import.meta.dirname, "functions", "mirror") })
  await Promise.all(
    Object.entries({ still, fast, slow, upgrade, mirror }).map(async ([name, image]) => {
      const reference = parseImageReference(`load-${name}`, registry)
      if (reference) await pushImage(image, reference)
    }),
  )
}

const nginx = `daemon off; pid /tmp/nginx.pid; error_log stderr crit; worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server { listen 8080 reuseport; location / { return 200 "hello\\n"; } }
}
`

export interface FunctionOptions {
  readonly image: string
  readonly annotations?: Record<string, string>
  readonly containerConcurrency?: number
  readonly timeoutSeconds?: number
}

/** Deploys a function and resolves when it is Ready, with the time that took. */
export async function deploy(platform: Platform, name: string, options: FunctionOptions): Promise<number> {
  const startedAt = performance.now()
  const prefixed = Object.entries(options.annotations ?? {}).map(([key, value]) => [
    `autoscaling.knative.dev/${key}`,
    value,
  ])
  await platform.client.create(Service, {
    metadata: { name, namespace },
    spec: {
      template: {
        metadata: { annotations: Object.fromEntries(prefixed) },
        spec: {
          ...(options.timeoutSeconds !== undefined && { timeoutSeconds: options.timeoutSeconds }),
          ...(options.containerConcurrency !== undefined && { containerConcurrency: options.containerConcurrency }),
          containers: [{ name: "user-container", image: `${platform.registry}/load-${options.image}` }],
        },
      },
    },
  })
  await untilReady(platform, name)
  return performance.now() - startedAt
}

/** Changes the function's revision: its environment, and annotations of scaling. Resolves when the new one has the traffic. */
export async function roll(
  platform: Platform,
  name: string,
  version: number,
  annotations: Record<string, string>,
): Promise<void> {
  const { items } = await platform.client.list(Service, { namespace, fieldSelector: `metadata.name=${name}` })
  const container = items[0]?.spec.template?.spec?.containers[0]
  const prefixed = Object.entries(annotations).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value])
  const body = {
    spec: {
      template: {
        metadata: { annotations: Object.fromEntries(prefixed) },
        spec: { containers: [{ ...container, env: [{ name: "VERSION", value: String(version) }] }] },
      },
    },
  }
  await platform.client.patch(Service, { name, namespace }, { type: "merge", body })
  await untilReady(platform, name)
}

async function untilReady(platform: Platform, name: string): Promise<void> {
  let last = "nothing was said of it"
  const signal = AbortSignal.timeout(readyMsMax)
  for await (const event of platform.client.watch(Service, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
    signal,
  })) {
    if (event.type === "BOOKMARK" || event.type === "DELETED") continue
    const ready = event.object.status?.conditions?.find(({ type }) => type === "Ready")
    if (ready?.status === "True" && event.object.status?.observedGeneration === event.object.metadata.generation) return
    if (ready?.status === "False") throw new Error(`${name}: ${ready.reason}: ${ready.message}`)
    last = `${ready?.reason}: ${ready?.message}`
  }
  // The watch ends with its time, and says nothing of that.
  throw new Error(`${name} is not ready after ${readyMsMax / 1_000} s: ${last}`)
}

export async function remove(platform: Platform, name: string): Promise<void> {
  await platform.client.delete(Service, { name, namespace }, { propagationPolicy: "Foreground" })
}

export function target({ gatewayPort, domain }: Platform, name: string, path = "/"): Target {
  return { port: gatewayPort, host: `${name}.${namespace}.${domain}`, path }
}

/** Pods of a function that still exist in any form, a terminating one included. */
export async function podsOf({ client }: Platform, name: string): Promise<Pod[]> {
  const labelSelector = `serving.knative.dev/service=${name}`
  return (await client.list(Pod, { namespace, labelSelector })).items
}

/** Resolves when nothing of the function runs, not even a terminating container. */
export async function atZero(platform: Platform, name: string): Promise<void> {
  const labelSelector = `serving.knative.dev/service=${name}`
  const { items, metadata } = await platform.client.list(Pod, { namespace, labelSelector })
  let left = items.length
  if (left === 0) return
  const resourceVersion = metadata.resourceVersion ?? ""
  const signal = AbortSignal.timeout(zeroMsMax)
  for await (const event of platform.client.watch(Pod, { namespace, labelSelector, resourceVersion, signal })) {
    if (event.type === "DELETED") left--
    if (event.type === "ADDED") left++
    if (left === 0) return
  }
  const there = (await podsOf(platform, name)).map(({ metadata, status }) => {
    return `${metadata.name} ${status?.phase} deleted ${metadata.deletionTimestamp ?? "never"}`
  })
  throw new Error(
    `${name} is not at zero after ${zeroMsMax / 1_000} s: ${left} by events, of which there are ${there.join("; ")}`,
  )
}
