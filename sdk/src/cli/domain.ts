import { Command } from "commander"
import type { NewOf } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { ClusterDomainClaim } from "../api/networking-internal/cluster-domain-claim.ts"
import { DomainMapping } from "../api/serving/domain-mapping.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { conditionTable, fieldLines, section } from "./describe-parts.ts"
import { readReference } from "./domain/reference.ts"
import { ageOf, readyCondition } from "./function-table.ts"
import { type OutputFormat, outputOption, printObject, printObjects } from "./output.ts"
import { type RemovalOptions, removeObject } from "./removal.ts"
import { subcommand } from "./subcommand.ts"
import type { TableColumn } from "./table.ts"
import {
  allNamespacesOption,
  namespaceOption,
  type Target,
  type TargetOptions,
  target,
  withExamples,
} from "./target.ts"
import { addWaitOptions, addWaitWindow, type WaitOptions } from "./wait-options.ts"
import { plainReadiness, waitFor } from "./wait-ready.ts"

interface ReadOptions extends TargetOptions {
  output?: OutputFormat
}

interface WriteOptions extends WaitOptions {
  namespace?: string
  ref?: string
  tls?: string
  claim?: boolean
}

const waitTimeoutMs = 60_000

const examples = `
wick domain create hello.example.com --ref hello
wick domain create shop.example.com --ref kroute:shop --tls shop-certificate
wick domain list`

export function command(context: Context): Command {
  const domain = new Command("domain")
  const part = (name: string, summary: string, example: string): Command =>
    subcommand(domain, context, name, summary, example).addOption(namespaceOption())
  const written = (name: string, summary: string, example: string): Command =>
    addWaitWindow(addWaitOptions(part(name, summary, example), "the domain is served", waitTimeoutMs))
      .argument("<domain>", "the domain")
      .option("--tls <secret>", "Secret with a certificate of your own for it; empty: none")
  written("create", "lead a domain of your own to a function", "wick domain create hello.example.com --ref hello")
    .requiredOption("--ref <name>", "the function, or kroute:NAME for a Route")
    .option("--claim", "reserve the domain for the namespace first, which takes an administrator")
    .action((name: string, options: WriteOptions) => create(context, name, options))
  written("update", "lead a domain elsewhere", "wick domain update hello.example.com --ref hello-v2")
    .option("--ref <name>", "the function, or kroute:NAME for a Route")
    .action((name: string, options: WriteOptions) => update(context, name, options))
  part("describe", "show everything about a domain", "wick domain describe hello.example.com")
    .argument("<domain>", "the domain")
    .addOption(outputOption("url"))
    .action((name: string, options: ReadOptions) => describe(context, name, options))
  part("list", "list domains", "wick domain list -A")
    .addOption(allNamespacesOption())
    .addOption(outputOption("url"))
    .action((options: ReadOptions) => list(context, options))
  addWaitOptions(
    part("delete", "lead a domain nowhere", "wick domain delete hello.example.com"),
    "it is gone",
    waitTimeoutMs,
  )
    .argument("<domains...>", "the domains")
    .option("--ignore-not-found", "deleting what does not exist is no failure")
    .action((names: string[], options: RemovalOptions & TargetOptions) => remove(context, names, options))
  return withExamples(domain, examples)
}

async function create(context: Context, name: string, options: WriteOptions): Promise<void> {
  const at = await target(context, options)
  const ref = readReference(options.ref ?? "", at.namespace)
  const tls = options.tls ? { tls: { secretName: options.tls } } : {}
  if (options.claim) await claim(at, name)
  const mapping = { metadata: { name, namespace: at.namespace }, spec: { ref, ...tls } } as NewOf<typeof DomainMapping>
  await settle(
    context,
    at,
    await at.client.create(DomainMapping, mapping, { fieldManager: "wick" }),
    "created",
    options,
  )
}

