import type { KindReference } from "../api/kind.ts"
import type { Client, Reference } from "./client.ts"
import { queryString, resourcePath } from "./path.ts"

export interface PodLogOptions {
  /** Needed where the pod has more than one. */
  readonly container?: string
  /** Go on as more is printed, until the container ends. */
  readonly follow?: boolean
  /** What the container printed before it was last restarted. */
  readonly previous?: boolean
  readonly tailLines?: number
  readonly sinceSeconds?: number
  readonly sinceTime?: string
  /** Begin each line with its time. */
  readonly timestamps?: boolean
  readonly limitBytes?: number
  /** Ends the log quietly. */
  readonly signal?: AbortSignal
}

const pods: KindReference = {
  group: "",
  version: "v1",
  apiVersion: "v1",
  kind: "Pod",
  plural: "pods",
  namespaced: true,
}

/** What a container printed, as bytes. */
export async function podLog(
  client: Client,
  reference: Reference,
  { signal, ...options }: PodLogOptions = {},
): Promise<ReadableStream<Uint8Array>> {
  const path = resourcePath(pods, { ...reference, subresource: "log" }) + queryString({ ...options })
  const response = await client.request(path, { headers: { accept: "*/*" }, ...(signal && { signal }) })
  return response.body ?? new Blob([]).stream()
}

/** The same line by line, without their ends; a last line without one counts too. */
export async function* podLogLines(
  client: Client,
  reference: Reference,
  options: PodLogOptions = {},
): AsyncGenerator<string, void> {
  try {
    yield* linesOf(await podLog(client, reference, options))
  } catch (error) {
    if (!options.signal?.aborted) throw error
  }
}

export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    yield* lines
  }
  if (rest !== "") yield rest
}
