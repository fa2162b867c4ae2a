/**
 * What the node and its containers use, read when somebody asks and at no other time: `/stats/summary` and
 * `/metrics/resource`, as every kubelet has them. Loaded with the first question.
 */
import { statfs } from "node:fs/promises"
import { resourceMetrics } from "./resource-metrics.ts"
import { type StatsDeps, takeSample } from "./sample.ts"
import { type DiskUsage, summaryOf } from "./summary.ts"

export interface StatsOptions extends StatsDeps {
  readonly nodeName: string
  /** On the file system that holds pods. */
  readonly directory: string
}

const textType = "text/plain; version=0.0.4; charset=utf-8"

/** The answer at a path; undefined when there is none. */
export async function statsAnswer(options: StatsOptions, url: URL): Promise<Response | undefined> {
  if (url.pathname === "/stats/summary") {
    const disk = url.searchParams.get("only_cpu_and_memory") === "true" ? undefined : await diskUsage(options.directory)
    return Response.json(summaryOf(options.nodeName, await takeSample(options), disk))
  }
  if (url.pathname !== "/metrics/resource") return undefined
  return new Response(resourceMetrics(await takeSample(options)), { headers: { "content-type": textType } })
}

async function diskUsage(directory: string): Promise<DiskUsage> {
  const { blocks, bavail, bsize } = await statfs(directory)
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize }
}
