/**
 * Pure: the queues that a flow may wait in. Each flow gets its own small hand of many queues, so that one which fills all
 * of its queues hardly ever fills all of another's.
 *
 * Dealt like cards: of `queues`, then of what is left. A card counts only what is not dealt yet, so it moves up past each
 * dealt one that lies at or below it.
 */
export function handOf(flow: string, queues: number, handSize: number): number[] {
  const dealt: number[] = []
  let state = hash(flow)
  for (let left = queues; left > 0 && dealt.length < handSize; left--) {
    state = mixed(state)
    let card = state % left
    for (const other of dealt) if (other <= card) card += 1
    dealt.push(card)
    dealt.sort((one, other) => one - other)
  }
  return dealt
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}

/** A step of a 32-bit Weyl sequence, well stirred: the numbers of one seed do not repeat for 2^32 steps. */
function mixed(state: number): number {
  let value = (state + 0x9e3779b9) >>> 0
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
