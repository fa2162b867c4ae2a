import {
  type Check,
  type Checked,
  type CheckedContainer,
  containersOf,
  counted,
  named,
  quoted,
  setters,
  sorted,
} from "./check.ts"

/**
 * The Pod Security Standards' baseline: what lets a pod out of its box. In the order of their ids, which is the order in
 * which they are told.
 */
const defaultCapabilities = new Set(
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(
    " ",
  ),
)
const safeSysctls = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
])
const seLinuxTypes = new Set(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"])
const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/"

const appArmor: Check = {
  id: "appArmorProfile",
  check: (pod) => {
    const unconfined = (context: { appArmorProfile?: { type: string } | undefined } | undefined): boolean =>
      context?.appArmorProfile?.type === "Unconfined"
    const who = setters(
      unconfined(pod.spec.securityContext),
      named(pod, ({ securityContext }) => unconfined(securityContext)),
    )
    const annotations = Object.entries(pod.metadata?.annotations ?? {}).filter(
      ([key, value]) => key.startsWith(appArmorPrefix) && !isConfined(value),
    )
    if (who === "" && annotations.length === 0) return undefined
    const fields = who === "" ? [] : [`${who} must not set AppArmor profile type to "Unconfined"`]
    const notes = annotations.map(([key, value]) => `annotation "${key}"="${value}"`)
    const many = annotations.length > 1
    return { reason: `forbidden AppArmor profile${many ? "s" : ""}`, detail: [...fields, ...notes.sort()].join("; ") }
  },
}

function isConfined(profile: string): boolean {
  return profile === "" || profile === "runtime/default" || profile.startsWith("localhost/")
}

const capabilities: Check = {
  id: "capabilities_baseline",
  check: (pod) => {
    const added = ({ securityContext }: CheckedContainer): string[] =>
      (securityContext?.capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name))
    const names = named(pod, (container) => added(container).length > 0)
    if (names.length === 0) return undefined
    const bad = sorted(containersOf(pod).flatMap(added))
    const detail = `${counted("container", names)} must not include ${quoted(bad)} in securityContext.capabilities.add`
    return { reason: "non-default capabilities", detail }
  },
}

const hostNamespaces: Check = {
  id: "hostNamespaces",
  check: ({ spec }) => {
    const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((field) => spec[field] === true)
    return shared.length === 0
      ? undefined
      : { reason: "host namespaces", detail: shared.map((field) => `${field}=true`).join(", ") }
  },
}

const hostPathVolumes: Check = {
  id: "hostPathVolumes",
  check: ({ spec }) => {
    const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name)
    return names.length === 0 ? undefined : { reason: "hostPath volumes", detail: counted("volume", names) }
  },
}

const hostPorts: Check = {
  id: "hostPorts",
  check: (pod) => {
    const used = ({ ports = [] }: CheckedContainer): string[] =>
      ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []))
    const names = named(pod, (container) => used(container).length > 0)
    if (names.length === 0) return undefined
    const ports = [...new Set(containersOf(pod).flatMap(used))].sort((one, other) => Number(one) - Number(other))
    const verb = names.length === 1 ? "uses" : "use"
    const word = ports.length === 1 ? "hostPort" : "hostPorts"
    return { reason: "hostPort", detail: `${counted("container", names)} ${verb} ${word} ${ports.join(", ")}` }
  },
}

const hostProbes: Check = {
  id: "hostProbesAndHostLifecycle",
  check: (pod) => {
    const hosts = (container: CheckedContainer): string[] => {
      const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container
      const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
      const called = handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      return called.filter((host): host is string => host !== undefined && host !== "")
    }
    const names = named(pod, (container) => hosts(container).length > 0)
    if (names.length === 0) return undefined
    const all = sorted(containersOf(pod).flatMap(hosts))
    const verb = names.length === 1 ? "uses" : "use"
    const word = all.length === 1 ? "host" : "hosts"
    const detail = `${counted("container", names)} ${verb} probe or lifecycle ${word} ${quoted(all)}`
    return { reason: "probe or lifecycle host", detail }
  },
}

const privileged: Check = {
  id: "privileged",
  check: (pod) => {
    const names = named(pod, ({ securityContext }) => securityContext?.privileged === true)
    if (names.length === 0) return undefined
    return {
      reason: "privileged",
      detail: `${counted("container", names)} must not set securityContext.privileged=true`,
    }
  },
}

const procMount: Check = {
  id: "procMount",
  check: (pod) => {
    const names = named(pod, ({ securityContext }) => (securityContext?.procMount ?? "Default") !== "Default")
    if (names.length === 0 || pod.spec.hostUsers === false) return undefined
    const detail = `${counted("container", names)} must not set securityContext.procMount to "Unmasked"`
    return { reason: "procMount", detail }
  },
}

const seLinux: Check = {
  id: "seLinuxOptions",
  check: (pod) => {
    const mistakes = (context: CheckedContainer["securityContext"] | Checked["spec"]["securityContext"]): string[] => {
      const { type = "", user = "", role = "" } = context?.seLinuxOptions ?? {}
      return [
        ...(seLinuxTypes.has(type) ? [] : [`type:${type}`]),
        ...(user === "" ? [] : ["user may not be set"]),
        ...(role === "" ? [] : ["role may not be set"]),
      ]
    }
    const own = mistakes(pod.spec.securityContext)
    const names = named(pod, ({ securityContext }) => mistakes(securityContext).length > 0)
    if (own.length === 0 && names.length === 0) return undefined
    const all = [...own, ...containersOf(pod).flatMap(({ securityContext }) => mistakes(securityContext))]
    const types = sorted(all.flatMap((each) => (each.startsWith("type:") ? [each.slice("type:".length)] : [])))
    const said = ["user may not be set", "role may not be set"].filter((text) => all.includes(text))
    const details = [...(types.length > 0 ? [counted("type", types)] : []), ...said]
    const detail = `${setters(own.length > 0, names)} set forbidden securityContext.seLinuxOptions: ${details.join("; ")}`
    return { reason: "seLinuxOptions", detail }
  },
}

const seccomp: Check = {
  id: "seccompProfile_baseline",
  check: (pod) => {
    const who = setters(
      pod.spec.securityContext?.seccompProfile?.type === "Unconfined",
      named(pod, ({ securityContext }) => securityContext?.seccompProfile?.type === "Unconfined"),
    )
    if (who === "") return undefined
    return {
      reason: "seccompProfile",
      detail: `${who} must not set securityContext.seccompProfile.type to "Unconfined"`,
    }
  },
}

const sysctls: Check = {
  id: "sysctls",
  check: ({ spec }) => {
    const set = (spec.securityContext?.sysctls ?? []).map(({ name }) => name.replaceAll("/", "."))
    const bad = set.filter((name) => !safeSysctls.has(name))
    return bad.length === 0 ? undefined : { reason: "forbidden sysctls", detail: bad.join(", ") }
  },
}

const windowsHostProcess: Check = {
  id: "windowsHostProcess",
  check: (pod) => {
    const who = setters(
      pod.spec.securityContext?.windowsOptions?.hostProcess === true,
      named(pod, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true),
    )
    if (who === "") return undefined
    return { reason: "hostProcess", detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` }
  },
}

export const baseline: readonly Check[] = [
  appArmor,
  capabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinux,
  seccomp,
  sysctls,
  windowsHostProcess,
]
