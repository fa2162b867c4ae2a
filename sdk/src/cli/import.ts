import { Command } from "commander"
import type { NewOf } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { Configuration } from "../api/serving/configuration.ts"
import { Revision } from "../api/serving/revision.ts"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import type { Export } from "./export/exported.ts"
import { readObjects } from "./manifest.ts"
import { outputOption } from "./output.ts"
import { type SettleOptions, settle } from "./settle.ts"
import { namespaceOption, type Target, target, withExamples } from "./target.ts"
import { addWaitOptions, addWaitWindow } from "./wait-options.ts"

const waitTimeoutMs = 120_000
/** Longest time that the controller may take to make a service's Configuration. */
const configurationPatienceMs = 10_000
const pauseMs = 50
/** Traffic names revisions that are made only after the service: that they are missing at first is no failure. */
const waitWindowMs = 5_000

export function command(context: Context): Command {
  const verb = new Command("import")
    .argument("<path>", "a file that wick export --with-revisions has written (- for standard input)")
    .addOption(namespaceOption())
    .addOption(outputOption("url"))
    .option("-q, --quiet", "print only the URL")
    .action((path: string, options: SettleOptions & { namespace?: string }) => run(context, path, options))
  return withExamples(
    addWaitWindow(addWaitOptions(verb, "it is ready", waitTimeoutMs), waitWindowMs),
    "wick import hello.yaml\nwick export hello --with-revisions -n a | wick import - -n b",
  )
}

async function run(context: Context, path: string, options: SettleOptions & { namespace?: string }): Promise<void> {
  const { service, revisions = [] } = await readExport(path)
  const at = await target(context, options)
  const { namespace } = at
  const made = { ...service, metadata: { ...service.metadata, namespace } }
  const stored = await at.client.create(Service, made, { fieldManager: "wick" })
  const owner = await ownerOf(context, at, stored.metadata.name)
  for (const revision of revisions) {
    const metadata = { ...revision.metadata, namespace, ownerReferences: [owner] }
    await at.client.create(Revision, { ...revision, metadata } as NewOf<typeof Revision>, { fieldManager: "wick" })
    context.err(`revision/${revision.metadata.name} created\n`)
  }
  await settle(context, at, { service: stored, change: "created" }, options)
}

async function readExport(path: string): Promise<Export["spec"]> {
  const [object] = await readObjects(path)
  const { apiVersion, kind, spec } = (object ?? {}) as Partial<Export>
  if (kind === "Export" && apiVersion?.startsWith("client.knative.dev/") && spec?.service?.metadata?.name) return spec
  const found = kind ? `${apiVersion} ${kind}` : "no object"
  throw new CommandError(
    `${path}: must hold one client.knative.dev/v1alpha1 Export with a service, found ${found}`,
    `wick apply -f ${path}`,
    exitCodes.usage,
  )
}

/** A revision is a Configuration's: by this reference the controller knows it for its own. */
async function ownerOf({ clock, interrupted }: Context, at: Target, name: string): Promise<object> {
  const untilMs = clock.monotonic() + configurationPatienceMs
  for (;;) {
    try {
      const { metadata, apiVersion, kind } = await at.client.get(Configuration, { name, namespace: at.namespace })
      return { apiVersion, kind, name, uid: metadata.uid, controller: true, blockOwnerDeletion: true }
    } catch (error) {
      if (!isStatus(error, "NotFound") || clock.monotonic() > untilMs) throw error
      await clock.sleep(pauseMs, interrupted)
    }
  }
}
