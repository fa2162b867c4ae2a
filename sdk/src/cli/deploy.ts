import { Command } from "commander"
import type { NewOf } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { type FunctionFlags, functionSpec } from "./function-spec.ts"
import { type OutputFormat, outputOption, printData } from "./output.ts"
import { collect, durationArgument, namespaceOption, type Target, target, wholeNumber, withExamples } from "./target.ts"
import { readinessOf, waitUntilReady } from "./wait-ready.ts"

interface DeployOptions extends FunctionFlags {
  namespace?: string
  output?: OutputFormat
  file?: string
  wait: boolean
  waitTimeout: number
  dryRun?: "client" | "server"
  quiet?: boolean
}

const concurrencyMax = 1_000
const waitTimeoutMs = 120_000
/** Times that an update is tried again when somebody else wrote in between. */
const conflictRetriesMax = 5

const examples = `
wick deploy hello --image 127.0.0.1:5000/hello
wick deploy hello --env GREETING=Hi --scale 1..5
wick deploy api --image 127.0.0.1:5000/api --port h2c:50051 --concurrency 10
wick deploy -f service.yaml
wick deploy hello --image 127.0.0.1:5000/hello:v2 --dry-run=client -o yaml`

export function command(context: Context): Command {
  const deploy = new Command("deploy")
    .argument("[name]", "name of the function")
    .option("-i, --image <image>", "container image")
    .option("-f, --file <path>", "a YAML or JSON file with the whole Service instead of flags (- for standard input)")
    .option("-e, --env <key=value>", "environment variable (repeat for more)", collect)
    .option("--command <word>", "command to run instead of the image's (repeat for each word)", collect)
    .option("--arg <word>", "argument of the command (repeat for each)", collect)
    .option("-p, --port <port>", "port that the container listens on: PORT or h2c:PORT (default 8080, also in $PORT)")
    .option("--scale <min..max>", "how few and how many containers may run: 1..5, 1.., ..5 or 3")
    .option("--target <n>", "requests at once that one container should have", Number)
    .option("--window <duration>", "time without requests after which it scales in, for example 60s")
    .option("--concurrency <n>", "requests at once that one container may have; 0: any", wholeNumber(0, concurrencyMax))
    .option("--timeout <duration>", "time that a request may take", durationArgument)
    .option("--cpu <quantity>", "limit of CPU, for example 500m")
    .option("--memory <quantity>", "limit of memory, for example 256Mi")
    .option("--revision-name <suffix>", "name the new revision NAME-SUFFIX")
    .option("-l, --label <key=value>", "label of the function (repeat for more)", collect)
    .option("--annotation <key=value>", "annotation of the revision (repeat for more)", collect)
    .addOption(namespaceOption())
    .addOption(outputOption())
    .option("--dry-run <who>", "send nothing (client), or let the server check it without keeping it (server)")
    .option("--no-wait", "do not wait until it is ready")
    .option("--wait-timeout <duration>", "how long to wait", durationArgument, waitTimeoutMs)
    .option("-q, --quiet", "print only the URL")
    .action((name: string | undefined, options: DeployOptions) => run(context, name, options))
  return withExamples(deploy, examples)
}

async function run(context: Context, name: string | undefined, options: DeployOptions): Promise<void> {
  const at = await target(context, options)
  const { service, change } = await save(at, await wanted(name, at, options), options)
  if (options.dryRun) return printData(context, options.output === "json" ? "json" : "yaml", service)
  if (!options.quiet) context.err(`service/${service.metadata.name} ${change}\n`)
  const settled = change === "unchanged" && readinessOf(service as Stored).kind === "ready"
  if (!options.wait || settled) return finish(context, service, options)
  const ready = await waitUntilReady(context, at.client, service as Stored, options.waitTimeout, options.quiet === true)
  await finish(context, ready, options)
}

type NewService = NewOf<typeof Service>
type Stored = Service
type Wanted = (existing: NewService | undefined) => NewService

/** How to make the service that is wanted out of the one that exists: from flags, or whole from a file. */
async function wanted(
  name: string | undefined,
  at: Target,
  options: DeployOptions,
): Promise<{ name: string; make: Wanted }> {
  if (!options.file) {
    if (!name) throw new CommandError("which function?", "wick deploy NAME --image IMAGE", exitCodes.usage)
    return { name, make: (existing) => functionSpec(name, at.namespace, options, existing) }
  }
  const { readManifest } = await import("./manifest.ts")
  const manifest = await readManifest(options.file)
  const given = manifest as unknown as NewService
  const named = given.metadata.name ?? name ?? ""
  return {
    name: named,
    make: (existing) => ({
      ...given,
      metadata: {
        namespace: at.namespace,
        ...given.metadata,
        name: named,
        annotations: { ...existing?.metadata.annotations, ...given.metadata.annotations },
        ...(existing?.metadata.resourceVersion && { resourceVersion: existing.metadata.resourceVersion }),
      },
    }),
  }
}

interface Saved {
  service: NewService
  change: "created" | "updated" | "unchanged"
}

async function save(
  at: Target,
  { name, make }: { name: string; make: Wanted },
  options: DeployOptions,
): Promise<Saved> {
  const write = { fieldManager: "wick", fieldValidation: "Strict", dryRun: options.dryRun === "server" } as const
  for (let attempt = 1; ; attempt++) {
    const existing = await find(at, name)
    const service = make(existing)
    if (options.dryRun === "client") return { service, change: existing ? "updated" : "created" }
    try {
      if (!existing) return { service: await at.client.create(Service, service, write), change: "created" }
      const after = await at.client.update(Service, service, write)
      const same = after.metadata.resourceVersion === existing.metadata.resourceVersion
      return { service: after, change: same ? "unchanged" : "updated" }
    } catch (error) {
      if (!isStatus(error, "Conflict", "AlreadyExists") || attempt >= conflictRetriesMax) throw error
    }
  }
}

async function find(at: Target, name: string): Promise<NewService | undefined> {
  try {
    return (await at.client.get(Service, { name, namespace: at.namespace })) as NewService
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}

async function finish(context: Context, service: NewService, options: DeployOptions): Promise<void> {
  if (options.output === "json" || options.output === "yaml") return printData(context, options.output, service)
  if (options.output === "name") return context.out(`service.serving.knative.dev/${service.metadata.name}\n`)
  const url = (service as Partial<Stored>).status?.url
  if (url) context.out(`${url}\n`)
}
