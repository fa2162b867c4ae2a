import * as z from "zod"
import { atomicList, coreType, flag, int64, optional, required, text } from "../field.ts"

export const SELinuxOptions = coreType(
  "SELinuxOptions",
  "SELinux labels.",
  z.object({
    user: optional(text, "User label."),
    role: optional(text, "Role label."),
    type: optional(text, "Type label."),
    level: optional(text, "Level label."),
  }),
)

const profile = {
  type: required(z.enum(["Localhost", "RuntimeDefault", "Unconfined"]), "Which kind of profile."),
  localhostProfile: optional(text, "Profile on the node, for type Localhost."),
}
export const SeccompProfile = coreType("SeccompProfile", "Which system calls are allowed.", z.object(profile))
export const AppArmorProfile = coreType("AppArmorProfile", "Which AppArmor profile applies.", z.object(profile))

export const WindowsSecurityContextOptions = coreType(
  "WindowsSecurityContextOptions",
  "Settings for Windows containers.",
  z.object({
    gmsaCredentialSpecName: optional(text, "Name of the GMSA credential spec."),
    gmsaCredentialSpec: optional(text, "The GMSA credential spec itself."),
    runAsUserName: optional(text, "User to run as."),
    hostProcess: optional(flag, "Whether to run as a host process."),
  }),
)

export const Sysctl = coreType(
  "Sysctl",
  "A kernel parameter.",
  z.object({ name: required(text, "Name of the parameter."), value: required(text, "Value of the parameter.") }),
)

const identity = {
  seLinuxOptions: optional(SELinuxOptions, "SELinux labels."),
  windowsOptions: optional(WindowsSecurityContextOptions, "Settings for Windows."),
  runAsUser: optional(int64, "User id of the process; the image's when absent."),
  runAsGroup: optional(int64, "Group id of the process."),
  runAsNonRoot: optional(flag, "Refuse to start as user 0."),
  seccompProfile: optional(SeccompProfile, "Which system calls are allowed."),
  appArmorProfile: optional(AppArmorProfile, "Which AppArmor profile applies."),
}

export const PodSecurityContext = coreType(
  "PodSecurityContext",
  "Security settings of all containers of a pod.",
  z.object({
    ...identity,
    supplementalGroups: optional(z.array(int64), "Further groups of the processes.", atomicList),
    supplementalGroupsPolicy: optional(z.enum(["Merge", "Strict"]), "How the image's groups count."),
    fsGroup: optional(int64, "Group that owns the volumes."),
    fsGroupChangePolicy: optional(z.enum(["Always", "OnRootMismatch"]), "When to change ownership of a volume."),
    seLinuxChangePolicy: optional(text, "How SELinux labels of volumes are set."),
    sysctls: optional(z.array(Sysctl), "Kernel parameters of the pod.", atomicList),
  }),
)
export type PodSecurityContext = z.output<typeof PodSecurityContext>

export const Capabilities = coreType(
  "Capabilities",
  "Capabilities to give and to take.",
  z.object({
    add: optional(z.array(text), "To give.", atomicList),
    drop: optional(z.array(text), "To take.", atomicList),
  }),
)

export const SecurityContext = coreType(
  "SecurityContext",
  "Security settings of a container; they win over the pod's.",
  z.object({
    capabilities: optional(Capabilities, "Capabilities to give and to take."),
    privileged: optional(flag, "Run with all the rights of the host."),
    ...identity,
    readOnlyRootFilesystem: optional(flag, "Mount the root file system read-only."),
    allowPrivilegeEscalation: optional(flag, "Whether a process may gain more rights than its parent."),
    procMount: optional(z.enum(["Default", "Unmasked"]), "How /proc is mounted."),
  }),
)
export type SecurityContext = z.output<typeof SecurityContext>
