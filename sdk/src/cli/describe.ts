import { Command } from "commander"
import type { Event } from "../api/core/event.ts"
import { Event as EventKind } from "../api/core/event.ts"
import { Pod } from "../api/core/pod.ts"
import { Revision } from "../api/serving/revision.ts"
import { Service } from "../api/serving/service.ts"
import { podLogLines } from "../client/pod-log.ts"
import type { Context } from "./context.ts"
import { conditionTable, fieldLines, section } from "./describe-parts.ts"
import { formatAge } from "./duration.ts"
import { ageOf, readyCondition, revisionColumns } from "./function-table.ts"
import { type OutputFormat, outputOption, printObject } from "./output.ts"
import { formatTable } from "./table.ts"
import { namespaceOption, type Target, target, withExamples } from "./target.ts"

interface DescribeOptions {
  verbose?: boolean
  namespace?: string
  output?: OutputFormat
}

const eventsShownMax = 10
const logLinesShown = 10

export function command(context: Context): Command {
  const describe = new Command("describe")
    .argument("<name>", "name of the function")
    .addOption(namespaceOption())
    .option("-v, --verbose", "the same as -o wide")
    .addOption(outputOption("url"))
    .action((name: string, options: DescribeOptions) => run(context, name, options))
  return withExamples(describe, "wick describe hello\nwick describe hello -o wide\nwick describe hello -n demo -o yaml")
}

async function run(context: Context, name: string, options: DescribeOptions): Promise<void> {
  const at = await target(context, options)
  const service = await at.client.get(Service, { name, namespace: at.namespace })
  const wide = options.output === "wide" || options.verbose === true
  await printObject(context, options.output, service, () => describe(context, at, service, wide))
}

async function describe(context: Context, at: Target, service: Service, wide: boolean): Promise<void> {
  const { name } = service.metadata
  const labelSelector = `serving.knative.dev/service=${name}`
  const [revisions, pods, events] = await Promise.all([
    at.client.list(Revision, { namespace: at.namespace, labelSelector }),
    at.client.list(Pod, { namespace: at.namespace, labelSelector }),
    at.client.list(EventKind, { namespace: at.namespace }),
  ])
  const now = context.clock.now()
  context.out(head(service, now))
  context.out(section("Conditions", conditionTable(service, now)))
  context.out(
    section(
      "Revisions",
      formatTable(
        revisionColumns(now, () => service),
        revisions.items,
        wide,
      ),
    ),
  )
  const none = readyCondition(service)?.status === "True" ? "none: scaled to zero\n" : "none\n"
  context.out(section("Pods", pods.items.length === 0 ? none : podTable(pods.items, now, wide)))
  const names = new Set([
    name,
    ...revisions.items.map((it) => it.metadata.name),
    ...pods.items.map((it) => it.metadata.name),
  ])
  context.out(section("Events", eventTable(events.items, names, now)))
  if (readyCondition(service)?.status !== "True") await lastLogs(context, at, pods.items)
}

function head(service: Service, now: number): string {
  const container = service.spec?.template?.spec?.containers?.[0]
  const ready = readyCondition(service)
  const rows: [string, string | undefined][] = [
    ["Name", service.metadata.name],
    ["Namespace", service.metadata.namespace],
    ["Age", ageOf(service, now)],
    ["URL", service.status?.url],
    ["Image", container?.image],
    ["Ready", `${ready?.status ?? "Unknown"}${ready?.reason ? ` (${ready.reason})` : ""}`],
    ["Message", ready?.message],
  ]
  return fieldLines(rows)
}

function podTable(pods: readonly Pod[], now: number, wide: boolean): string {
  return formatTable(
    [
      { header: "NAME", value: ({ metadata }) => metadata.name },
      {
        header: "PHASE",
        value: ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : status?.phase),
      },
      { header: "READY", value: ({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.status },
      { header: "RESTARTS", value: ({ status }) => status?.containerStatuses?.[0]?.restartCount ?? 0 },
      { header: "WHY", value: whyNotRunning },
      { header: "IP", wide: true, value: ({ status }) => status?.podIP },
      { header: "NODE", wide: true, value: ({ spec }) => spec.nodeName },
      { header: "AGE", value: (pod) => ageOf(pod, now) },
    ],
    pods,
    wide,
  )
}

function whyNotRunning({ status }: Pod): string | undefined {
  const state = status?.containerStatuses?.[0]?.state
  const stopped = state?.waiting ?? state?.terminated
  return stopped && `${stopped.reason ?? ""}${stopped.message ? `: ${stopped.message}` : ""}`
}

function eventTable(events: readonly Event[], names: ReadonlySet<string>, now: number): string {
  const time = (event: Event): string => event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp
  const about = events
    .filter(({ involvedObject }) => [...names].some((name) => involvedObject.name?.startsWith(name)))
    .toSorted((a, b) => time(a).localeCompare(time(b)))
    .slice(-eventsShownMax)
  if (about.length === 0) return "none\n"
  return formatTable(
    [
      { header: "AGE", value: (event) => formatAge(now - Date.parse(time(event))) },
      { header: "TYPE", value: ({ type }) => type },
      { header: "REASON", value: ({ reason }) => reason },
      {
        header: "OBJECT",
        value: ({ involvedObject }) => `${involvedObject.kind?.toLowerCase()}/${involvedObject.name}`,
      },
      { header: "MESSAGE", value: ({ message }) => message },
    ],
    about,
  )
}

/** What the containers said last: the answer to most "why not ready". */
async function lastLogs(context: Context, at: Target, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods.slice(0, 1)) {
    const reference = { name: pod.metadata.name, namespace: at.namespace }
    try {
      const lines: string[] = []
      for await (const line of podLogLines(at.client, reference, { tailLines: logLinesShown })) lines.push(`${line}\n`)
      if (lines.length > 0) context.out(section(`Last output of ${pod.metadata.name}`, lines.join("")))
    } catch {
      // No container has run yet: its condition says why, and there is nothing to print.
    }
  }
}