/** Who claims first has it; a claim of the same namespace is as good as a new one. */
async function claim(at: Target, name: string): Promise<void> {
  try {
    const claimed = { metadata: { name }, spec: { namespace: at.namespace } } as NewOf<typeof ClusterDomainClaim>
    await at.client.create(ClusterDomainClaim, claimed, { fieldManager: "wick" })
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error
    const { spec } = await at.client.get(ClusterDomainClaim, { name })
    if (spec.namespace !== at.namespace) {
      throw new CommandError(
        `${name} is reserved for namespace ${spec.namespace}`,
        `wick domain list -n ${spec.namespace}`,
      )
    }
  }
}

async function update(context: Context, name: string, options: WriteOptions): Promise<void> {
  if (options.ref === undefined && options.tls === undefined) {
    throw new CommandError("nothing to change: give --ref or --tls", undefined, exitCodes.usage)
  }
  const at = await target(context, options)
  const ref = options.ref === undefined ? {} : { ref: { ...noReference, ...readReference(options.ref, at.namespace) } }
  const tls = options.tls === undefined ? {} : { tls: options.tls === "" ? null : { secretName: options.tls } }
  const body = { spec: { ...ref, ...tls } }
  const mapping = await at.client.patch(
    DomainMapping,
    { name, namespace: at.namespace },
    { type: "merge", body },
    { fieldManager: "wick" },
  )
  await settle(context, at, mapping, "updated", options)
}

/** What a former reference may have said beside: it would not be true of the next. */
const noReference = { group: null, address: null }

async function settle(
  context: Context,
  at: Target,
  mapping: DomainMapping,
  change: string,
  options: WriteOptions,
): Promise<void> {
  context.err(`domainmapping/${mapping.metadata.name} ${change}\n`)
  const awaited = { kind: DomainMapping, noun: "domainmapping", verb: "domain describe", readiness: plainReadiness }
  const after = options.wait === false ? mapping : await waitFor(context, at.client, awaited, mapping, options)
  if (after.status?.url) context.out(`${after.status.url}\n`)
}

async function describe(context: Context, name: string, options: ReadOptions): Promise<void> {
  const at = await target(context, options)
  const mapping = await at.client.get(DomainMapping, { name, namespace: at.namespace })
  const now = context.clock.now()
  const ready = readyCondition(mapping)
  await printObject(context, options.output, mapping, () => {
    const head = fieldLines([
      ["Domain", name],
      ["Namespace", mapping.metadata.namespace],
      ["Age", ageOf(mapping, now)],
      ["URL", mapping.status?.url],
      ["Leads to", referenceOf(mapping)],
      ["TLS Secret", mapping.spec.tls?.secretName],
      ["Ready", `${ready?.status ?? "Unknown"}${ready?.reason ? ` (${ready.reason})` : ""}`],
      ["Message", ready?.message],
    ])
    context.out(head + section("Conditions", conditionTable(mapping, now)))
  })
}

function referenceOf({ spec }: DomainMapping): string {
  const { kind, name } = spec.ref
  return `${{ Service: "ksvc", Route: "kroute" }[kind] ?? kind}:${name}`
}

async function list(context: Context, options: ReadOptions): Promise<void> {
  const at = await target(context, options)
  const everywhere = at.scope === undefined
  const { items } = await at.client.list(DomainMapping, everywhere ? {} : { namespace: at.scope ?? "" })
  if (items.length === 0 && !options.output) {
    return context.err("no domains; make one: wick domain create DOMAIN --ref FUNCTION\n")
  }
  const now = context.clock.now()
  const namespace: TableColumn<DomainMapping> = { header: "NAMESPACE", value: ({ metadata }) => metadata.namespace }
  await printObjects(context, options.output, items, [
    { header: "DOMAIN", value: ({ metadata }) => metadata.name },
    ...(everywhere ? [namespace] : []),
    { header: "URL", value: ({ status }) => status?.url },
    { header: "LEADS TO", value: referenceOf },
    { header: "READY", value: (mapping) => readyCondition(mapping)?.status ?? "Unknown" },
    { header: "REASON", value: (mapping) => readyCondition(mapping)?.reason },
    { header: "AGE", value: (mapping) => ageOf(mapping, now) },
  ])
}

async function remove(context: Context, names: string[], options: RemovalOptions & TargetOptions): Promise<void> {
  const at = await target(context, options)
  await Promise.all(names.map((name) => removeObject(context, at, DomainMapping, name, options)))
}
