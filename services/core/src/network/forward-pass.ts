import { formatRange } from "./address.ts"
import { hostCommand } from "./host-command.ts"
import type { Ranges } from "./range-choice.ts"

/**
 * Other programs' firewalls (Docker's, ufw's, the administrator's nftables.conf) may drop what they do not know by the policy
 * of their chains, and no rule of another table can save a packet from that. So where such a chain is found, rules go at its
 * head that let the pod network pass; they carry our name as a comment, by which they are found again and removed.
 */
const matches: Record<string, (pods: string, own: readonly string[]) => readonly string[]> = {
  forward: (pods) => [`ip saddr ${pods}`, `ip daddr ${pods}`],
  input: (pods, own) => [`ip saddr ${pods} ip daddr { ${own.join(", ")} }`],
  output: (pods) => [`ip daddr ${pods}`],
}

interface Chain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly hook?: string
  readonly policy?: string
}
interface Rule {
  readonly handle: number
  readonly comment?: string
}
interface Listed {
  nftables: { chain?: Chain; rule?: Rule }[]
}

/** Every chain of the packet filter, of all programs. */
export async function listChains(): Promise<Chain[]> {
  const { nftables } = JSON.parse(await hostCommand("nft", ["-j", "list", "chains"])) as Listed
  return nftables.flatMap(({ chain }) => (chain ? [chain] : []))
}

/** Others' chains by which packets of the pod network pass, whether they are dropped there or not. */
function onTheWay({ family, table, hook = "" }: Chain): boolean {
  return ["ip", "inet"].includes(family) && Object.hasOwn(matches, hook) && !table.startsWith("wick-")
}

export async function letPass(owner: string, ranges: Ranges, ownAddresses: readonly string[]): Promise<void> {
  await stopPassing(owner)
  for (const chain of (await listChains()).filter(drops)) {
    const rules = matches[chain.hook ?? ""]?.(formatRange(ranges.pods), ownAddresses) ?? []
    const commands = rules.map((match) => `insert rule ${place(chain)} ${match} counter accept comment "${owner}"\n`)
    await hostCommand("nft", ["-f", "-"], commands.join(""))
  }
}

/** Whether each of these chains has its rules: who makes a firewall anew does not know them. */
export async function mayPass(owner: string, chains: readonly Chain[]): Promise<boolean> {
  for (const chain of chains.filter(drops)) if ((await handlesIn(chain, owner)).length === 0) return false
  return true
}

export async function stopPassing(owner: string): Promise<void> {
  for (const chain of (await listChains()).filter(onTheWay)) {
    const commands = (await handlesIn(chain, owner)).map((handle) => `delete rule ${place(chain)} handle ${handle}\n`)
    if (commands.length > 0) await hostCommand("nft", ["-f", "-"], commands.join(""))
  }
}

function drops(chain: Chain): boolean {
  return onTheWay(chain) && chain.policy === "drop"
}

async function handlesIn({ family, table, name }: Chain, owner: string): Promise<number[]> {
  const { nftables } = JSON.parse(await hostCommand("nft", ["-j", "list", "chain", family, table, name])) as Listed
  return nftables.flatMap(({ rule }) => (rule?.comment === owner ? [rule.handle] : []))
}

function place({ family, table, name }: Chain): string {
  return `${family} ${table} ${name}`
}
