/**
 * Pure: the queues that a flow may wait in. Each flow gets its own small hand of many queues, so that one which fills all
 * of its queues hardly ever fills all of another's.
 */
export function handOf(flow: string, queues: number, handSize: number): number[] {
  const hand: number[] = []
  let state = hash(flow)
  while (hand.length < Math.min(handSize, queues)) {
    state = mixed(state)
    const card = state % queues
    if (!hand.includes(card)) hand.push(card)
  }
  return hand
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
