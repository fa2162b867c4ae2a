import { readFileSync } from "node:fs"
import { type ChannelCredentials, credentials } from "@grpc/grpc-js"
import type { ActivatorTls } from "../activator.ts"

/** Where the autoscaler may be, and how to prove to it who asks. */
export interface AutoscalerAddresses {
  /** Read anew at each attempt: hosts come and go. */
  list(): readonly string[]
  credentials(address: string): ChannelCredentials
  /** There are several, of which one is right now and another may be later. */
  readonly mayMove: boolean
}

/**
 * `unix:/path`, `host:port`, or `@/path` of a file with one such address a line. Other hosts' are spoken to over TLS, where
 * we have a certificate; a socket of this host needs none.
 */
export function autoscalerAddresses(given: string, tls: ActivatorTls | undefined): AutoscalerAddresses {
  const insecure = credentials.createInsecure()
  if (!given.startsWith("@")) return { list: () => [given], credentials: () => insecure, mayMove: false }
  const path = given.slice(1)
  let known: readonly string[] = []
  const secure =
    tls &&
    credentials.createSsl(Buffer.from(tls.authorityPem), Buffer.from(tls.keyPem), Buffer.from(tls.certificatePem))
  return {
    list: () => {
      try {
        known = readFileSync(path, "utf8").split("\n").filter(Boolean)
      } catch {
        // It is being written, or is gone: those that were known may still be there.
      }
      return known
    },
    credentials: (address) => (address.startsWith("unix:") ? insecure : (secure ?? insecure)),
    mayMove: true,
  }
}
