import { createHash } from "node:crypto"

const nameMax = 63
const hashLength = 32

/**
 * The name of a child: parent and suffix, at most 63 characters. A name that would be longer keeps its start and gets a
 * hash of the whole instead of its end, so that it stays unique and the same at every look.
 */
export function childName(parent: string, suffix: string): string {
  const name = parent + suffix
  if (name.length <= nameMax) return name
  const hash = createHash("md5").update(name).digest("hex")
  const room = nameMax - hashLength - (suffix.length < nameMax - hashLength ? suffix.length : 0)
  const kept = parent.slice(0, Math.max(0, room))
  return suffix.length < nameMax - hashLength ? `${kept}${hash}${suffix}` : hash
}
