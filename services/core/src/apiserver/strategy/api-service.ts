import type { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { forbidden, invalid, present, required } from "./mistake.ts"
import { dnsLabel, dnsSubdomain } from "./name-format.ts"
import type { Strategy } from "./strategy.ts"
import { forgetStatus } from "./workload.ts"

const groupPriorityMax = 20_000
const versionPriorityMax = 1_000

export const apiServices: Strategy = {
  prepareCreate: forgetStatus,
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

function localMistakes(caBundle: string | undefined, skips: boolean | undefined) {
  return [
    ...(caBundle ? [invalid("spec.caBundle", "<bytes>", "local APIServices may not have a caBundle")] : []),
    ...(skips ? [forbidden("spec.insecureSkipTLSVerify", "local APIServices may not have insecureSkipTLSVerify")] : []),
  ]
}
