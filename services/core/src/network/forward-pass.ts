import { formatRange } from "./address.ts"
import { HostCommandError, hostCommand } from "./host-command.ts"
import type { Ranges } from "./range-choice.ts"
import { type Chain, type Rule, refuses } from "./refusing-chain.ts"

/**
 * Other programs' firewalls (Docker's, ufw's, firewalld's, the administrator's nftables.conf) may refuse what they do not
 * know, and no rule of another table can save a packet from that. So where such a chain is found, rules go at its head that
 * let the pod network pass; they carry our name as a comment, by which they are found again and removed.
 */
const matches: Record<string, (pods: string, own: readonly string[]) => readonly string[]> = {
  forward: (pods) => [`ip saddr ${pods}`, `ip daddr ${pods}`],
  input: (pods, own) => [`ip saddr ${pods} ip daddr { ${own.join(", ")} }`],
  output: (pods) => [`ip daddr ${pods}`],
}

interface Listed {
  nftables: { chain?: Chain; rule?: Rule }[]
}

/** Every chain of the packet filter, of all programs. */
export async function listChains(): Promise<Chain[]> {
  const { nftables } = JSON.parse(await hostCommand("nft", ["-j", "list", "chains"])) as Listed
  return nftables.flatMap(({ chain }) => (chain ? [chain] : []))
}

/** Others' chains by which packets of the pod network pass, whether they are refused there or not. */
function onTheWay({ family, table, type, hook = "" }: Chain): boolean {
  return (
    ["ip", "inet"].includes(family) && type === "filter" && Object.hasOwn(matches, hook) && !table.startsWith("wick-")
  )
}

/** Returns the chains that take no rules of ours: a program may keep its tables to itself (`flags owner`). */
export async function letPass(
  owner: string,
  ranges: Ranges,
  ownAddresses: readonly string[],
): Promise<readonly string[]> {
  await stopPassing(owner)
  const closed: string[] = []
  for (const chain of (await listChains()).filter(onTheWay)) {
    if (!refuses(chain, await rulesOf(chain))) continue
    const rules = matches[chain.hook ?? ""]?.(formatRange(ranges.pods), ownAddresses) ?? []
    const commands = rules.map((match) => `insert rule ${place(chain)} ${match} counter accept comment "${owner}"\n`)
    try {
      await hostCommand("nft", ["-f", "-"], commands.join(""))
    } catch (error) {
      if (!(error instanceof HostCommandError && error.message.includes("Operation not permitted"))) throw error
      closed.push(place(chain))
    }
  }
  return closed
}

/** Of these the chains that refuse the pod network: who makes a firewall anew does not know our rules. */
export async function inTheWay(owner: string, chains: readonly Chain[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const chain of chains.filter(onTheWay)) {
    const rules = await rulesOf(chain)
    if (refuses(chain, rules) && handlesOf(rules, owner).length === 0) found.push(place(chain))
  }
  return found
}

export async function stopPassing(owner: string): Promise<void> {
  for (const chain of (await listChains()).filter(onTheWay)) {
    const handles = handlesOf(await rulesOf(chain), owner)
    const commands = handles.map((handle) => `delete rule ${place(chain)} handle ${handle}\n`)
    if (commands.length > 0) await hostCommand("nft", ["-f", "-"], commands.join(""))
  }
}

async function rulesOf({ family, table, name }: Chain): Promise<Rule[]> {
  const { nftables } = JSON.parse(await hostCommand("nft", ["-j", "list", "chain", family, table, name])) as Listed
  return nftables.flatMap(({ rule }) => rule ?? [])
}

function handlesOf(rules: readonly Rule[], owner: string): number[] {
  return rules.filter(({ comment }) => comment === owner).map(({ handle }) => handle)
}

function place({ family, table, name }: Chain): string {
  return `${family} ${table} ${name}`
}
