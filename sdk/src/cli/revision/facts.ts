import type { Revision } from "../../api/serving/revision.ts"
import type { RevisionContainer } from "../../api/serving/revision-spec.ts"

type Fact = readonly [label: string, value: string | undefined]
const autoscaling = "autoscaling.knative.dev/"

/** What a revision runs and how it is scaled, a line each. Pure. */
export function revisionFacts({ metadata, spec, status }: Revision): Fact[] {
  const annotations = metadata.annotations ?? {}
  const containers = (spec?.containers ?? []) as RevisionContainer[]
  const container = containers.find(({ ports }) => ports?.length) ?? containers[0]
  const digest = status?.containerStatuses?.find(({ name }) => name === container?.name)?.imageDigest
  const scaling = Object.entries(annotations).filter(([key]) => key.startsWith(autoscaling))
  return [
    ["Image", container?.image],
    ["Digest", digest && digest !== container?.image ? digest : undefined],
    [
      "Sidecars",
      listed(containers.filter((each) => each !== container).map(({ name, image }) => `${name} (${image})`)),
    ],
    ["Command", listed([...(container?.command ?? []), ...(container?.args ?? [])], " ")],
    [
      "Port",
      listed((container?.ports ?? []).map(({ name, containerPort }) => (name ? `${name}:` : "") + containerPort)),
    ],
    ["Env", listed((container?.env ?? []).map(variable))],
    ["Env from", listed((container?.envFrom ?? []).map(source))],
    ["Mounts", listed((container?.volumeMounts ?? []).map(({ mountPath, name }) => `${mountPath}=${name}`))],
    ["Limits", quantities(container?.resources?.limits)],
    ["Requests", quantities(container?.resources?.requests)],
    ["Concurrency", spec?.containerConcurrency ? `${spec.containerConcurrency} at once` : undefined],
    ["Timeout", spec?.timeoutSeconds === undefined ? undefined : `${spec.timeoutSeconds}s`],
    ["Account", spec?.serviceAccountName],
    ["Scaling", listed(scaling.map(([key, value]) => `${key.slice(autoscaling.length)}=${value}`))],
    ["Replicas", `${status?.actualReplicas ?? 0} of ${status?.desiredReplicas ?? 0}`],
  ]
}

function listed(words: readonly (string | number)[], between = ", "): string | undefined {
  return words.length === 0 ? undefined : words.join(between)
}

function quantities(map: object | undefined): string | undefined {
  return listed(Object.entries(map ?? {}).map(([key, value]) => `${key}=${value}`))
}

/** What a Secret holds is not told, only where it is. */
function variable({ name, value, valueFrom }: NonNullable<RevisionContainer["env"]>[number]): string {
  const { secretKeyRef, configMapKeyRef } = valueFrom ?? {}
  if (secretKeyRef) return `${name}=[secret:${secretKeyRef.name}:${secretKeyRef.key}]`
  if (configMapKeyRef) return `${name}=[cm:${configMapKeyRef.name}:${configMapKeyRef.key}]`
  return valueFrom ? `${name}=[…]` : `${name}=${value ?? ""}`
}

function source({ prefix = "", secretRef, configMapRef }: NonNullable<RevisionContainer["envFrom"]>[number]): string {
  return `${prefix}${secretRef ? `secret:${secretRef.name}` : `cm:${configMapRef?.name}`}`
}
