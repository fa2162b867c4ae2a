import { formatRange } from "./address.ts"
import { hostCommand } from "./host-command.ts"
import type { Ranges } from "./range-choice.ts"

/**
 * Other programs' firewalls (Docker's, ufw's) may drop what they do not know by the policy of their chains, and no rule
 * of another table can save a packet from that. So where such a chain is found, rules go at its head that let the pod
 * network pass; they carry our name as a comment, by which they are found again and removed.
 */
const chains = [
  { name: "FORWARD", matches: (pods: string) => [`ip saddr ${pods}`, `ip daddr ${pods}`] },
  {
    name: "INPUT",
    matches: (pods: string, own: readonly string[]) => [`ip saddr ${pods} ip daddr { ${own.join(", ")} }`],
  },
]

interface Listed {
  nftables: { chain?: { policy?: string }; rule?: { handle: number; comment?: string } }[]
}

export async function letPass(owner: string, ranges: Ranges, ownAddresses: readonly string[]): Promise<void> {
  await stopPassing(owner)
  for (const { name, matches } of chains) {
    const listed = await list(name)
    if (!listed?.nftables.some(({ chain }) => chain?.policy === "drop")) continue
    const rules = matches(formatRange(ranges.pods), ownAddresses)
    const commands = rules.map((match) => `insert rule ip filter ${name} ${match} counter accept comment "${owner}"\n`)
    await hostCommand("nft", ["-f", "-"], commands.join(""))
  }
}

export async function stopPassing(owner: string): Promise<void> {
  for (const { name } of chains) {
    const listed = await list(name)
    const handles = listed?.nftables.flatMap(({ rule }) => (rule?.comment === owner ? [rule.handle] : [])) ?? []
    const commands = handles.map((handle) => `delete rule ip filter ${name} handle ${handle}\n`)
    if (commands.length > 0) await hostCommand("nft", ["-f", "-"], commands.join(""))
  }
}

/** Absent where no firewall has made such a chain, which is the usual case. */
async function list(chain: string): Promise<Listed | undefined> {
  const text = await hostCommand("nft", ["-j", "list", "chain", "ip", "filter", chain]).catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Listed)
}
