import { Pod } from "@wick/sdk/api/core/pod"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Config } from "@wick/sdk/api/serving/config"
import { errorText, mistake } from "@wick/sdk/api/serving/field-error"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { RevisionTemplate } from "@wick/sdk/api/serving/revision-spec"
import type { Client } from "@wick/sdk/client"
import { podSpec } from "../reconcilers/revision/desired/pod-spec.ts"
import type { ReviewRequest } from "./admission-review.ts"

/** Makes a pod without storing it; what the API server says against it, if it does. */
export type PodTrial = (pod: AnyObject) => Promise<string | undefined>

const annotation = "features.knative.dev/podspec-dryrun"
const kinds = ["Service", "Configuration"]
const podName = "dry-run-validation"

/**
 * The pod of a template, when it is to be tried out: whoever asks what would be stored is also told what would come of
 * its pods, and so is whoever asks for it by annotation, or everybody where the operators say so. What a controller made
 * was tried before.
 */
export function triedPod(request: ReviewRequest, config: Config): AnyObject | undefined {
  const { object, oldObject, kind, operation, dryRun } = request
  if (!object || operation === "DELETE" || object.metadata.deletionTimestamp || !kinds.includes(kind.kind))
    return undefined
  if ((object.metadata.ownerReferences ?? []).length > 0) return undefined
  const { features } = config
  const asks = dryRun || ["enabled", "strict"].includes(object.metadata.annotations?.[annotation] ?? "")
  if (!features.enables("podspec-dryrun") && !(asks && features.permits("podspec-dryrun"))) return undefined
  const template = templateOf(object)
  if (oldObject && JSON.stringify(template) === JSON.stringify(templateOf(oldObject))) return undefined
  return podOf(template, object.metadata.namespace ?? "", config)
}

function templateOf(object: AnyObject): RevisionTemplate {
  return (object.spec as { template?: RevisionTemplate }).template ?? {}
}

function podOf({ metadata = {}, spec }: RevisionTemplate, namespace: string, config: Config): AnyObject {
  const { labels = {}, annotations = {} } = metadata
  const revision = { metadata: { name: podName, namespace, labels, annotations }, spec } as unknown as Revision
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: `${podName}-`, namespace, labels, annotations },
    spec: podSpec(revision, config, {}),
  } as unknown as AnyObject
}

/** What a service is refused with whose pod is refused. */
export function trialRefusal(reason: string): string {
  return `validation callback failed: ${errorText([mistake(`dry run failed with ${reason}`, "spec.template")])}`
}

/** Another webhook that cannot be asked without an effect says nothing of the pod. */
const unsupported = "does not support dry run"

export function podTrial(client: Client): PodTrial {
  return async (pod) => {
    try {
      await client.create(Pod, pod as never, { dryRun: true })
      return undefined
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return error.message.includes(unsupported) ? undefined : error.message
    }
  }
}
