import { Command } from "commander"
import { Revision } from "../api/serving/revision.ts"
import { Service } from "../api/serving/service.ts"
import type { Context } from "./context.ts"
import { revisionColumns } from "./function-table.ts"
import { type OutputFormat, outputOption, printObjects } from "./output.ts"
import { allNamespacesOption, namespaceOption, type TargetOptions, target, withExamples } from "./target.ts"

export interface RevisionsOptions extends TargetOptions {
  output?: OutputFormat
}

export function command(context: Context): Command {
  const revisions = new Command("revisions")
    .argument("[name]", "only revisions of this function")
    .addOption(namespaceOption())
    .addOption(allNamespacesOption())
    .addOption(outputOption())
    .action((name: string | undefined, options: RevisionsOptions) => listRevisions(context, name, options))
  return withExamples(revisions, "wick revisions hello\nwick revisions -A -o name")
}

/** Lists revisions, those of one function or the one of a name among them. */
export async function listRevisions(
  context: Context,
  service: string | undefined,
  options: RevisionsOptions,
  name?: string,
): Promise<void> {
  const at = await target(context, options)
  const scope = at.scope === undefined ? {} : { namespace: at.scope }
  const selected = {
    ...(service && { labelSelector: `serving.knative.dev/service=${service}` }),
    ...(name && { fieldSelector: `metadata.name=${name}` }),
  }
  const [revisions, services] = await Promise.all([
    at.client.list(Revision, { ...scope, ...selected }),
    at.client.list(Service, scope),
  ])
  if (revisions.items.length === 0 && service !== undefined)
    await at.client.get(Service, { name: service, namespace: at.namespace })
  if (revisions.items.length === 0 && !options.output) {
    const where = at.scope === undefined ? "" : ` in namespace ${at.scope}`
    return context.err(`no revisions${service ? ` of ${service}` : ""}${where}\n`)
  }
  const owners = new Map(
    services.items.map((service) => [`${service.metadata.namespace}/${service.metadata.name}`, service]),
  )
  const ownerOf = ({ metadata }: Revision): Service | undefined =>
    owners.get(`${metadata.namespace}/${metadata.labels?.["serving.knative.dev/service"]}`)
  const newestFirst = revisions.items.toSorted(
    (a, b) =>
      b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp) ||
      b.metadata.name.localeCompare(a.metadata.name),
  )
  await printObjects(context, options.output, newestFirst, revisionColumns(context.clock.now(), ownerOf))
}
