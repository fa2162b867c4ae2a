import type { Log } from "@wick/sdk/log"
import { type KubeconfigOptions, writeKubeconfig } from "#pki"
import type { Cluster } from "#store"

export interface KeptKubeconfig {
  readonly path: string
  readonly user: KubeconfigOptions["user"]
}

export interface KubeconfigKeeperOptions {
  /** Where this host's API is. */
  readonly server: string
  readonly authorityPem: string
  /** Absent: there is this host and no other. */
  readonly cluster?: Pick<Cluster, "members" | "onChange"> | undefined
  readonly log: Log
}

/** Writes a kubeconfig, and again whenever other servers are to be named in it: this host's first, as the nearest. */
export async function keepKubeconfig(
  { path, user }: KeptKubeconfig,
  { server, authorityPem, cluster, log }: KubeconfigKeeperOptions,
): Promise<Disposable> {
  const write = (servers: readonly string[] | undefined): Promise<void> =>
    writeKubeconfig(path, { cluster: "wick", server, authorityPem, user, ...(servers && { servers }) })
  if (cluster === undefined) {
    await write(undefined)
    return { [Symbol.dispose]: () => {} }
  }
  const servers = (): string[] => [...new Set([server, ...cluster.members().flatMap(({ clientUrls }) => clientUrls)])]
  let written = servers()
  let writing = write(written)
  await writing
  const stop = cluster.onChange(() => {
    const now = servers()
    if (now.join() === written.join()) return
    written = now
    writing = writing.then(() => write(now)).catch((error: unknown) => log.warn("cannot write", { path, error }))
  })
  return { [Symbol.dispose]: stop }
}
