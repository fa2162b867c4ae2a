import { Command } from "commander"
import { Secret } from "../api/core/secret.ts"
import type { NewOf } from "../api/kind.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { readEdits } from "./flags/flag.ts"
import { ageOf } from "./function-table.ts"
import { readText } from "./manifest.ts"
import { type OutputFormat, outputOption, printObjects } from "./output.ts"
import { type RemovalOptions, removeObject } from "./removal.ts"
import { subcommand } from "./subcommand.ts"
import { allNamespacesOption, collect, namespaceOption, type TargetOptions, target, withExamples } from "./target.ts"
import { addWaitOptions } from "./wait-options.ts"

interface CreateOptions {
  namespace?: string
  fromLiteral?: string[]
  tlsCert?: string
  tlsKey?: string
  type?: string
}

const waitTimeoutMs = 30_000

const examples = `
wick secret create keys --from-literal TOKEN=abc --from-literal USER=ann
wick secret create shop-certificate --tls-cert tls.crt --tls-key tls.key
wick deploy hello --env-from secret:keys`

export function command(context: Context): Command {
  const secret = new Command("secret")
  const part = (name: string, summary: string, example: string): Command =>
    subcommand(secret, context, name, summary, example).addOption(namespaceOption())
  part("create", "keep values that functions use and nobody reads", examples.trim().split("\n")[0] ?? "")
    .argument("<name>", "name of the Secret")
    .option("--from-literal <key=value>", "a value (repeat for more)", collect)
    .option("--tls-cert <path>", "file with a certificate, in PEM")
    .option("--tls-key <path>", "file with its key, in PEM")
    .option("--type <type>", "type of the Secret (default Opaque, or kubernetes.io/tls for a certificate)")
    .action((name: string, options: CreateOptions) => create(context, name, options))
  part("list", "list Secrets, without what is in them", "wick secret list")
    .addOption(allNamespacesOption())
    .addOption(outputOption())
    .action((options: TargetOptions & { output?: OutputFormat }) => list(context, options))
  addWaitOptions(part("delete", "delete Secrets", "wick secret delete keys"), "they are gone", waitTimeoutMs)
    .argument("<names...>", "names of Secrets")
    .option("--ignore-not-found", "deleting what does not exist is no failure")
    .action(async (names: string[], options: RemovalOptions & TargetOptions) => {
      const at = await target(context, options)
      await Promise.all(names.map((name) => removeObject(context, at, Secret, name, options)))
    })
  return withExamples(secret, examples)
}

async function create(context: Context, name: string, options: CreateOptions): Promise<void> {
  const content = await contentOf(options)
  const { client, namespace } = await target(context, options)
  await client.create(Secret, { metadata: { name, namespace }, ...content } as NewOf<typeof Secret>, {
    fieldManager: "wick",
  })
  context.out(`secret/${name} created\n`)
}

async function contentOf({ fromLiteral = [], tlsCert, tlsKey, type }: CreateOptions): Promise<object> {
  const { set } = readEdits("from-literal", fromLiteral)
  if (!tlsCert !== !tlsKey) throw new CommandError("--tls-cert and --tls-key go together", undefined, exitCodes.usage)
  const pair = tlsCert && tlsKey ? { "tls.crt": await readText(tlsCert), "tls.key": await readText(tlsKey) } : {}
  const stringData = { ...Object.fromEntries(set), ...pair }
  if (Object.keys(stringData).length === 0) {
    throw new CommandError(
      "nothing to keep: give --from-literal KEY=VALUE, or --tls-cert and --tls-key",
      undefined,
      exitCodes.usage,
    )
  }
  return { type: type ?? (tlsCert ? "kubernetes.io/tls" : "Opaque"), stringData }
}

async function list(context: Context, options: TargetOptions & { output?: OutputFormat }): Promise<void> {
  const at = await target(context, options)
  const everywhere = at.scope === undefined
  const { items } = await at.client.list(Secret, everywhere ? {} : { namespace: at.scope ?? "" })
  if (items.length === 0 && !options.output) return context.err("no secrets\n")
  await printObjects(context, options.output, items, [
    { header: "NAME", value: ({ metadata }) => metadata.name },
    ...(everywhere ? [{ header: "NAMESPACE", value: (item: Secret) => item.metadata.namespace }] : []),
    { header: "TYPE", value: ({ type }) => type },
    { header: "KEYS", value: ({ data }) => Object.keys(data ?? {}).length },
    { header: "AGE", value: (item) => ageOf(item, context.clock.now()) },
  ])
}
