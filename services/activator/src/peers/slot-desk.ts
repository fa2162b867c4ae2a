import { PeerAccount } from "./peer-account.ts"
import { PodLoan } from "./pod-loan.ts"
import { ownerOf } from "./rendezvous.ts"
import { type SlotMessage, wantMax } from "./slot-messages.ts"

/** What the desk does to the world, in the order of the calls. */
export interface DeskEffects {
  send(peer: string, message: SlotMessage): void
  /** So many requests may this activator have in the pod from now on; it may have more still, from before. */
  setSlots(pod: string, slots: number): void
  /** Since when the oldest request waits here for the revision. */
  oldest(revision: string): number | undefined
  /** A peer has granted a slot, so the pod answers. Returns whether a request of this activator can go into it. */
  canUse(pod: string): boolean
}

/** Pods that were claimed before they were seen here; informers bring them within moments. */
const unseenMax = 10_000

/** What a peer is to this activator: one that drains owns no pods, but holds slots still. */
export interface Member {
  readonly eligible: boolean
}

/**
 * Keeps containerConcurrency a limit of the pod and not of the activator. Each pod has an owner among the activators, by
 * rendezvous hashing; the owner alone says who may have a request in it, itself included. Whoever has requests waiting
 * tells all others, and the owner of a free slot gives it to the one that has waited longest.
 *
 * A new owner gives nothing before every living activator has said what it holds (`claim`, `held`), and whoever says so
 * takes no more grants from anybody else. It says so only when it sees the same members, and thus the same owner. So two
 * activators that see different members never both own a pod: the old owner goes on until the new one asks it. What was
 * lent over a connection that broke stays lent until the other side says anew what it holds, or is no member any more.
 *
 * A synchronous state machine without clock and I/O. Alone it owns every pod at once and sends nothing.
 */
export class SlotDesk {
  readonly #self: () => string
  readonly #effects: DeskEffects
  readonly #peers = new Map<string, PeerAccount>()
  readonly #loans = new Map<string, PodLoan>()
  /** By revision: since when requests wait here, oldest first. */
  readonly #waiting = new Map<string, readonly number[]>()
  #view = ""
  #round = 0
  #unseen = 0
  /** Nobody, until the members have been told for the first time. */
  #owners: readonly string[] = []

  constructor(self: () => string, effects: DeskEffects) {
    this.#self = self
    this.#effects = effects
  }

