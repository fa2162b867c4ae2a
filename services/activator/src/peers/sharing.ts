import { type LinksWorld, PeerLinks } from "./peer-links.ts"
import { SlotLender } from "./slot-lender.ts"

export interface Sharing extends Disposable {
  readonly lender: SlotLender
  readonly links: PeerLinks
}

/** Joins the connections to other activators with what is said on them. `self` is where they reach this one. */
export function shareSlots({ self, clock, log, proof }: Omit<LinksWorld, "events">): Sharing {
  const lender: SlotLender = new SlotLender({
    self,
    clock,
    send: (peer, message) => links.send(peer, message),
    atEndOfTurn: (callback) => void setImmediate(callback),
    overruled: (pods, silent) => {
      log.warn("activators do not say what they have in pods; these are used all the same", {
        pods,
        peers: [...silent],
      })
      for (const peer of silent) links.drop(peer)
    },
  })
  const links: PeerLinks = new PeerLinks({
    self,
    clock,
    log,
    proof,
    events: {
      members: (members) => lender.setMembers(members),
      opened: (peer) => lender.opened(peer),
      closed: (peer) => lender.closed(peer),
      received: (peer, message) => lender.received(peer, message),
    },
  })
  return { lender, links, [Symbol.dispose]: () => links[Symbol.dispose]() }
}
