import { readFileSync } from "node:fs"
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls"

export interface RegistryTransport extends AsyncDisposable {
  readonly fetch: typeof fetch
}

/** Failures of TLS that other authorities may mend. */
const untrusted = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]

/**
 * A `fetch` that also trusts this machine's authorities and those of `authorityFiles` (PEM). They are read, and cost
 * memory, only when a registry shows a certificate that the ones that come with Node do not vouch for.
 */
export function registryTransport(authorityFiles: readonly string[]): RegistryTransport {
  let trusting: Promise<Trusting> | undefined
  return {
    fetch: async (input, init) => {
      if (trusting) return (await trusting).fetch(input, init)
      try {
        return await fetch(input, init)
      } catch (error) {
        if (!untrusted.includes(codeOf(error))) throw error
        trusting ??= openTrusting(authorityFiles)
        return (await trusting).fetch(input, init)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await (await trusting)?.close()
    },
  }
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined
  return cause?.code ?? ""
}

interface Trusting {
  readonly fetch: typeof fetch
  close(): Promise<void>
}

async function openTrusting(authorityFiles: readonly string[]): Promise<Trusting> {
  const { default: Agent } = await import("undici/lib/dispatcher/agent.js")
  const agent = new Agent({ connect: { secureContext: trustOf(authorityFiles) } as object })
  return {
    fetch: (input, init) => fetch(input, { ...init, dispatcher: agent } as object),
    close: () => agent.close(),
  }
}

function trustOf(authorityFiles: readonly string[]): SecureContext {
  const own = authorityFiles.map((file) => readFileSync(file, "utf8"))
  return createSecureContext({ ca: [...getCACertificates("bundled"), ...getCACertificates("system"), ...own] })
}