  /** All living activators as this one sees them; itself among them or not. */
  setMembers(members: ReadonlyMap<string, Member>, nowMs: number): void {
    for (const peer of this.#peers.keys()) if (!members.has(peer)) this.#forget(peer)
    for (const peer of members.keys()) {
      if (peer !== this.#self() && !this.#peers.has(peer)) this.#peers.set(peer, new PeerAccount())
    }
    this.#round++
    const known = [...members.keys()].sort()
    const staying = known.filter((member) => members.get(member)?.eligible)
    this.#view = known.map((member) => (members.get(member)?.eligible ? member : `${member} leaving`)).join(", ")
    // Where all leave they own the pods to the end. Whom nobody knows yet owns nothing, unless there is nobody.
    this.#owners = staying.length > 0 ? staying : known.length > 0 ? known : [this.#self()]
    for (const loan of this.#loans.values()) this.#place(loan)
    for (const [peer, account] of this.#peers) {
      if (!account.isOpen) continue
      this.#claimAll(peer)
      this.#answer(peer, account, this.#loans.values())
    }
    for (const loan of this.#loans.values()) this.#lend(loan)
    for (const revision of this.#waiting.keys()) this.#tellWants(revision, nowMs)
  }

  /** Whether this activator comes first at the pod, as far as it knows the others; alone it always does. */
  owns(pod: string): boolean {
    return this.#owners.length === 0 || ownerOf(pod, this.#owners) === this.#self()
  }

  /** Pods that wait for an answer to their claim. */
  get claiming(): number {
    let count = 0
    for (const { role } of this.#loans.values()) if (role === "claimer") count++
    return count
  }

  /** Some peer has not answered in any reasonable time: better a limit that two may exceed than a pod that nobody uses. Returns who. */
  giveUpWaiting(): ReadonlySet<string> {
    const silent = new Set<string>()
    for (const loan of this.#loans.values()) {
      if (loan.role !== "claimer") continue
      for (const peer of this.#peers.keys()) if (!loan.answered.has(peer)) silent.add(peer)
      loan.role = "owner"
      this.#lend(loan)
    }
    return silent
  }

  /** The connection to a peer is open (again): nothing that was said on the last one counts. */
  opened(peer: string, nowMs: number): void {
    const account = this.#peers.get(peer)
    if (account === undefined) return
    this.closed(peer)
    account.open()
    this.#claimAll(peer)
    for (const revision of this.#waiting.keys()) this.#tellWants(revision, nowMs)
  }

  closed(peer: string): void {
    this.#peers.get(peer)?.close()
    for (const loan of this.#loans.values()) {
      loan.confirmed.delete(peer)
      loan.claims.delete(peer)
      if (loan.limit === 0 && loan.claims.size === 0) this.removePod(loan.pod)
    }
  }

  /** `usable`: whether it answers and is chosen from here. */
  putPod(pod: string, given: { revision: string; limit: number; usable: boolean }): void {
    const loan = this.#loans.get(pod) ?? new PodLoan(pod)
    const isNew = loan.limit === 0
    if (isNew && this.#loans.has(pod)) this.#unseen--
    this.#loans.set(pod, loan)
    Object.assign(loan, given)
    if (isNew) {
      this.#place(loan)
      if (loan.role !== "guest") this.#sendToOpen({ type: "claim", pods: [pod], round: this.#round, view: this.#view })
    }
    this.#lend(loan)
  }

  removePod(pod: string): void {
    if (this.#loans.get(pod)?.limit === 0) this.#unseen--
    this.#loans.delete(pod)
  }

  /** A request of ours went into the pod. */
  took(pod: string): void {
    const loan = this.#loans.get(pod)
    if (loan !== undefined) loan.used++
  }

  /** A request of ours has left the pod. When this returns the slot is ours again only if nobody elsewhere waits longer. */
  left(pod: string): void {
    const loan = this.#loans.get(pod)
    if (loan === undefined) return
    loan.used--
    if (loan.role === "owner") this.#lend(loan)
    else this.#giveBack(loan)
  }

  /** Since when requests wait here for the revision, oldest first; the first `wantMax` matter. */
  setWaiting(revision: string, since: readonly number[], nowMs: number): void {
    if (since.length > 0) this.#waiting.set(revision, since)
    else if (!this.#waiting.delete(revision)) return
    this.#tellWants(revision, nowMs)
  }

  received(peer: string, message: SlotMessage, nowMs: number): void {
    const account = this.#peers.get(peer)
    if (account === undefined || !account.isOpen) return
    switch (message.type) {
      case "claim":
        this.#claimed(peer, account, message)
        break
      case "held":
        this.#held(peer, account, message)
        break
      case "want":
        this.#wanted(account, message, nowMs)
        break
      case "grant":
        this.#granted(peer, account, message.pod, message.number)
        break
      case "return":
        this.#returned(peer, account, message.pod, message.declined)
        break
    }
  }

  #forget(peer: string): void {
    this.closed(peer)
    this.#peers.delete(peer)
    for (const loan of this.#loans.values()) {
      loan.lent.delete(peer)
      loan.answered.delete(peer)
      if (loan.creditor === peer) loan.creditor = undefined
    }
  }

  #ownerOf(pod: string): string | undefined {
    return ownerOf(pod, this.#owners)
  }

  /** Who owns the pod, now that members or pods have changed. */
  #place(loan: PodLoan): void {
    const owner = this.#ownerOf(loan.pod)
    if (owner !== this.#self()) {
      // An owner goes on until the new one asks; the others take nothing from anybody until then.
      if (loan.role === "claimer") loan.yieldIt()
      if (loan.role === "guest" && loan.creditor !== owner) loan.creditor = undefined
    } else if (loan.role === "guest") loan.claimIt(this.#round)
    this.#settle(loan)
  }

  /** A claim that everybody has answered is fulfilled. */
  #settle(loan: PodLoan): void {
    if (loan.role === "claimer" && this.#peers.keys().every((peer) => loan.answered.has(peer))) loan.role = "owner"
    this.#effects.setSlots(loan.pod, loan.slots)
  }

  #claimAll(peer: string): void {
    const pods: string[] = []
    for (const { pod, role } of this.#loans.values()) if (role !== "guest") pods.push(pod)
    if (pods.length > 0) this.#effects.send(peer, { type: "claim", pods, round: this.#round, view: this.#view })
  }

  #claimed(peer: string, account: PeerAccount, { pods, round, view }: SlotMessage & { type: "claim" }): void {
    const loans: PodLoan[] = []
    for (const pod of pods) {
      let loan = this.#loans.get(pod)
      if (loan === undefined) {
        if (this.#unseen >= unseenMax) continue
        this.#unseen++
        loan = new PodLoan(pod)
        this.#loans.set(pod, loan)
      }
      loan.claims.set(peer, { round, view })
      loans.push(loan)
    }
    this.#answer(peer, account, loans)
  }

  /** Tells the peer what we hold of the pods that it has claimed, as far as we too see it as their owner. */
  #answer(peer: string, account: PeerAccount, loans: Iterable<PodLoan>): void {
    const held: Record<string, number> = {}
    let latest = 0
    let answers = 0
    for (const loan of loans) {
      const claim = loan.claims.get(peer)
      if (claim?.view !== this.#view || this.#ownerOf(loan.pod) !== peer) continue
      if (loan.role !== "guest") loan.yieldIt()
      held[loan.pod] = loan.used
      latest = Math.max(latest, claim.round)
      answers++
      loan.creditor = peer
      loan.granted = loan.used
      this.#effects.setSlots(loan.pod, loan.slots)
    }
    if (answers > 0) this.#effects.send(peer, { type: "held", pods: held, round: latest, seen: account.taken })
  }

  #held(peer: string, account: PeerAccount, { pods, round, seen }: SlotMessage & { type: "held" }): void {
    for (const pod in pods) {
      const loan = this.#loans.get(pod)
      if (loan === undefined || loan.role === "guest" || round < loan.round) continue
      loan.lent.set(peer, (pods[pod] ?? 0) + account.unseen(pod, seen))
      loan.answered.add(peer)
      loan.confirmed.add(peer)
      this.#settle(loan)
      this.#lend(loan)
    }
  }

  #wanted(account: PeerAccount, want: SlotMessage & { type: "want" }, nowMs: number): void {
    const since = want.agesMs.map((ageMs) => nowMs - ageMs)
    account.want(want.revision, since, want.seen, (pod) => this.#loans.get(pod)?.revision)
    for (const loan of this.#loans.values()) if (loan.revision === want.revision) this.#lend(loan)
  }

  /** Gives free slots of the pod to peers whose requests wait longer than any of ours. */
  #lend(loan: PodLoan): void {
    while (loan.free > 0) {
      let oldestMs = this.#effects.oldest(loan.revision) ?? Number.POSITIVE_INFINITY
      let borrower: string | undefined
      for (const peer of loan.confirmed) {
        const since = this.#peers.get(peer)?.oldest(loan.revision)
        if (since === undefined || since >= oldestMs) continue
        oldestMs = since
        borrower = peer
      }
      const account = borrower === undefined ? undefined : this.#peers.get(borrower)
      if (borrower === undefined || account === undefined) break
      loan.lent.set(borrower, (loan.lent.get(borrower) ?? 0) + 1)
      const number = account.grant(loan.pod, loan.revision)
      this.#effects.send(borrower, { type: "grant", pod: loan.pod, number })
    }
    this.#effects.setSlots(loan.pod, loan.slots)
  }

  #granted(peer: string, account: PeerAccount, pod: string, number: number): void {
    account.taken = number
    const loan = this.#loans.get(pod)
    // Granted before it saw that we answer to somebody else: it will ask us, or has been told what we hold.
    if (loan === undefined || loan.role !== "guest" || loan.creditor !== peer || !this.#effects.canUse(pod)) {
      this.#effects.send(peer, { type: "return", pod, declined: true })
      return
    }
    loan.granted++
    this.#effects.setSlots(pod, loan.slots)
    // Nobody waited for it any more, or he was served elsewhere meanwhile.
    if (loan.granted > loan.used) this.#giveBack(loan)
  }

  /** As a guest: all slots that are not in use. */
  #giveBack(loan: PodLoan): void {
    while (loan.granted > loan.used) {
      loan.granted--
      if (loan.creditor !== undefined)
        this.#effects.send(loan.creditor, { type: "return", pod: loan.pod, declined: false })
    }
    this.#effects.setSlots(loan.pod, loan.slots)
  }

  #returned(peer: string, account: PeerAccount, pod: string, declined: boolean): void {
    const loan = this.#loans.get(pod)
    const lent = loan?.lent.get(peer) ?? 0
    if (loan === undefined || lent === 0) return
    loan.lent.set(peer, lent - 1)
    // It does not know the pod yet, say: it is not offered again before it has said anew what it wants.
    if (declined) account.forgetWants(loan.revision)
    this.#settle(loan)
    this.#lend(loan)
  }

  #sendToOpen(message: SlotMessage): void {
    for (const [peer, { isOpen }] of this.#peers) if (isOpen) this.#effects.send(peer, message)
  }

  #tellWants(revision: string, nowMs: number): void {
    const since = this.#waiting.get(revision) ?? []
    const agesMs = since.slice(0, wantMax).map((ms) => nowMs - ms)
    for (const [peer, { isOpen, taken }] of this.#peers) {
      if (isOpen) this.#effects.send(peer, { type: "want", revision, agesMs, seen: taken })
    }
  }
}
