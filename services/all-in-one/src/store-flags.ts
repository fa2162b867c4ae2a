import { accessSync, constants } from "node:fs"
import { resolve } from "node:path"
import type { ControlPlaneOptions } from "@wick/core"
import type { Log } from "@wick/sdk/log"
import * as z from "zod"
import { Refusal } from "./refusal.ts"

/** Flags that say in whose etcd everything is kept, as those of kube-apiserver do with `etcd` for `store`. */
export const storeFlags = {
  "store-endpoints": z.string().optional(),
  "store-cafile": z.string().optional(),
  "store-certfile": z.string().optional(),
  "store-keyfile": z.string().optional(),
  "store-prefix": z
    .string()
    .regex(/^(\/[\w.-]+)*$/, "must be a path, for example /clusters/one")
    .optional(),
}
type StoreFlags = { readonly [Flag in keyof typeof storeFlags]?: string | undefined }

type Store = NonNullable<ControlPlaneOptions["store"]>

/** Undefined: the store is our own. Throws a Refusal that names the flag. */
export function storeOf(
  flags: StoreFlags & { readonly "etcd-listen"?: unknown; readonly "backup-to"?: unknown },
  log: Log,
): Store | undefined {
  const given = flags["store-endpoints"]
  if (given === undefined) {
    const other = Object.keys(storeFlags).find((flag) => flags[flag as keyof StoreFlags] !== undefined)
    if (other !== undefined) throw wrong(`--${other} says how an etcd is reached, and --store-endpoints names none`)
    return undefined
  }
  if (flags["etcd-listen"] !== undefined) {
    throw wrong("--etcd-listen answers for a store of our own; with --store-endpoints, ask that etcd itself")
  }
  if (flags["backup-to"] !== undefined) {
    throw wrong(
      "--backup-to copies a store of our own; with --store-endpoints, back up that etcd: etcdctl snapshot save",
    )
  }
  const endpoints = given.split(",").map((text) => endpointOf(text.trim()))
  const plain = endpoints.find(({ protocol, hostname }) => protocol === "http:" && !isLoopback(hostname))
  if (plain !== undefined) {
    const warning = "whoever can listen on the network or reach that etcd reads and writes everything: use https"
    log.warn("the store is reached without TLS", { endpoint: plain.origin, warning })
  }
  const [caFile, certFile, keyFile] = (["store-cafile", "store-certfile", "store-keyfile"] as const).map((flag) =>
    readable(flag, flags[flag]),
  )
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw wrong("--store-certfile and --store-keyfile go together: a certificate and its private key")
  }
  const prefix = flags["store-prefix"] ?? ""
  return { endpoints: endpoints.map(({ origin }) => origin), prefix, tls: { caFile, certFile, keyFile } }
}

function endpointOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isBare = url !== undefined && url.pathname === "/" && url.search === "" && url.username === ""
  if (url === undefined || !isBare || !["http:", "https:"].includes(url.protocol)) {
    throw wrong(`--store-endpoints ${text}: must be https://HOST:PORT, several with commas between them`)
  }
  return url
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname)
}

function readable(flag: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    accessSync(file, constants.R_OK)
    return resolve(file)
  } catch (error) {
    throw wrong(`--${flag} ${file}: ${(error as Error).message}`)
  }
}

function wrong(what: string): Refusal {
  return new Refusal(what, "see wick up --help", 2)
}
