/** Seconds that a pod takes to start, as Kubernetes' kubelet tells them apart, and below half a second, where most of ours are. */
export const startBuckets: readonly number[] = [
  0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800,
  2700, 3600,
]
