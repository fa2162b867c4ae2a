import { Command } from "commander"
import { Pod } from "../api/core/pod.ts"
import { revisionLabel } from "../api/serving/revision-key.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { formatTable, type TableColumn } from "./table.ts"
import {
  allNamespacesOption,
  durationOption,
  namespaceOption,
  type Target,
  type TargetOptions,
  target,
  withExamples,
} from "./target.ts"
import { readActivators } from "./top/activators.ts"
import { type RevisionTraffic, type Snapshot, snapshotOf, trafficBetween } from "./top/revision-traffic.ts"

interface TopOptions extends TargetOptions {
  interval: number
  once?: boolean
}

interface Row extends RevisionTraffic {
  readonly namespace: string
  readonly revision: string
  readonly pods: number
}

const intervalMs = 2_000
/** Figures of less are chance, and asking for them is the load. */
const intervalMsMin = 500
const nothing: RevisionTraffic = {
  requestsPerSecond: 0,
  failing: undefined,
  p50: undefined,
  p99: undefined,
  concurrency: 0,
}
/** Cursor home, and what is below it cleared: each table is drawn over the last. */
const clear = "\u001b[H\u001b[J"

export function command(context: Context): Command {
  const top = new Command("top")
    .addOption(namespaceOption())
    .addOption(allNamespacesOption())
    .addOption(durationOption("--interval <duration>", "how long each figure is taken over", intervalMs))
    .option("--once", "one table, then end")
    .action((options: TopOptions) => run(context, options))
  return withExamples(top, "wick top\nwick top -A --interval 10s\nwick top --once")
}

async function run(context: Context, options: TopOptions): Promise<void> {
  if (options.interval < intervalMsMin) {
    throw new CommandError(`--interval: must be ${intervalMsMin}ms or more`, undefined, exitCodes.usage)
  }
  const at = await target(context, options)
  const { clock, interrupted } = context
  let before = snapshotOf(await readActivators(context, at))
  let takenMs = clock.monotonic()
  for (;;) {
    await clock.sleep(options.interval, interrupted)
    const after = snapshotOf(await readActivators(context, at))
    const nowMs = clock.monotonic()
    const rows = await rowsOf(at, before, after, (nowMs - takenMs) / 1000)
    context.out((options.once ? "" : clear) + formatTable(columns(at.scope === undefined), rows))
    if (options.once) return
    before = after
    takenMs = nowMs
  }
}

/** Revisions that have pods or had requests, the busiest first. */
async function rowsOf({ client, scope }: Target, before: Snapshot, after: Snapshot, seconds: number): Promise<Row[]> {
  const { items } = await client.list(Pod, {
    labelSelector: revisionLabel,
    ...(scope !== undefined && { namespace: scope }),
  })
  const pods = new Map<string, number>()
  for (const { metadata, status } of items) {
    if (
      metadata.deletionTimestamp ||
      !status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True")
    )
      continue
    const key = `${metadata.namespace}/${metadata.labels?.[revisionLabel]}`
    pods.set(key, (pods.get(key) ?? 0) + 1)
  }
  const traffic = trafficBetween(before, after, seconds)
  return [...new Set([...pods.keys(), ...traffic.keys()])]
    .map((key): Row => {
      const [namespace = "", revision = ""] = key.split("/")
      return { namespace, revision, pods: pods.get(key) ?? 0, ...(traffic.get(key) ?? nothing) }
    })
    .filter(({ namespace, pods: count, requestsPerSecond }) => {
      return (scope === undefined || namespace === scope) && (count > 0 || requestsPerSecond > 0)
    })
    .toSorted((a, b) => b.requestsPerSecond - a.requestsPerSecond || (a.revision < b.revision ? -1 : 1))
}

function columns(withNamespace: boolean): TableColumn<Row>[] {
  const ms = (value: number | undefined): string => (value === undefined ? "-" : `${value.toPrecision(3)} ms`)
  const shown: TableColumn<Row>[] = [
    { header: "REVISION", value: ({ revision }) => revision },
    { header: "PODS", value: ({ pods }) => pods },
    { header: "REQUESTS/S", value: ({ requestsPerSecond }) => requestsPerSecond.toFixed(1) },
    { header: "FAILING", value: ({ failing }) => (failing === undefined ? "-" : `${(failing * 100).toFixed(1)} %`) },
    { header: "P50", value: ({ p50 }) => ms(p50) },
    { header: "P99", value: ({ p99 }) => ms(p99) },
    { header: "CONCURRENCY", value: ({ concurrency }) => concurrency.toFixed(1) },
  ]
  return withNamespace ? [{ header: "NAMESPACE", value: ({ namespace }) => namespace }, ...shown] : shown
}
