import { Agent, type IncomingHttpHeaders, request } from "node:http"
import { text } from "node:stream/consumers"
import { Service } from "../../api/serving/service.ts"
import { equal, holds } from "../expectation.ts"
import { becomes } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { World } from "../world.ts"

/** Longest time that a function is waited for: many are made at once on one machine. */
export const functionPatienceMs = 90_000

export const services = "serving.knative.dev/v1 services"
export const revisions = "serving.knative.dev/v1 revisions"
export const configurations = "serving.knative.dev/v1 configurations"
export const routes = "serving.knative.dev/v1 routes"

/** How a function differs from the plain one. */
export interface Changes {
  readonly metadata?: object
  readonly template?: object
  readonly spec?: object
  readonly container?: object
  readonly env?: Readonly<Record<string, string>>
  readonly traffic?: readonly object[]
}

/** A Service with one container of `image`. */
export function functionOf(name: string, image: string, changes: Changes = {}): Loose {
  const { metadata, template, spec, container, env = {}, traffic } = changes
  const variables = Object.entries(env).map(([variable, value]) => ({ name: variable, value }))
  const containers = [{ image, ...(variables.length > 0 && { env: variables }), ...container }]
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name, ...metadata },
    spec: {
      template: { ...(template && { metadata: template }), spec: { containers, ...spec } },
      ...(traffic && { traffic }),
    },
  }
}

/** One that no node ever pulls: for cases about the API alone. */
export const nowhere = "registry.invalid/nobody/nothing@sha256:".padEnd(
  "registry.invalid/nobody/nothing@sha256:".length + 64,
  "0",
)

/** Makes or replaces a function of the specimen, and waits until it is Ready. */
export async function deploy(world: World, name: string, changes: Changes = {}): Promise<Loose> {
  const manifest = functionOf(name, world.functionHost.specimen, changes)
  const options = { headers: { "content-type": "application/apply-patch+yaml" } }
  const { body, code } = await world.wire(
    "PATCH",
    world.path(services, `/${name}?fieldManager=conformance&force=true`),
    manifest,
    options,
  )
  holds(code === 200 || code === 201, `the function was taken: ${JSON.stringify(body)}`)
  return isReady(world, name, body.metadata.generation)
}

/** Waits until this generation of a Service is Ready; a failure that is told ends the wait. */
export async function isReady(world: World, name: string, generation = 1): Promise<Loose> {
  const { client, namespace } = world
  const ready = await becomes(
    client,
    Service,
    { name, namespace },
    (service) => service?.status?.observedGeneration === generation && conditionOf(service, "Ready")?.status === "True",
    functionPatienceMs,
  )
  return ready
}

export function conditionOf(object: Loose, type: string): Loose {
  return object?.status?.conditions?.find((condition: Loose) => condition.type === type)
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The text as JSON; undefined where it is none. */
  readonly body: Loose
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Each request is a new client's. */
const agent = new Agent({ keepAlive: false })

/** One request to a URL that the cluster gave, sent to its gateway. Rejects where no answer came. */
export async function ask(
  world: World,
  url: string,
  { method = "GET", headers = {}, body }: AskOptions = {},
): Promise<Reply> {
  const { host, pathname, search } = new URL(url)
  const { gateway } = world.functionHost
  const response = await new Promise<Loose>((resolve, reject) => {
    const target = { ...gateway, agent, method, path: pathname + search, headers: { host, ...headers } }
    request(target, resolve).once("error", reject).end(body)
  })
  const said = await text(response)
  return { status: response.statusCode, headers: response.headers, text: said, body: parsed(said) }
}

/** The same, where the answer must be 200. */
export async function answered(world: World, url: string): Promise<Reply> {
  const reply = await ask(world, url)
  equal(reply.status, 200, `${url} answered ${reply.status}: ${reply.text}`)
  return reply
}

function parsed(said: string): Loose {
  try {
    return JSON.parse(said)
  } catch {
    return undefined
  }
}

/** URL of a function, with a path. */
export function urlOf(service: Loose, path = "/"): string {
  return new URL(path, service.status.url).href
}
