import * as z from "zod"
import { atomicList, coreType, defaulted, int32, int64, optional, required, text } from "../field.ts"
import { IntOrString } from "../meta/int-or-string.ts"

export const HTTPHeader = coreType(
  "HTTPHeader",
  "A header of a request.",
  z.object({ name: required(text, "Name of the header."), value: required(text, "Value of the header.") }),
)

export const ExecAction = coreType(
  "ExecAction",
  "A command run inside the container; exit status 0 is success.",
  z.object({ command: optional(z.array(text), "The command and its arguments, run without a shell.", atomicList) }),
)

export const HTTPGetAction = coreType(
  "HTTPGetAction",
  "An HTTP GET; a status from 200 to 399 is success.",
  z.object({
    path: defaulted(text, "/", "Path of the request."),
    port: required(IntOrString, "Number or name of the port."),
    host: optional(text, "Host to connect to; the pod's address when absent."),
    scheme: defaulted(z.enum(["HTTP", "HTTPS"]), "HTTP", "Scheme of the request."),
    httpHeaders: optional(z.array(HTTPHeader), "Headers of the request.", atomicList),
  }),
)
export type HTTPGetAction = z.output<typeof HTTPGetAction>

export const TCPSocketAction = coreType(
  "TCPSocketAction",
  "A TCP connection that must open.",
  z.object({
    port: required(IntOrString, "Number or name of the port."),
    host: optional(text, "Host to connect to; the pod's address when absent."),
  }),
)

export const GRPCAction = coreType(
  "GRPCAction",
  "A call of the gRPC health service.",
  z.object({
    port: required(int32, "Number of the port."),
    service: defaulted(text, "", "Service to ask for."),
  }),
)

const handler = {
  exec: optional(ExecAction, "Run a command."),
  httpGet: optional(HTTPGetAction, "Make an HTTP request."),
  tcpSocket: optional(TCPSocketAction, "Open a TCP connection."),
}

export const Probe = coreType(
  "Probe",
  "A repeated check of a container.",
  z.object({
    ...handler,
    grpc: optional(GRPCAction, "Call the gRPC health service."),
    initialDelaySeconds: optional(int32, "Seconds from the start of the container to the first check."),
    timeoutSeconds: defaulted(int32, 1, "Seconds after which a check has failed."),
    periodSeconds: defaulted(int32, 10, "Seconds between checks."),
    successThreshold: defaulted(int32, 1, "Successes in a row that count as success after a failure."),
    failureThreshold: defaulted(int32, 3, "Failures in a row that count as failure."),
    terminationGracePeriodSeconds: optional(int64, "Grace period when this probe's failure ends the container."),
  }),
)
export type Probe = z.output<typeof Probe>

export const SleepAction = coreType(
  "SleepAction",
  "A pause.",
  z.object({ seconds: required(int64, "Seconds to wait.") }),
)

export const LifecycleHandler = coreType(
  "LifecycleHandler",
  "What to do at a point of a container's life; one of these.",
  z.object({ ...handler, sleep: optional(SleepAction, "Wait.") }),
)
export type LifecycleHandler = z.output<typeof LifecycleHandler>

export const Lifecycle = coreType(
  "Lifecycle",
  "What to do when a container has started and before it is stopped.",
  z.object({
    postStart: optional(LifecycleHandler, "Done right after the start; its failure ends the container."),
    preStop: optional(LifecycleHandler, "Done before the stop signal, within the grace period."),
    stopSignal: optional(text, "Signal that stops the container, such as SIGTERM."),
  }),
)
export type Lifecycle = z.output<typeof Lifecycle>
