/**
 * Rendezvous hashing: of all members the one with the highest hash of (pod, member) owns the pod. Everybody who knows the
 * members finds the same owner without asking; when one goes only its own pods move, and they spread over all others.
 */
export function ownerOf(pod: string, members: Iterable<string>): string | undefined {
  let owner: string | undefined
  let highest = -1
  for (const member of members) {
    const weight = hash(`${pod}\n${member}`)
    // Equal hashes are decided by name, so that the order of the members does not matter.
    if (weight > highest || (weight === highest && owner !== undefined && member < owner)) {
      highest = weight
      owner = member
    }
  }
  return owner
}

/** FNV-1a over UTF-16 units, then murmur3's finish: without it names that differ in their last letter stay neighbours. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
