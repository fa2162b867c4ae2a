import {
  type Check,
  type CheckedContainer,
  containersOf,
  counted,
  isWindows,
  named,
  quoted,
  setters,
  sorted,
} from "./check.ts"

/** The Pod Security Standards' hardened level, beyond the baseline: a pod must say that it takes no more than it needs. */
const allowedVolumes = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
])

const privilegeEscalation: Check = {
  id: "allowPrivilegeEscalation",
  check: (pod) => {
    const names = named(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
    if (isWindows(pod) || names.length === 0) return undefined
    const detail = `${counted("container", names)} must set securityContext.allowPrivilegeEscalation=false`
    return { reason: "allowPrivilegeEscalation != false", detail }
  },
}

const capabilities: Check = {
  id: "capabilities_restricted",
  overrides: ["capabilities_baseline"],
  check: (pod) => {
    if (isWindows(pod)) return undefined
    const keeping = named(pod, ({ securityContext }) => securityContext?.capabilities?.drop?.includes("ALL") !== true)
    const added = ({ securityContext }: CheckedContainer): string[] =>
      (securityContext?.capabilities?.add ?? []).filter((name) => name !== "NET_BIND_SERVICE")
    const adding = named(pod, (container) => added(container).length > 0)
    const bad = quoted(sorted(containersOf(pod).flatMap(added)))
    const details = [
      ...(keeping.length > 0
        ? [`${counted("container", keeping)} must set securityContext.capabilities.drop=["ALL"]`]
        : []),
      ...(adding.length > 0
        ? [`${counted("container", adding)} must not include ${bad} in securityContext.capabilities.add`]
        : []),
    ]
    return details.length === 0 ? undefined : { reason: "unrestricted capabilities", detail: details.join("; ") }
  },
}

const volumes: Check = {
  id: "restrictedVolumes",
  overrides: ["hostPathVolumes"],
  check: ({ spec }) => {
    const typeOf = ({ name: _, ...source }: object & { name: string }): string =>
      Object.entries(source).find(([, value]) => value !== undefined)?.[0] ?? "emptyDir"
    const bad = (spec.volumes ?? []).filter((volume) => !allowedVolumes.has(typeOf(volume)))
    if (bad.length === 0) return undefined
    const names = bad.map(({ name }) => name)
    const verb = names.length === 1 ? "uses" : "use"
    const types = counted("restricted volume type", sorted(bad.map(typeOf)))
    return { reason: "restricted volume types", detail: `${counted("volume", names)} ${verb} ${types}` }
  },
}

const nonRoot: Check = {
  id: "runAsNonRoot",
  check: (pod) => {
    const ofPod = pod.spec.securityContext?.runAsNonRoot
    const refusing = named(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false)
    const silent = named(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined)
    const reason = "runAsNonRoot != true"
    // A pod that says no is heard only if some container leaves it to the pod.
    const own = ofPod === false && silent.length > 0
    if (own || refusing.length > 0) {
      return { reason, detail: `${setters(own, refusing)} must not set securityContext.runAsNonRoot=false` }
    }
    if (ofPod === true || silent.length === 0) return undefined
    return { reason, detail: `pod or ${counted("container", silent)} must set securityContext.runAsNonRoot=true` }
  },
}

const rootUser: Check = {
  id: "runAsUser",
  check: (pod) => {
    const who = setters(
      pod.spec.securityContext?.runAsUser === 0,
      named(pod, ({ securityContext }) => securityContext?.runAsUser === 0),
    )
    return who === "" ? undefined : { reason: "runAsUser=0", detail: `${who} must not set runAsUser=0` }
  },
}

const seccomp: Check = {
  id: "seccompProfile_restricted",
  overrides: ["seccompProfile_baseline"],
  check: (pod) => {
    if (isWindows(pod)) return undefined
    const isGood = (type: string | undefined): boolean => type === "RuntimeDefault" || type === "Localhost"
    const ofPod = pod.spec.securityContext?.seccompProfile?.type
    const typeOf = ({ securityContext }: CheckedContainer): string | undefined => securityContext?.seccompProfile?.type
    const bad = named(pod, (container) => typeOf(container) !== undefined && !isGood(typeOf(container)))
    const silent = named(pod, (container) => typeOf(container) === undefined)
    const reason = "seccompProfile"
    const own = ofPod !== undefined && !isGood(ofPod)
    if (own || bad.length > 0) {
      const detail = `${setters(own, bad)} must not set securityContext.seccompProfile.type to "Unconfined"`
      return { reason, detail }
    }
    if (isGood(ofPod) || silent.length === 0) return undefined
    const right = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return { reason, detail: `pod or ${counted("container", silent)} ${right}` }
  },
}

export const restricted: readonly Check[] = [privilegeEscalation, capabilities, volumes, nonRoot, rootUser, seccomp]
