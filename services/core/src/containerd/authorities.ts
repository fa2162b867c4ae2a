import { readFile } from "node:fs/promises"

/** Where systems keep the authorities that they trust, as Go's programs look for them: the first that is there. */
const systemBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
]

/**
 * This machine's authorities and those of `files` in one, since containerd trusts those of one file (`SSL_CERT_FILE`) and
 * 1.6 knows no others that hold for every registry. Undefined where there is nothing to add.
 */
export async function bundleOf(files: readonly string[]): Promise<string | undefined> {
  if (files.length === 0) return undefined
  const system = process.env.SSL_CERT_FILE ? [process.env.SSL_CERT_FILE] : systemBundles
  const added = await Promise.all(files.map((file) => readFile(file, "utf8")))
  return [await firstOf(system), ...added].join("\n")
}

async function firstOf(files: readonly string[]): Promise<string> {
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => undefined)
    if (text !== undefined) return text
  }
  return ""
}
