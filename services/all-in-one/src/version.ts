import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")

export function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }
  return manifest.version
}

/** The version of Kubernetes whose API is served, and ours. */
export function apiVersion(): string {
  return `v1.36.0+wick${ownVersion()}`
}

/** Changes when a source file of a service does: a process that runs other code is replaced and not adopted. */
export function codeFingerprint(service: string): string {
  const hash = createHash("sha256").update(process.version)
  for (const directory of [join(root, "..", service, "src"), join(root, "..", "..", "sdk", "src")]) {
    for (const file of readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted()) {
      const { mtimeMs, size } = statSync(join(directory, file))
      hash.update(`${file} ${mtimeMs} ${size}\n`)
    }
  }
  return hash.digest("hex").slice(0, 16)
}
