/** What the status of a new object says where it must say something: that there is nothing yet. Others are empty. */
const initial: Readonly<Record<string, object>> = {
  ReplicaSet: { replicas: 0 },
  StatefulSet: { replicas: 0 },
  ReplicationController: { replicas: 0 },
  DaemonSet: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  HorizontalPodAutoscaler: { desiredReplicas: 0 },
  PodDisruptionBudget: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  VolumeAttachment: { attached: false },
  Service: { loadBalancer: {} },
  Ingress: { loadBalancer: {} },
}

/** What has just been wished for has no state, also when it is a copy of something that has. */
export function forgetStatus(object: Record<string, unknown>): void {
  object.status = initialStatus(String(object.kind))
}

export function initialStatus(kind: string): object {
  return { ...initial[kind] }
}
