import { mkdir } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import type { Clock } from "@wick/sdk/clock"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import { BlobStore } from "./blob-store.ts"
import { createDistributionApi } from "./distribution-api.ts"
import { ManifestStore } from "./manifest-store.ts"
import { OtherRegistries, type OtherRegistry } from "./other-registries.ts"
import { PullThrough } from "./pull-through.ts"
import { TagNews } from "./tag-news.ts"

export interface RegistryOptions {
  readonly directory: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Registries of the cluster's other hosts, of which what is not here is fetched; absent: there are none. */
  readonly others?: (() => readonly OtherRegistry[]) | undefined
  readonly clock: Clock
  readonly log: Log
}

export interface Registry extends AsyncDisposable {
  /** `HOST:PORT`, as images of it are named. */
  readonly address: string
  /** What this one has itself: for the registries of other hosts. */
  readonly own: (request: Request) => Promise<Response>
}

/** Opens the registry; blobs that no manifest names are removed first, while nobody pushes. */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { directory, host, port, clock, log } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const blobs = new BlobStore(directory)
  await blobs.open()
  const manifests = new ManifestStore(directory, blobs)
  await collectGarbage(blobs, manifests, log)
  const own = { blobs, manifests, now: () => clock.now() }
  const others = options.others && new OtherRegistries(options.others, clock)
  const elsewhere = others && new PullThrough({ others, blobs, manifests, log })
  const news = others && elsewhere && new TagNews({ others, elsewhere, manifests, clock, log })
  const api = createDistributionApi({ ...own, elsewhere, onTag: news?.spread })
  const server = createServer(getRequestListener(api))
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  news?.catchUp()
  return {
    address: hostPort(host, (server.address() as AddressInfo).port),
    own: createDistributionApi({ ...own, onNews: news?.heard }),
    async [Symbol.asyncDispose]() {
      await news?.[Symbol.asyncDispose]()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function collectGarbage(blobs: BlobStore, manifests: ManifestStore, log: Log): Promise<void> {
  const kept = await manifests.referenced()
  const unreferenced = (await blobs.digests()).filter((digest) => !kept.has(digest))
  for (const digest of unreferenced) await blobs.remove(digest)
  if (unreferenced.length > 0) log.info("removed blobs that no image names", { count: unreferenced.length })
}
