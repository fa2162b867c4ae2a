import * as z from "zod"
import { atomicList, coreType, defaulted, flag, int32, mapList, mergeList, optional, required, text } from "../field.ts"
import { EnvFromSource, EnvVar } from "./env.ts"
import { Lifecycle, Probe } from "./probe.ts"
import { ResourceRequirements } from "./resources.ts"
import { SecurityContext } from "./security-context.ts"

export const ContainerPort = coreType(
  "ContainerPort",
  "A port that a container listens on.",
  z.object({
    name: optional(text, "Name, unique in the pod, that services may refer to."),
    hostPort: optional(int32, "Port of the node that leads here."),
    containerPort: required(int32, "Number of the port, 1 to 65535."),
    protocol: defaulted(z.enum(["TCP", "UDP", "SCTP"]), "TCP", "Protocol of the port."),
    hostIP: optional(text, "Address of the node that hostPort is bound to."),
  }),
)
export type ContainerPort = z.output<typeof ContainerPort>

export const VolumeMount = coreType(
  "VolumeMount",
  "A volume in a container's file system.",
  z.object({
    name: required(text, "Name of the volume of the pod."),
    readOnly: optional(flag, "Whether writing is refused."),
    recursiveReadOnly: optional(text, "Whether mounts below are read-only too."),
    mountPath: required(text, "Where it appears; no colon."),
    subPath: optional(text, "Path inside the volume to mount."),
    mountPropagation: optional(text, "How later mounts travel between host and container."),
    subPathExpr: optional(text, "Like subPath, with $(NAME) standing for variables."),
  }),
)
export type VolumeMount = z.output<typeof VolumeMount>

export const VolumeDevice = coreType(
  "VolumeDevice",
  "A raw block device in a container.",
  z.object({ name: required(text, "Name of the claim's volume."), devicePath: required(text, "Path of the device.") }),
)

export const ContainerResizePolicy = coreType(
  "ContainerResizePolicy",
  "Whether a changed resource restarts the container.",
  z.object({
    resourceName: required(text, "The resource."),
    restartPolicy: required(text, "NotRequired or RestartContainer."),
  }),
)

export const ContainerRestartRuleOnExitCodes = coreType(
  "ContainerRestartRuleOnExitCodes",
  "Exit codes that a rule speaks of.",
  z.object({
    operator: required(text, "In or NotIn."),
    values: optional(z.array(int32), "The exit codes.", { "x-kubernetes-list-type": "set" }),
  }),
)

export const ContainerRestartRule = coreType(
  "ContainerRestartRule",
  "What to do when a container ends in a certain way.",
  z.object({
    action: required(text, "Restart."),
    exitCodes: optional(ContainerRestartRuleOnExitCodes, "Exit codes that the rule is for."),
  }),
)

/** What ordinary and ephemeral containers have in common. */
export const containerFields = {
  name: required(text, "Name, unique in the pod."),
  image: optional(text, "Image to run."),
  command: optional(z.array(text), "Entry point; the image's when absent.", atomicList),
  args: optional(z.array(text), "Arguments of the entry point; the image's when absent.", atomicList),
  workingDir: optional(text, "Working directory; the image's when absent."),
  ports: optional(z.array(ContainerPort), "Ports that the container listens on.", {
    ...mergeList("containerPort"),
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
  }),
  envFrom: optional(z.array(EnvFromSource), "Objects whose keys become variables.", atomicList),
  env: optional(z.array(EnvVar), "Environment variables.", mapList("name")),
  resources: defaulted(ResourceRequirements, {}, "What the container needs and may at most use."),
  resizePolicy: optional(z.array(ContainerResizePolicy), "What a changed resource does.", atomicList),
  restartPolicy: optional(text, "Restart policy of this container alone."),
  restartPolicyRules: optional(z.array(ContainerRestartRule), "Rules before the restart policy.", atomicList),
  volumeMounts: optional(z.array(VolumeMount), "Volumes in the file system.", mapList("mountPath")),
  volumeDevices: optional(z.array(VolumeDevice), "Raw block devices.", mapList("devicePath")),
  livenessProbe: optional(Probe, "Whether the container lives; it is restarted when not."),
  readinessProbe: optional(Probe, "Whether the container can serve; it gets no traffic when not."),
  startupProbe: optional(Probe, "Whether the container has started; other probes wait for it."),
  lifecycle: optional(Lifecycle, "What to do after the start and before the stop."),
  terminationMessagePath: defaulted(text, "/dev/termination-log", "File whose text explains the end."),
  terminationMessagePolicy: defaulted(
    z.enum(["File", "FallbackToLogsOnError"]),
    "File",
    "Where the explanation of the end comes from.",
  ),
  imagePullPolicy: optional(
    z.enum(["Always", "IfNotPresent", "Never"]),
    "When to pull; Always for the tag latest, else IfNotPresent.",
  ),
  securityContext: optional(SecurityContext, "Security settings."),
  stdin: optional(flag, "Keep a buffer for standard input."),
  stdinOnce: optional(flag, "Close standard input after the first attachment."),
  tty: optional(flag, "Give the container a terminal."),
}

export const Container = coreType("Container", "A container of a pod.", z.object(containerFields))
export type Container = z.output<typeof Container>

export const EphemeralContainer = coreType(
  "EphemeralContainer",
  "A container added to a running pod to look into it.",
  z.object({ ...containerFields, targetContainerName: optional(text, "Container whose processes it can see.") }),
)
export type EphemeralContainer = z.output<typeof EphemeralContainer>
