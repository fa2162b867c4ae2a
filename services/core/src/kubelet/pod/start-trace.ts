import type { Pod } from "@wick/sdk/api/core/pod"
import { causeOf, type Span, type Tracer } from "@wick/sdk/tracing"

type Attributes = Parameters<Span["set"]>[0]

/**
 * A pod's way from the kubelet's first sight of it to its being ready, as part of what caused the pod. The parts have the
 * names that Kubernetes' kubelet and its runtime give them.
 */
export class StartTrace {
  readonly #tracer: Tracer
  readonly #whole: Span
  /** By container: started, and not known to be ready. */
  readonly #probed: Span[] = []

  /** Undefined where nobody traces, or the pod was on its way before. */
  static of(tracer: Tracer | undefined, pod: Pod): StartTrace | undefined {
    const isNew = (pod.status?.containerStatuses ?? []).length === 0 && pod.metadata.deletionTimestamp === undefined
    const cause = tracer && isNew ? causeOf(pod) : undefined
    const { name, namespace = "", uid } = pod.metadata
    const attributes = { "k8s.pod.name": name, "k8s.pod.uid": uid, "k8s.namespace.name": namespace }
    const whole = tracer?.within("syncPod", cause, { attributes })
    return tracer && whole && new StartTrace(tracer, whole)
  }

  private constructor(tracer: Tracer, whole: Span) {
    this.#tracer = tracer
    this.#whole = whole
  }

  begin(name: string, attributes: Attributes): Span | undefined {
    const span = this.#tracer.within(name, this.#whole.context)
    span?.set(attributes)
    return span
  }

  /** The container runs: from now on it is asked whether it is ready. */
  started(container: string): void {
    const span = this.begin("probe", { "k8s.container.name": container })
    if (span) this.#probed.push(span)
  }

  ready(): void {
    for (const span of this.#probed.splice(0)) span.end()
    this.#whole.end()
  }

  /** The pod ends before it was ready. */
  over(): void {
    this.#whole.fail("the pod ended before it was ready")
    this.ready()
  }
}

/** A step of a pod's start, whether or not that is traced. */
export async function traced<Result>(
  trace: StartTrace | undefined,
  name: string,
  attributes: Attributes,
  work: () => Promise<Result>,
): Promise<Result> {
  if (trace === undefined) return work()
  const span = trace.begin(name, attributes)
  try {
    return await work()
  } catch (error) {
    span?.fail(error instanceof Error ? error.message : String(error))
    throw error
  } finally {
    span?.end()
  }
}
