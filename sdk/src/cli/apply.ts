import { Command } from "commander"
import { Service } from "../api/serving/service.ts"
import { systemRandom } from "../clock/index.ts"
import { threeWayMerge } from "./apply/three-way-merge.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { changedService, type NewService } from "./flags/draft.ts"
import { addFlags, type FlagValues, readFiles, readFlags } from "./flags/table.ts"
import { readManifests, readText } from "./manifest.ts"
import { outputOption } from "./output.ts"
import { dryRunOption, findService, type Saved } from "./save.ts"
import { type SettleOptions, settle } from "./settle.ts"
import { namespaceOption, type Target, target, withExamples } from "./target.ts"
import { addWaitOptions, addWaitWindow } from "./wait-options.ts"

interface ApplyOptions extends SettleOptions {
  namespace?: string
  filename?: string
}

const waitTimeoutMs = 120_000
/** What was applied last: kubectl and kn read and write the same. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

const examples = `
wick apply hello --image 127.0.0.1:5000/hello --env GREETING=Hi
wick apply -f service.yaml
wick export hello --with-revisions --mode replay | wick apply -n other -f -`

export function command(context: Context): Command {
  const apply = new Command("apply")
    .argument("[name]", "name of the function")
    .option("-f, --filename <path>", "a YAML or JSON file with Services, which flags change (- for standard input)")
    .addOption(namespaceOption())
    .addOption(outputOption("url"))
    .addOption(dryRunOption())
    .option("-q, --quiet", "print only the URL")
    .action((name: string | undefined, options: ApplyOptions & FlagValues) => run(context, name, options))
  addWaitWindow(addWaitOptions(apply, "it is ready", waitTimeoutMs))
  return withExamples(addFlags(apply), examples)
}

async function run(context: Context, given: string | undefined, options: ApplyOptions & FlagValues): Promise<void> {
  const changes = readFlags(options, await readFiles(options, readText))
  const manifests = options.filename === undefined ? [undefined] : await readManifests(options.filename)
  const at = await target(context, options)
  for (const manifest of manifests as (NewService | undefined)[]) {
    const name = manifest?.metadata.name ?? given
    if (!name) throw new CommandError("which function?", "wick apply NAME --image IMAGE", exitCodes.usage)
    const place = { name, namespace: manifest?.metadata.namespace ?? options.namespace ?? at.namespace }
    const plain = manifest && changes.length === 0
    const wanted = plain
      ? { ...manifest, metadata: { ...manifest.metadata, ...place } }
      : changedService(place, manifest, changes, { random: systemRandom })
    if (!wanted.spec?.template?.spec?.containers?.[0]?.image) {
      throw new CommandError(`which image should ${name} run?`, `wick apply ${name} --image IMAGE`, exitCodes.usage)
    }
    const there = { ...at, namespace: place.namespace }
    await settle(context, there, await applied(there, wanted, options), options)
  }
}

/** Each apply says all that its author wants; what an earlier one said and this one does not is taken away. */
async function applied(at: Target, wanted: NewService, { dryRun }: ApplyOptions): Promise<Saved> {
  const { name = "", annotations } = wanted.metadata
  const annotated = {
    ...wanted,
    metadata: { ...wanted.metadata, annotations: { ...annotations, [lastApplied]: `${JSON.stringify(wanted)}\n` } },
  }
  const write = { fieldManager: "wick", fieldValidation: "Strict", dryRun: dryRun === "server" } as const
  const existing = await findService(at, name)
  if (dryRun === "client") return { service: annotated, change: existing ? "updated" : "created" }
  if (!existing) return { service: await at.client.create(Service, annotated, write), change: "created" }
  const body = threeWayMerge(lastOf(existing), annotated as never, existing as never)
  if (Object.keys(body).length === 0) return { service: existing, change: "unchanged" }
  const reference = { name, namespace: at.namespace }
  const after = await at.client.patch(Service, reference, { type: "merge", body }, write)
  return { service: after, change: says(after) === says(existing) ? "unchanged" : "updated" }
}

/** What a service says beside its status. A list that is written again without its defaults says what it said. */
function says({ metadata }: Pick<NewService, "metadata">): string {
  const { generation, labels, annotations } = metadata
  return JSON.stringify([generation, labels, annotations])
}

function lastOf(service: NewService): Record<string, unknown> | undefined {
  const text = service.metadata.annotations?.[lastApplied]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandError(
      `service/${service.metadata.name}: annotation ${lastApplied} is no JSON`,
      `kubectl annotate ksvc ${service.metadata.name} ${lastApplied}-`,
    )
  }
}
