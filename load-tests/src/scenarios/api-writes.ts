import { ClusterRoleBinding } from "@wick/sdk/api/rbac/cluster-role-binding"
import { ApiConnection, paced } from "../api-connection.ts"
import { administratorToken, createMany, name, removeAll } from "../api-objects.ts"
import { namespace, type Platform } from "../platform.ts"
import { cpuMicros } from "../process-cost.ts"
import { report } from "../report.ts"

const writesPerSecond = 1_000
const getsPerSecond = 200
const seconds = 20
const objects = 1_000
const writers = 8
/** Reads are another user's: of one user reads wait behind writes when there are too many of these. */
const someoneElse = `${name}-reader`

/** Reads of one object while others are changed a thousand times a second: what a write costs those who only read. */
export async function apiWrites(platform: Platform): Promise<void> {
  await removeAll(platform)
  const token = await administratorToken(platform)
  await createMany(platform, objects, 500)
  await platform.client.create(ClusterRoleBinding, {
    metadata: { name: someoneElse },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "User", name: someoneElse, apiGroup: "rbac.authorization.k8s.io" }],
  })
  const maps = `/api/v1/namespaces/${namespace}/configmaps`
  const connections = Array.from({ length: writers }, () => new ApiConnection(platform, token))
  const reader = new ApiConnection(platform, token)
  const headers = { ":method": "PATCH", "content-type": "application/merge-patch+json" }
  const until = AbortSignal.timeout(seconds * 1_000)
  const before = cpuMicros([platform.controlPid])
  const [writes, reads] = await Promise.all([
    paced(writesPerSecond, until, async (index) => {
      const connection = connections[index % writers]
      const path = `${maps}/${name}-${index % objects}`
      return (await connection?.ask(path, headers, `{"data":{"count":"${index}"}}`))?.status === 200
    }),
    paced(getsPerSecond, until, async (index) => {
      const path = `${maps}/${name}-${(index * 7) % objects}`
      return (await reader.ask(path, { "impersonate-user": someoneElse })).status === 200
    }),
  ])
  const cpu = Math.round((cpuMicros([platform.controlPid]) - before) / writes.latency.count)
  for (const connection of [reader, ...connections]) connection.close()
  await platform.client.delete(ClusterRoleBinding, { name: someoneElse })
  await removeAll(platform)
  const row = (title: string, { latency, failed }: typeof writes, more: object = {}) => {
    const { count, p50, p99, max } = latency.summary()
    return { name: title, figures: { "requests/s": Math.round(count / seconds), p50, p99, max, failed, ...more } }
  }
  report("api-writes", [row("PATCH", writes, { "CPU us/write": cpu }), row("GET meanwhile", reads)])
}
