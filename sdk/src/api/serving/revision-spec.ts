import * as z from "zod"
import { Container } from "../core/container.ts"
import { PodSpec } from "../core/pod-spec.ts"
import { GRPCAction, HTTPGetAction, Probe, TCPSocketAction } from "../core/probe.ts"
import { Volume } from "../core/volume.ts"
import { anyObject, atomicList, int32, int64, mapList, named, optional, required, text, textMap } from "../field.ts"
import { IntOrString } from "../meta/int-or-string.ts"

/** A probe as a revision writes it: one that names no port asks the container's own, and a scheme may have any case. */
const port = optional(IntOrString, "Number or name of the port; the container's own when absent.")
const scheme = optional(text, "HTTP or HTTPS.")
const RevisionProbe = Probe.extend({
  httpGet: optional(HTTPGetAction.extend({ port, scheme }), "Make an HTTP request."),
  tcpSocket: optional(TCPSocketAction.extend({ port }), "Open a TCP connection."),
  grpc: optional(
    GRPCAction.extend({ port: optional(int32, "Number of the port; the container's own when absent.") }),
    "Call the gRPC health service.",
  ),
})

/**
 * A container and a pod as a revision writes them. The deep, rarely used corners accept any object here: a Deployment
 * is made of them, and there the API judges them whole. That keeps three CRDs that carry this schema at a fifth of
 * their size.
 */
const RevisionContainer = Container.omit({ lifecycle: true }).extend({
  lifecycle: optional(anyObject, "Not allowed in a revision."),
  livenessProbe: optional(RevisionProbe, "Whether the container is alive; it is restarted when not."),
  readinessProbe: optional(RevisionProbe, "Whether the container can take requests."),
  startupProbe: optional(RevisionProbe, "Whether the container has started; other probes wait for it."),
})

const RevisionVolume = Volume.omit({ ephemeral: true, iscsi: true, nfs: true }).extend({
  ephemeral: optional(anyObject, "A volume made for the pod."),
})

const RevisionPodSpec = PodSpec.omit({
  ephemeralContainers: true,
  affinity: true,
  topologySpreadConstraints: true,
  resourceClaims: true,
}).extend({
  volumes: optional(z.array(RevisionVolume), "Volumes that containers can mount.", mapList("name")),
  // Apply replaces these lists: a container need not be named by who writes it, so no name can tell two apart.
  containers: required(z.array(RevisionContainer), "The containers; one has the port.", atomicList),
  initContainers: optional(z.array(RevisionContainer), "Run one after the other before the others.", atomicList),
  affinity: optional(anyObject, "Where the pods may or would like to run."),
  topologySpreadConstraints: optional(z.array(anyObject), "How evenly the pods spread."),
})

const scaling = {
  containerConcurrency: optional(int64, "Requests that a pod serves at a time; 0 is no limit.", { format: "int64" }),
  timeoutSeconds: optional(int64, "Seconds that a request may take as a whole."),
  responseStartTimeoutSeconds: optional(int64, "Seconds until the first byte of the answer."),
  idleTimeoutSeconds: optional(int64, "Seconds without a byte from the app."),
}

const revisionSpec = RevisionPodSpec.extend(scaling)

/** What is written is what is stored: a revision's pod fields get their defaults only when a Deployment is made. */
type RevisionSpecFields = Omit<z.input<typeof PodSpec>, "ephemeralContainers" | "resourceClaims"> &
  z.output<z.ZodObject<typeof scaling>>

export const RevisionSpec = named(
  "dev.knative.serving.v1.RevisionSpec",
  "What a revision runs.",
  revisionSpec,
) as unknown as z.ZodType<RevisionSpecFields, RevisionSpecFields>
export type RevisionSpec = RevisionSpecFields
/** A container as a revision stores it. */
export type RevisionContainer = z.input<typeof Container>

const templateMeta = z
  .object({
    name: optional(text, "Name of the revision; <configuration>-<number> when absent."),
    labels: optional(textMap, "Labels of the revision and its pods."),
    annotations: optional(textMap, "Annotations of the revision and its pods: scaling is set here."),
  })
  .meta({ "x-kubernetes-preserve-unknown-fields": true })

export const RevisionTemplate = named(
  "dev.knative.serving.v1.RevisionTemplateSpec",
  "The revision that is made when this changes.",
  z.object({
    metadata: optional(templateMeta, "Name, labels and annotations of the revision."),
    spec: optional(RevisionSpec, "What the revision runs."),
  }),
)
export type RevisionTemplate = z.output<typeof RevisionTemplate>
