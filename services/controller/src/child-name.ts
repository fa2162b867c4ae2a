import { createHash } from "node:crypto"

const nameMax = 63
const hashLength = 32
const headMax = nameMax - hashLength

/**
 * The name of a child: parent and suffix, at most 63 characters, computed as Knative does, so that tools which compute it
 * too find the child. A parent that is too long keeps its start and gets a hash of itself instead of its end; a suffix
 * that is too long for that is hashed with it.
 */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= nameMax) return parent + suffix
  if (suffix.length >= headMax) {
    const name = parent.slice(0, headMax) + md5(parent + suffix)
    return (name + suffix.slice(0, nameMax - name.length)).replace(/[^a-zA-Z0-9]+$/, "")
  }
  return parent.slice(0, headMax - suffix.length) + md5(parent) + suffix
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex")
}
