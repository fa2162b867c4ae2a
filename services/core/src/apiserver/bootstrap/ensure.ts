import { builtinKinds } from "@wick/sdk/api"
import type { AnyObject, KindReference } from "@wick/sdk/api/kind"
import { type Status, StatusError } from "@wick/sdk/api/meta/status-error"
import type { Fetch } from "@wick/sdk/client"
import { reconciled } from "./reconcile.ts"

/**
 * Brings the objects about, through the API like everybody else, as a master. Safe at every start, and from several
 * servers at once: one that lost a race finds that the other has done the work.
 */
export async function ensureBootstrapObjects(fetch: Fetch, objects: readonly AnyObject[]): Promise<void> {
  for (const stage of stages(objects)) await Promise.all(stage.map((object) => ensure(fetch, object)))
}

/** Namespaces first, since nothing can be written into one that is not there; all the rest at once. */
function stages(objects: readonly AnyObject[]): AnyObject[][] {
  const first = objects.filter((object) => object.kind === "Namespace")
  return [first, objects.filter((object) => object.kind !== "Namespace")]
}

async function ensure(fetch: Fetch, wanted: AnyObject): Promise<void> {
  const collection = collectionUrl(wanted)
  const url = `${collection}/${encodeURIComponent(wanted.metadata.name ?? "")}`
  const found = await ask(fetch, "GET", url)
  if (found === undefined) {
    await ask(fetch, "POST", collection, wanted)
    return
  }
  const changed = reconciled(found, wanted)
  if (changed !== undefined) await ask(fetch, "PUT", url, changed)
}

/** Undefined where there is no such object yet, and where another server was quicker. */
async function ask(fetch: Fetch, method: string, url: string, body?: AnyObject): Promise<AnyObject | undefined> {
  const response = await fetch(
    new Request(url, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    }),
  )
  const answer = (await response.json()) as AnyObject
  if (response.ok) return answer
  const lostRace = method !== "GET" && response.status === 409
  if (lostRace || (method === "GET" && response.status === 404)) return undefined
  throw StatusError.from(answer as Partial<Status>, response.status)
}

function collectionUrl({ apiVersion, kind, metadata }: AnyObject): string {
  const found = builtinKinds.find((candidate) => candidate.apiVersion === apiVersion && candidate.kind === kind)
  if (found === undefined) throw new Error(`${apiVersion} ${kind} is not a kind of this server`)
  const { plural, namespaced }: KindReference = found
  const root = apiVersion.includes("/") ? "apis" : "api"
  const scope = namespaced ? `namespaces/${metadata.namespace}/` : ""
  return `https://kubernetes.default.svc/${root}/${apiVersion}/${scope}${plural}`
}
