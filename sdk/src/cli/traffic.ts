import { Command } from "commander"
import type { NewOf } from "../api/kind.ts"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { readyCondition } from "./function-table.ts"
import { isData, type OutputFormat, outputOption, printData } from "./output.ts"
import { formatTable } from "./table.ts"
import { collect, durationArgument, namespaceOption, target, withExamples } from "./target.ts"
import { waitUntilReady } from "./wait-ready.ts"

interface TrafficOptions {
  namespace?: string
  output?: OutputFormat
  tag?: string[]
  untag?: string[]
  wait: boolean
  waitTimeout: number
}

export interface TrafficTarget {
  revisionName?: string
  latestRevision?: boolean
  percent?: number
  tag?: string
}

const waitTimeoutMs = 60_000

export function command(context: Context): Command {
  const traffic = new Command("traffic")
    .argument("<name>", "name of the function")
    .argument("[splits...]", "REVISION=PERCENT, with @latest for the newest ready one; they must sum to 100")
    .option("--tag <revision=tag>", "give a revision a URL of its own (repeat for more)", collect)
    .option("--untag <tag>", "take a tag away (repeat for more)", collect)
    .addOption(namespaceOption())
    .addOption(outputOption())
    .option("--no-wait", "do not wait until requests are routed so")
    .option("--wait-timeout <duration>", "how long to wait", durationArgument, waitTimeoutMs)
    .action((name: string, splits: string[], options: TrafficOptions) => run(context, name, splits, options))
  return withExamples(
    traffic,
    `wick traffic hello
wick traffic hello hello-00001=80 @latest=20
wick traffic hello --tag hello-00001=stable
wick traffic hello @latest=100 --untag stable`,
  )
}

async function run(context: Context, name: string, splits: string[], options: TrafficOptions): Promise<void> {
  const at = await target(context, options)
  const service = await at.client.get(Service, { name, namespace: at.namespace })
  const changes = splits.length + (options.tag?.length ?? 0) + (options.untag?.length ?? 0)
  if (changes === 0) return print(context, service, options)
  const traffic = nextTraffic((service.spec?.traffic ?? []) as TrafficTarget[], splits, options.tag, options.untag)
  const changed = { ...service, spec: { ...service.spec, traffic } } as NewOf<typeof Service>
  const updated = await at.client.update(Service, changed, { fieldManager: "wick" })
  context.err(`service/${name} traffic changed\n`)
  const after = options.wait ? await waitUntilReady(context, at.client, updated, options.waitTimeout, false) : updated
  await print(context, after, options)
}

/**
 * The traffic that follows from the one that is, pure. Splits replace all percentages; tags stay where they are unless
 * told otherwise.
 */
export function nextTraffic(
  before: readonly TrafficTarget[],
  splits: readonly string[],
  tags: readonly string[] = [],
  untags: readonly string[] = [],
): TrafficTarget[] {
  const percents: TrafficTarget[] =
    splits.length > 0 ? splits.map(parseSplit) : before.filter((target) => target.percent)
  const plain = percents.map(({ tag: _, ...target }) => target)
  const given = tags.map(parseTag)
  const gone = new Set([...untags, ...given.map(({ tag }) => tag)])
  const kept = before.filter(({ tag }) => tag !== undefined && !gone.has(tag))
  return [...plain, ...kept.map(({ percent: _, ...target }) => ({ ...target, percent: 0 })), ...given]
}

function parseSplit(text: string): TrafficTarget {
  const match = /^([^=]+)=(\d{1,3})%?$/.exec(text)
  if (!match) {
    throw new CommandError(`${text}: must be REVISION=PERCENT, for example @latest=100`, undefined, exitCodes.usage)
  }
  return { ...revision(match[1] ?? ""), percent: Number(match[2]) }
}

function parseTag(text: string): TrafficTarget {
  const match = /^([^=]+)=([a-z0-9-]+)$/.exec(text)
  if (!match) throw new CommandError(`--tag ${text}: must be REVISION=TAG`, undefined, exitCodes.usage)
  return { ...revision(match[1] ?? ""), percent: 0, tag: match[2] ?? "" }
}

function revision(name: string): TrafficTarget {
  return name === "@latest" ? { latestRevision: true } : { revisionName: name, latestRevision: false }
}

async function print(context: Context, service: Service, options: TrafficOptions): Promise<void> {
  const targets = service.status?.traffic ?? []
  if (isData(options.output)) return printData(context, options.output, targets)
  if (options.output === "name") return context.out(revisionNames(targets))
  context.out(
    formatTable(
      [
        { header: "REVISION", value: ({ revisionName }) => revisionName },
        { header: "LATEST", value: ({ latestRevision }) => (latestRevision ? "yes" : "no") },
        { header: "PERCENT", value: ({ percent }) => `${percent ?? 0}%` },
        { header: "TAG", value: ({ tag }) => tag },
        { header: "READY", wide: true, value: () => readyCondition(service)?.status ?? "Unknown" },
        { header: "URL", value: ({ url }) => url ?? service.status?.url },
      ],
      targets,
      options.output === "wide",
    ),
  )
}

function revisionNames(targets: readonly { revisionName?: string | undefined }[]): string {
  const names = new Set(targets.flatMap(({ revisionName }) => revisionName ?? []))
  return [...names].map((name) => `revision.serving.knative.dev/${name}\n`).join("")
}
