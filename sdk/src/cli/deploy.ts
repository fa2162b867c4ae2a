import { Command } from "commander"
import { isStatus } from "../api/meta/status-error.ts"
import { Revision } from "../api/serving/revision.ts"
import { systemRandom } from "../clock/index.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { changedService, holdsImage, type NewService } from "./flags/draft.ts"
import type { Change } from "./flags/flag.ts"
import { addFlags, type FlagValues, readFiles, readFlags } from "./flags/table.ts"
import { readManifest, readText } from "./manifest.ts"
import { outputOption } from "./output.ts"
import { dryRunOption, save } from "./save.ts"
import { type SettleOptions, settle } from "./settle.ts"
import { namespaceOption, type Target, target, withExamples } from "./target.ts"
import { addWaitOptions, addWaitWindow } from "./wait-options.ts"

interface DeployOptions extends SettleOptions {
  namespace?: string
  filename?: string
  force?: boolean
  lockToDigest?: boolean
}

const waitTimeoutMs = 120_000

const examples = `
wick deploy hello --image 127.0.0.1:5000/hello
wick deploy hello --env GREETING=Hi --env OLD- --scale 1..5
wick deploy hello --env-from secret:keys --mount /etc/hello=cm:settings
wick deploy api --image 127.0.0.1:5000/api --port h2c:50051 --concurrency-limit 10
wick deploy hello --tag hello-00001=old --traffic old=10,@latest=90
wick deploy -f service.yaml
wick deploy hello --image 127.0.0.1:5000/hello:v2 --dry-run=client -o yaml`

export function command(context: Context): Command {
  const deploy = new Command("deploy")
    .argument("[name]", "name of the function")
    .option("-f, --filename <path>", "a YAML or JSON file with the Service, which flags change (- for standard input)")
    .option("--force", "begin anew: keep nothing of the function that is there but its name")
    .addOption(namespaceOption())
    .addOption(outputOption("url"))
    .addOption(dryRunOption())
    .option("-q, --quiet", "print only the URL")
    .action((name: string | undefined, options: DeployOptions & FlagValues) => run(context, name, options))
  addWaitWindow(addWaitOptions(deploy, "it is ready", waitTimeoutMs))
  return withExamples(addFlags(deploy), examples)
}

async function run(context: Context, given: string | undefined, options: DeployOptions & FlagValues): Promise<void> {
  const changes = readFlags(options, await readFiles(options, readText))
  const manifest = options.filename === undefined ? undefined : await readManifest(options.filename)
  const name = manifest?.metadata.name ?? given
  if (!name) throw new CommandError("which function?", "wick deploy NAME --image IMAGE", exitCodes.usage)
  const at = await target(context, options)
  const make = (existing: NewService | undefined): NewService | Promise<NewService> =>
    manifest
      ? fromManifest(at, manifest as unknown as NewService, existing, changes)
      : fromFlags(at, name, options.force ? bare(existing) : existing, changes, options)
  await settle(context, at, await save(at, name, make, options.dryRun), options)
}

/** What must stay of a service that is replaced whole. */
function bare(existing: NewService | undefined): NewService | undefined {
  const { name, resourceVersion } = existing?.metadata ?? {}
  return resourceVersion === undefined ? undefined : ({ metadata: { name, resourceVersion } } as NewService)
}

async function fromFlags(
  at: Target,
  name: string,
  existing: NewService | undefined,
  changes: readonly Change[],
  options: DeployOptions,
): Promise<NewService> {
  const held = existing?.spec !== undefined && (options.lockToDigest ?? holdsImage(existing))
  const runningImage = held ? await imageThatRuns(at, existing) : undefined
  const place = { name, namespace: at.namespace }
  const service = changedService(place, existing, changes, { random: systemRandom, runningImage })
  if (!service.spec?.template?.spec?.containers?.[0]?.image) {
    throw new CommandError(`which image should ${name} run?`, `wick deploy ${name} --image IMAGE`, exitCodes.usage)
  }
  return service
}

/** By digest, as the newest revision found it; undefined where none has looked yet. */
async function imageThatRuns(at: Target, service: NewService): Promise<string | undefined> {
  const { template } = service.spec ?? {}
  const { status } = service as { status?: { latestCreatedRevisionName?: string } }
  const name = template?.metadata?.name ?? status?.latestCreatedRevisionName
  if (!name) return undefined
  try {
    const revision = await at.client.get(Revision, { name, namespace: at.namespace })
    const index = revision.spec?.containers?.findIndex(({ ports }) => ports?.length) ?? 0
    return revision.status?.containerStatuses?.[Math.max(index, 0)]?.imageDigest
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}

/** The file's service in place of the one that is there, changed by the flags beside it. */
function fromManifest(
  at: Target,
  manifest: NewService,
  existing: NewService | undefined,
  changes: readonly Change[],
): NewService {
  const { resourceVersion } = existing?.metadata ?? {}
  const base = {
    ...manifest,
    metadata: {
      namespace: at.namespace,
      ...manifest.metadata,
      annotations: { ...existing?.metadata.annotations, ...manifest.metadata.annotations },
      ...(resourceVersion && { resourceVersion }),
    },
  } as NewService
  const { name = "", namespace = at.namespace } = base.metadata
  return changes.length === 0 ? base : changedService({ name, namespace }, base, changes, { random: systemRandom })
}
