/**
 * What our services tell each other outside the Kubernetes API: the stream on which activators report load to the
 * autoscaler. Only the activator and the autoscaler import this. Messages are JSON in gRPC frames: they are few (about
 * one a second per activator), and a person with a proxy can read them.
 */
export type {
  ActivatorMessage,
  AutoscalerMessage,
  LoadStretch,
  Peer,
  RevisionHistory,
  RevisionLoad,
} from "./load-stream.ts"
export { autoscalerLease, autoscalerServerName, loadStream } from "./load-stream.ts"
