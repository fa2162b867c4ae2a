/**
 * What one activator knows of the slots of one pod.
 *
 * - `guest`: another owns it; this one has what it was granted.
 * - `claimer`: this one is to own it, and waits for every living peer to say what it holds. Grants nothing, and goes on
 *   with what it has.
 * - `owner`: all have answered. It may use or lend whatever is not used or lent.
 *
 *     guest ──members──▶ claimer ──all answered──▶ owner ──another's claim──▶ guest
 */
export type LoanRole = "guest" | "claimer" | "owner"

export class PodLoan {
  readonly pod: string
  revision = ""
  /** containerConcurrency; 0 while only claims have spoken of the pod. */
  limit = 0
  usable = false
  role: LoanRole = "guest"
  /** Requests of this activator in the pod. */
  used = 0
  /** Granted to this activator as a guest, and not given back; those in use among them. */
  granted = 0
  /** To whom `granted` is owed: the peer whose claim was answered. */
  creditor: string | undefined
  /** Lent to each peer, as far as this one knows. */
  readonly lent = new Map<string, number>()
  /** Peers that have answered the claim over their present connection: only these are granted anything. */
  readonly confirmed = new Set<string>()
  /** Peers that have answered this claim at all: until all have, nothing is granted. */
  readonly answered = new Set<string>()
  /** Answers to earlier claims than this one do not count. */
  round = 0
  /** Who has claimed the pod over the present connections: in which round, and with whom as members. */
  readonly claims = new Map<string, { readonly round: number; readonly view: string }>()

  constructor(pod: string) {
    this.pod = pod
  }

  get lentTotal(): number {
    let total = 0
    for (const count of this.lent.values()) total += count
    return total
  }

  /** Requests that this activator may have in the pod. */
  get slots(): number {
    return this.role === "owner" ? Math.max(0, this.limit - this.lentTotal) : this.granted
  }

  /** Slots that the owner could give to anybody now. */
  get free(): number {
    return this.role === "owner" && this.usable ? this.limit - this.lentTotal - this.used : 0
  }

  claimIt(round: number): void {
    this.round = round
    this.role = "claimer"
    this.granted = this.used
    this.creditor = undefined
  }

  /** Another is to own it: what is in use here is told when that one asks, what is not is given up. */
  yieldIt(): void {
    this.role = "guest"
    this.granted = this.used
    this.creditor = undefined
    this.lent.clear()
    this.confirmed.clear()
    this.answered.clear()
  }
}
