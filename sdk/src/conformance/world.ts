import { Namespace } from "../api/core/namespace.ts"
import { ServiceAccount } from "../api/core/service-account.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { type Client, createClient, type Patch, patchTypes, warningsOf } from "../client/index.ts"
import type { Clock } from "../clock/index.ts"
import type { Cluster, FunctionHost, Identity } from "./cluster.ts"
import { type Answering, startWebhook, type Webhook } from "./webhook.ts"

/** An answer as it came, whatever its code. */
export interface Answer {
  readonly code: number
  readonly headers: Headers
  readonly warnings: readonly string[]
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a case looks at what it expects to be there, and fails where it is not.
  readonly body: any
}

export interface WireOptions {
  readonly as?: Identity
  readonly headers?: Readonly<Record<string, string>>
}

/** What one case has: a namespace of its own, clients, and a place to leave what must be undone. */
export interface World {
  readonly clock: Clock
  /** The administrator's. */
  readonly client: Client
  readonly namespace: string
  as(identity: Identity): Client
  /** A request as it is; `body` becomes JSON unless it is text. */
  wire(method: string, path: string, body?: unknown, options?: WireOptions): Promise<Answer>
  /** `configmaps` and `apps/v1 deployments`, with what follows (`/a/status?x=y`), in the case's namespace. */
  path(resource: string, rest?: string): string
  /** A patch of this kind; YAML or JSON alike for `apply`. */
  patch(type: Patch["type"], path: string, body: unknown, options?: WireOptions): Promise<Answer>
  /** A name that nobody else has: for what is in no namespace. */
  unique(stem: string): string
  /** Runs when the case has ended, last first, however it ended. What is gone already is no mistake. */
  afterwards(undo: () => Promise<unknown>): void
  /** Where functions are called. */
  readonly functionHost: FunctionHost
  /** A server that the API server may call until the case has ended. */
  webhook(answer: Answering): Promise<Webhook>
}

const administrator: Identity = { kind: "administrator" }

export async function inWorld(cluster: Cluster, clock: Clock, run: (world: World) => Promise<void>): Promise<void> {
  await using ending = new AsyncDisposableStack()
  const suffix = crypto.randomUUID().slice(0, 8)
  const namespace = `conformance-${suffix}`
  let count = 0
  const as = (identity: Identity): Client =>
    createClient({ fetch: cluster.fetchAs(identity), baseUrl: cluster.server, userAgent: "conformance" })
  const client = as(administrator)
  const afterwards = (undo: () => Promise<unknown>): void =>
    ending.defer(async () => {
      await undo().catch((error: unknown) => {
        if (!isStatus(error, "NotFound", "Conflict")) throw error
      })
    })
  await makeNamespace(client, namespace)
  afterwards(() => client.delete(Namespace, { name: namespace }))
  await run({
    clock,
    client,
    namespace,
    as,
    afterwards,
    path: (resource, rest = "") => pathOf(resource, namespace) + rest,
    patch: (type, path, body, options = {}) =>
      wire(cluster, "PATCH", path, body, {
        ...options,
        headers: { ...options.headers, "content-type": patchTypes[type] },
      }),
    unique: (stem) => `${stem}-${suffix}${count++ || ""}`,
    wire: (method, path, body, options) => wire(cluster, method, path, body, options),
    get functionHost() {
      if (!cluster.functionHost) throw new Error("this cluster has no function host; state the case withFunctions")
      return cluster.functionHost
    },
    webhook: async (answer) => {
      if (!cluster.webhookHost) throw new Error("this cluster has no webhook host; state the case withWebhooks")
      return ending.use(await startWebhook(cluster.webhookHost, answer))
    },
  })
}

function pathOf(resource: string, namespace: string): string {
  const [plural = "", group] = resource.split(" ").reverse()
  return `${group ? `/apis/${group}` : "/api/v1"}/namespaces/${namespace}/${plural}`
}

/** Pods need the namespace's own account, which a controller makes in its own time: we do not wait for it. */
async function makeNamespace(client: Client, name: string): Promise<void> {
  await client.create(Namespace, { metadata: { name } })
  await client.create(ServiceAccount, { metadata: { name: "default", namespace: name } }).catch((error: unknown) => {
    if (!isStatus(error, "AlreadyExists")) throw error
  })
}

/** What is no JSON, or the stream of a watch, is read as text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function wire(
  cluster: Cluster,
  method: string,
  path: string,
  body: unknown,
  { as = administrator, headers = {} }: WireOptions = {},
): Promise<Answer> {
  const init: RequestInit = { method, headers: { "content-type": "application/json", ...headers } }
  if (body !== undefined) init.body = typeof body === "string" ? body : JSON.stringify(body)
  const response = await cluster.fetchAs(as)(new Request(cluster.server + path, init))
  const text = await response.text()
  return {
    code: response.status,
    headers: response.headers,
    warnings: warningsOf(response),
    text,
    body: parsed(text),
  }
}
