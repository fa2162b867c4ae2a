import { EndpointSlice } from "../../api/discovery/endpoint-slice.ts"
import { systemNamespace } from "../../api/serving/config/index.ts"
import { clusterFetch } from "../../client/cluster-fetch.ts"
import { CommandError, type Connection, type Context, exitCodes } from "../context.ts"

const answerMsMax = 2_000
const serviceLabel = "kubernetes.io/service-name=activator-service"

/** One activator: where its metrics are, and by which pod the API server reaches it if this machine does not. */
interface Activator {
  readonly url: string
  readonly pod: string | undefined
  readonly port: number
}

/** Reads the metrics of every activator that the cluster knows; one that does not answer is left out. */
export async function readActivators(context: Context, { client, config, server }: Connection): Promise<string[]> {
  const { items } = await client.list(EndpointSlice, { namespace: systemNamespace, labelSelector: serviceLabel })
  const activators = items.flatMap(activatorsOf)
  if (activators.length === 0) {
    const next = `kubectl get endpointslices -n ${systemNamespace} -l ${serviceLabel}`
    throw new CommandError("the cluster knows no activators", next, exitCodes.notFound)
  }
  const api = await clusterFetch(config, context.clock)
  try {
    const answers = await Promise.all(
      activators.map(async ({ url, pod, port }) => {
        const direct = await textOf(fetch(url, { signal: AbortSignal.timeout(answerMsMax) }))
        if (direct !== undefined || pod === undefined) return direct
        const path = `/api/v1/namespaces/${systemNamespace}/pods/${pod}:${port}/proxy/metrics`
        return textOf(api.fetch(new Request(server + path, { signal: AbortSignal.timeout(answerMsMax) })))
      }),
    )
    return answers.filter((answer) => answer !== undefined)
  } finally {
    await api[Symbol.asyncDispose]()
  }
}

function activatorsOf({ endpoints, ports = [] }: EndpointSlice): Activator[] {
  const port = ports.find(({ name }) => name === "admin")?.port
  if (port === undefined) return []
  return endpoints.flatMap(({ addresses, targetRef }) =>
    addresses.map((address) => ({ url: `http://${address}:${port}/metrics`, pod: targetRef?.name, port })),
  )
}

async function textOf(asked: Promise<Response>): Promise<string | undefined> {
  try {
    const response = await asked
    const text = await response.text()
    return response.ok ? text : undefined
  } catch {
    return undefined
  }
}
