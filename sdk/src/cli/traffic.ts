import { Command } from "commander"
import type { NewOf } from "../api/kind.ts"
import { Revision } from "../api/serving/revision.ts"
import { Service } from "../api/serving/service.ts"
import type { TrafficTarget } from "../api/serving/traffic.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { readyCondition } from "./function-table.ts"
import { nextTraffic } from "./next-traffic.ts"
import { isData, type OutputFormat, outputOption, printData } from "./output.ts"
import { formatTable } from "./table.ts"
import { collect, namespaceOption, type Target, target, withExamples } from "./target.ts"
import { addWaitOptions, addWaitWindow, type WaitOptions } from "./wait-options.ts"
import { waitUntilReady } from "./wait-ready.ts"

interface TrafficOptions extends WaitOptions {
  namespace?: string
  output?: OutputFormat
  tag?: string[]
  untag?: string[]
}

const waitTimeoutMs = 60_000

export function command(context: Context): Command {
  const traffic = new Command("traffic")
    .argument("<name>", "name of the function")
    .argument("[splits...]", "REVISION=PERCENT, with @latest for the newest ready one; they must sum to 100")
    .option("--tag <revision=tag>", "give a revision a URL of its own (repeat for more)", collect)
    .option("--untag <tag>", "take a tag away (repeat for more)", collect)
    .addOption(namespaceOption())
    .addOption(outputOption("url"))
    .action((name: string, splits: string[], options: TrafficOptions) => run(context, name, splits, options))
  return withExamples(
    addWaitWindow(addWaitOptions(traffic, "requests are routed so", waitTimeoutMs)),
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
  const traffic = nextTraffic(service.spec?.traffic ?? [], splits, options.tag, options.untag)
  await expectRevisions(at, name, traffic)
  const changed = { ...service, spec: { ...service.spec, traffic } } as NewOf<typeof Service>
  const updated = await at.client.update(Service, changed, { fieldManager: "wick" })
  context.err(`service/${name} traffic changed\n`)
  const after = options.wait !== false ? await waitUntilReady(context, at.client, updated, options) : updated
  await print(context, after, options)
}

/** Requests that a misspelt name would be given are lost: it is refused before anything is sent. */
async function expectRevisions(at: Target, name: string, traffic: readonly TrafficTarget[]): Promise<void> {
  const labelSelector = `serving.knative.dev/service=${name}`
  const { items } = await at.client.list(Revision, { namespace: at.namespace, labelSelector })
  const known = new Set(items.map(({ metadata }) => metadata.name))
  const unknown = traffic.find(({ revisionName }) => revisionName && !known.has(revisionName))
  if (!unknown) return
  throw new CommandError(
    `${name} has no revision ${unknown.revisionName}`,
    `wick revisions ${name} -n ${at.namespace}`,
    exitCodes.notFound,
  )
}

async function print(context: Context, service: Service, options: TrafficOptions): Promise<void> {
  const targets = service.status?.traffic ?? []
  if (isData(options.output)) return printData(context, options.output, targets)
  if (options.output === "url") return context.out(urls(service))
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

/** Each address once: of the function, then of its tags. */
function urls({ status }: Service): string {
  const all = new Set([status?.url, ...(status?.traffic ?? []).map(({ url }) => url)])
  return [...all].map((url) => (url ? `${url}\n` : "")).join("")
}
