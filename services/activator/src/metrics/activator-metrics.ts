import type { CounterCell, Metrics } from "@wick/sdk/metrics"

/** What an activator counts beside its revisions. */
export interface ActivatorMetrics {
  readonly probes: CounterCell
  readonly stream: StreamWitness
}

/** Is told of the stream to the autoscaler. */
export interface StreamWitness {
  opened(): void
  lost(): void
}

export function activatorMetrics(metrics: Metrics): ActivatorMetrics {
  const connected = metrics
    .gauge("wick_activator_autoscaler_connected", "1 while load is reported to the autoscaler.")
    .with()
  const labels = { peer: "autoscaler" }
  const lost = metrics
    .counter("kn.activator.stats.conn.errors", "Times that the way to the autoscaler was lost.", { unit: "{error}" })
    .with(labels)
  const help = "1 while load is reported to the autoscaler."
  metrics.observe("kn.activator.stats.conn.reachable", help, labels, () => connected.value, { unit: "{reachable}" })
  return {
    probes: metrics.counter("wick_activator_probes_total", "Attempts to reach a starting pod.").with(),
    stream: {
      opened: () => connected.set(1),
      lost: () => {
        connected.set(0)
        lost.add()
      },
    },
  }
}
