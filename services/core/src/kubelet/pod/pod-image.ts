import type { ConfigMap } from "@wick/sdk/api/core/config-map"
import type { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import type { Volume } from "@wick/sdk/api/core/volume"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { credentialsFor } from "@wick/sdk/oci/pull-credentials"
import type { ImageRecord } from "../runtime/runtime.ts"
import type { PodContainer } from "./observed.ts"
import type { PodDeps } from "./pod-deps.ts"
import type { PodState } from "./pod-state.ts"

type Teller = Pick<PodState, "pod" | "tell"> & Partial<Pick<PodState, "trace">>
type ImageDeps = Pick<PodDeps, "images" | "client">

/** The image that a container is made of, pulled where need be. Throws `ImageProblem`. */
export function containerImage(
  state: Teller,
  deps: ImageDeps,
  container: PodContainer,
  signal: AbortSignal,
): Promise<ImageRecord> {
  const wanted = { image: container.image ?? "", policy: container.imagePullPolicy }
  return haveImage(state, deps, wanted, signal, container)
}

/** The image that a volume shows the files of. Throws `ImageProblem`. */
export function volumeImage(
  state: Teller,
  deps: ImageDeps,
  source: NonNullable<Volume["image"]>,
  signal: AbortSignal,
): Promise<ImageRecord> {
  return haveImage(state, deps, { image: source.reference ?? "", policy: source.pullPolicy }, signal)
}

function haveImage(
  state: Teller,
  deps: ImageDeps,
  { image, policy }: { readonly image: string; readonly policy: string | undefined },
  signal: AbortSignal,
  container?: PodContainer,
): Promise<ImageRecord> {
  let pulled = false
  const span = state.trace?.begin("EnsureImageExists", { "container.image.name": image })
  const ensured = deps.images.ensure({
    image,
    podUid: state.pod.metadata.uid,
    policy,
    signal,
    credentials: async () => credentialsFor(image, await pullSecrets(state.pod, deps)),
    onPull: (news) => {
      if (news.kind === "pulling") return state.tell("Normal", "Pulling", `Pulling image "${image}"`, container)
      pulled = true
      const took = `${Math.round(news.tookMs)}ms`
      const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${news.bytes} bytes.`
      state.tell("Normal", "Pulled", message, container)
    },
  })
  if (span === undefined) return ensured
  const failed = (error: Error): void => span.fail(error.message)
  return ensured.finally(() =>
    ensured.catch(failed).then(() => {
      span.set({ "wick.image.pulled": pulled })
      span.end()
    }),
  )
}

async function pullSecrets(pod: Pod, deps: ImageDeps): Promise<Secret[]> {
  const { imagePullSecrets = [] } = pod.spec
  const found = await Promise.all(imagePullSecrets.map(({ name }) => findObject(deps, Secret, pod, name ?? "")))
  return found.filter((secret) => secret !== undefined)
}

/** An object of the pod's namespace, if it is there. */
export async function findObject<K extends typeof ConfigMap | typeof Secret>(
  deps: Pick<PodDeps, "client">,
  kind: K,
  pod: Pod,
  name: string,
) {
  const { namespace } = pod.metadata
  try {
    return await deps.client.get(kind, { name, ...(namespace !== undefined && { namespace }) })
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}
