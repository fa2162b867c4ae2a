/**
 * What the node and its containers use, read when somebody asks and at no other time: `/stats/summary`,
 * `/metrics/resource` and `/metrics/cadvisor`, as every kubelet has them, and `/metrics` of the kubelet itself. Loaded with the
 * first question.
 */
import { statfs } from "node:fs/promises"
import type { Metrics } from "@wick/sdk/metrics"
import { cadvisorMetrics } from "./cadvisor-metrics.ts"
import { type KubeletFigures, kubeletMetrics } from "./kubelet-metrics.ts"
import { resourceMetrics } from "./resource-metrics.ts"
import { type Sample, type StatsDeps, takeSample } from "./sample.ts"
import { type DiskUsage, summaryOf } from "./summary.ts"

/** What is kept from one question to the next. */
export interface Kept {
  /** The sample by which rates are reckoned. */
  sample?: Sample
  /** Those of the kubelet: of its process some are since they were last asked for. */
  metrics?: Metrics
}

/** Of less a rate would say more of the moment than of the container, of more nothing of now. */
const rateMsMin = 1_000
const rateMsMax = 120_000

export interface StatsOptions extends StatsDeps, KubeletFigures {
  readonly kept: Kept
  /** On the file system that holds pods. */
  readonly directory: string
}

const texts: Readonly<Record<string, (sample: Sample) => string>> = {
  "/metrics/resource": resourceMetrics,
  "/metrics/cadvisor": cadvisorMetrics,
}
const textType = "text/plain; version=0.0.4; charset=utf-8"

/** The answer at a path; undefined when there is none. */
export async function statsAnswer(options: StatsOptions, url: URL): Promise<Response | undefined> {
  if (url.pathname === "/stats/summary") {
    const disk = url.searchParams.get("only_cpu_and_memory") === "true" ? undefined : await diskUsage(options.directory)
    const sample = await takeSample(options)
    return Response.json(summaryOf(options.nodeName, sample, rememberedFor(options.kept, sample), disk))
  }
  if (url.pathname === "/metrics") {
    options.kept.metrics ??= kubeletMetrics(options)
    return new Response(await options.kept.metrics.text(), { headers: { "content-type": textType } })
  }
  const textOf = texts[url.pathname]
  return textOf && new Response(textOf(await takeSample(options)), { headers: { "content-type": textType } })
}

/** The sample that rates are since, and this one for the next question. */
function rememberedFor(kept: Kept, sample: Sample): Sample | undefined {
  const before = kept.sample
  const ageMs = before ? sample.atMs - before.atMs : Number.POSITIVE_INFINITY
  if (ageMs >= rateMsMin) kept.sample = sample
  return ageMs >= rateMsMin && ageMs <= rateMsMax ? before : undefined
}

async function diskUsage(directory: string): Promise<DiskUsage> {
  const { blocks, bavail, bsize } = await statfs(directory)
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize }
}
