/** A chain of the packet filter, as `nft -j` lists it. */
export interface Chain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly type?: string
  readonly hook?: string
  readonly policy?: string
}

export interface Rule {
  readonly handle: number
  readonly comment?: string
  readonly expr?: readonly Statement[]
}

/** One statement by its name, such as `{ "reject": { "type": "icmpx" } }`; what iptables made is an `xt`. */
export type Statement = Readonly<Record<string, unknown>>

/**
 * Whether a packet that no rule knows ends in this chain: by its policy, or because a rule takes all that comes to it, as
 * firewalld's chains and those of some clouds' images end with `reject`.
 */
export function refuses({ policy }: Chain, rules: readonly Rule[]): boolean {
  return policy === "drop" || rules.some(refusesAll)
}

/** `counter log drop`: nothing in it depends on the packet. */
function refusesAll({ expr = [] }: Rule): boolean {
  const end = expr.at(-1)
  return end !== undefined && isRefusal(end) && expr.slice(0, -1).every(isNote)
}

function isRefusal(statement: Statement): boolean {
  const { type, name } = extension(statement)
  return "drop" in statement || "reject" in statement || (type === "target" && name === "REJECT")
}

function isNote(statement: Statement): boolean {
  const { type, name } = extension(statement)
  return "counter" in statement || "log" in statement || (type === "match" && name === "comment")
}

function extension({ xt }: Statement): { type?: string; name?: string } {
  return xt ?? {}
}
