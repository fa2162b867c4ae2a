import type { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { formatTime } from "@wick/sdk/api/meta/time"
import { local, withVerdict } from "../aggregation/availability.ts"
import { httpsPort } from "../aggregation/route.ts"
import { forgetStatus } from "./initial-status.ts"
import { forbidden, invalid, present, required } from "./mistake.ts"
import { dnsLabel, dnsSubdomain } from "./name-format.ts"
import type { Strategy } from "./strategy.ts"

const groupPriorityMax = 20_000
const versionPriorityMax = 1_000

export const apiServices: Strategy = {
  prepareCreate: (object, nowMs) => {
    forgetStatus(object)
    const service = object as unknown as APIService
    fillPort(service)
    // What this server answers for itself is there from its first moment.
    if (service.spec && !service.spec.service) {
      service.status = { conditions: withVerdict(undefined, local, formatTime(nowMs)) }
    }
  },
  prepareUpdate: (object) => fillPort(object as unknown as APIService),
  validate(object) {
    const { metadata, spec } = object as unknown as APIService
    if (!spec) return [required("spec")]
    const {
      group = "",
      version = "",
      service,
      caBundle,
      insecureSkipTLSVerify,
      groupPriorityMinimum,
      versionPriority,
    } = spec
    const name = `${version}.${group}`
    return [
      ...(metadata.name === name
        ? []
        : [invalid("metadata.name", metadata.name, `must be \`spec.version+"."+spec.group\`: "${name}"`)]),
      ...(group === "" && version !== "v1"
        ? [required("spec.group", "only v1 may have an empty group and it better be legacy kube")]
        : []),
      ...(group === "" ? [] : dnsSubdomain("spec.group", group)),
      ...(version === "" ? present("spec.version", version) : dnsLabel("spec.version", version)),
      ...(groupPriorityMinimum <= 0 || groupPriorityMinimum > groupPriorityMax
        ? [invalid("spec.groupPriorityMinimum", groupPriorityMinimum, "must be positive and less than 20000")]
        : []),
      ...(versionPriority <= 0 || versionPriority > versionPriorityMax
        ? [invalid("spec.versionPriority", versionPriority, "must be positive and less than 1000")]
        : []),
      ...(service ? [] : localMistakes(caBundle, insecureSkipTLSVerify)),
      ...(service && !service.namespace ? [required("spec.service.namespace")] : []),
      ...(service && !service.name ? [required("spec.service.name")] : []),
      ...(service && insecureSkipTLSVerify && caBundle
        ? [invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present")]
        : []),
    ]
  },
}

function fillPort({ spec }: APIService): void {
  if (spec?.service) spec.service.port ??= httpsPort
}

function localMistakes(caBundle: string | undefined, skips: boolean | undefined) {
  return [
    ...(caBundle ? [invalid("spec.caBundle", "<bytes>", "local APIServices may not have a caBundle")] : []),
    ...(skips ? [forbidden("spec.insecureSkipTLSVerify", "local APIServices may not have insecureSkipTLSVerify")] : []),
  ]
}
