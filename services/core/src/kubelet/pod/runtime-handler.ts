import type { Pod } from "@wick/sdk/api/core/pod"
import { RuntimeClass } from "@wick/sdk/api/node/runtime-class"
import type { PodDeps } from "./pod-deps.ts"

/** How a pod's containers are made, in the runtime's words; "" is the usual way. Throws when its RuntimeClass is not there. */
export async function runtimeHandler({ client }: Pick<PodDeps, "client">, { spec }: Pod): Promise<string> {
  const { runtimeClassName: name } = spec
  return name ? (await client.get(RuntimeClass, { name })).handler : ""
}
