import { Command } from "commander"
import type { Context } from "./context.ts"
import { invite } from "./member/invite.ts"
import { formatTable, type TableColumn } from "./table.ts"
import { durationOption, withExamples } from "./target.ts"

/** Whoever has the token becomes a part of the cluster's own self: it is not to lie around. */
const expiresDefaultMs = 3_600_000
const path = "/cluster/members"

interface Member {
  readonly id: number
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
  readonly learner: boolean
  readonly leader: boolean
}

const examples = `
wick member list
wick member invite
wick member lead host-2
wick member remove host-2`

export function command(context: Context): Command {
  const member = new Command("member")
  const own = (name: string, summary: string): Command =>
    member
      .command(name)
      .description(summary)
      .configureOutput({ writeOut: context.out, writeErr: context.err })
      .exitOverride()
      .showSuggestionAfterError()
  own("list", "list the hosts that keep the cluster's state together").action(() => list(context))
  own("invite", "print the command with which another host joins")
    .addOption(durationOption("--expires <duration>", "how long it is good", expiresDefaultMs))
    .action(({ expires }: { expires: number }) => invite(context, expires))
  own("remove", "take a host out; its state is not used any more")
    .argument("<name>", "its name, or its number")
    .action((name: string) => remove(context, name))
  own("lead", "have a host lead: the store's leader, and controllers, scheduler and autoscaler with it")
    .argument("<name>", "its name, or its number")
    .action((name: string) => lead(context, name))
  return withExamples(member, examples)
}

async function list(context: Context): Promise<void> {
  const { client } = await context.connect()
  const { members } = (await (await client.request(path)).json()) as { members: Member[] }
  context.out(formatTable(columns, members))
}

const columns: TableColumn<Member>[] = [
  { header: "ID", value: ({ id }) => id },
  { header: "NAME", value: ({ name }) => name },
  { header: "ROLE", value: ({ leader, learner }) => (leader ? "leader" : learner ? "learner" : "follower") },
  { header: "API", value: ({ clientUrls }) => clientUrls.join(",") },
  { header: "PEER", value: ({ peerUrls }) => peerUrls.join(",") },
]

async function lead(context: Context, name: string): Promise<void> {
  const { client } = await context.connect()
  await client.request(`${path}/${encodeURIComponent(name)}/lead`, { method: "POST" })
  context.out(`${name} leads\n`)
}

async function remove(context: Context, name: string): Promise<void> {
  const { client } = await context.connect()
  await client.request(`${path}/${encodeURIComponent(name)}`, { method: "DELETE" })
  context.out(`${name} is no member any more; on it: wick down\n`)
}
