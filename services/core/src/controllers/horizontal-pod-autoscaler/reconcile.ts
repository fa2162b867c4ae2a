import { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { Pod } from "@wick/sdk/api/core/pod"
import { type LabelRequirement, matches } from "@wick/sdk/api/meta/label-selector"
import { parseSelector } from "@wick/sdk/api/meta/selector-text"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { formatTime } from "@wick/sdk/api/meta/time"
import {
  type Controller,
  createController,
  createEventRecorder,
  done,
  type EventRecorder,
  type Informer,
  keyOf,
  type Result,
  splitKey,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { statusPatch } from "../status-patch.ts"
import { type Mark, notRescaled, rescaled, unseen, withMarks } from "./conditions.ts"
import { type Decision, decide, type Observed } from "./decide.ts"
import { type Memory, withStep } from "./memory.ts"
import { MetricReadings } from "./metric-readings.ts"
import { type ScaleAt, ScaleTargets } from "./scale-target.ts"

const component = "horizontal-pod-autoscaler"
/** Between two looks at the same autoscaler. */
const periodMs = 15_000
/** Autoscalers that are looked at at the same time: each waits for metrics. */
const concurrency = 5

/** Makes the number of pods follow metrics. Where there is no HorizontalPodAutoscaler it has no timer. */
export function startHorizontalPodAutoscalers(context: ControllerContext): AsyncDisposable {
  return new HorizontalPodAutoscalers(context)
}

type Subject = HorizontalPodAutoscaler
type Status = NonNullable<Subject["status"]>

class HorizontalPodAutoscalers implements AsyncDisposable {
  readonly #context: ControllerContext
  readonly #autoscalers: Informer<typeof HorizontalPodAutoscaler>
  readonly #pods: Informer<typeof Pod>
  readonly #targets: ScaleTargets
  readonly #readings: MetricReadings
  readonly #events: EventRecorder
  readonly #controller: Controller
  readonly #memories = new Map<string, { readonly uid: string; readonly memory: Memory }>()
  /** Whom each autoscaler scales: no pod may be two autoscalers' affair. */
  readonly #selections = new Map<string, Selection>()

  constructor(context: ControllerContext) {
    const { client, clock, informers, log, metrics } = context
    this.#context = context
    this.#autoscalers = informers(HorizontalPodAutoscaler)
    this.#pods = informers(Pod)
    this.#targets = new ScaleTargets(client)
    this.#readings = new MetricReadings(client)
    this.#events = createEventRecorder({ client, clock, log, component })
    this.#controller = createController({
      name: component,
      clock,
      log,
      metrics,
      concurrency,
      watches: [
        watchOf(this.#autoscalers, ({ before, after }) => {
          const isSame = before && after && seen(before) === seen(after)
          return isSame ? [] : [keyOf((after ?? before) as Subject)]
        }),
      ],
      reconcile: (key) => this.#reconcile(key),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controller[Symbol.asyncDispose]()
    await this.#events[Symbol.asyncDispose]()
  }

  async #reconcile(key: string): Promise<Result> {
    const { name, namespace = "" } = splitKey(key)
    const subject = this.#autoscalers.get(name, namespace)
    if (!subject) {
      this.#memories.delete(key)
      this.#selections.delete(key)
      return done
    }
    const at = await this.#targets
      .read(subject.spec.scaleTargetRef, namespace)
      .catch((error: unknown) => messageOf(error))
    if (typeof at === "string") await this.#cannotSee(subject, at)
    else await this.#look(key, subject, at)
    return wakeAfter(periodMs)
  }

  async #cannotSee(subject: Subject, message: string): Promise<void> {
    this.#events.record(subject, { type: "Warning", reason: "FailedGetScale", message })
    const { currentReplicas = 0, desiredReplicas = 0, currentMetrics } = subject.status ?? {}
    const kept = { currentReplicas, desiredReplicas, ...(currentMetrics && { currentMetrics }) }
    await this.#writeStatus(subject, kept, [unseen(message)])
  }

  async #look(key: string, subject: Subject, at: ScaleAt): Promise<void> {
    const { clock } = this.#context
    const observed = await this.#observe(key, subject, at)
    const decision = decide(subject.spec, observed, this.#recall(key, subject))
    this.#remember(key, subject, decision.memory)
    for (const { reason, message } of decision.troubles) {
      this.#events.record(subject, { type: "Warning", reason, message })
    }
    const mark = decision.rescale && (await this.#rescale(key, subject, at, decision.rescale))
    const isDone = mark?.status === "True"
    const counts: Status = {
      currentReplicas: observed.currentReplicas,
      desiredReplicas: isDone ? (decision.rescale?.replicas ?? 0) : observed.currentReplicas,
      ...(decision.metrics.length > 0 && { currentMetrics: [...decision.metrics] }),
      ...(isDone && { lastScaleTime: formatTime(clock.now()) }),
    }
    await this.#writeStatus(subject, counts, mark ? [...decision.marks, mark] : decision.marks)
  }

  async #rescale(
    key: string,
    subject: Subject,
    at: ScaleAt,
    { replicas, reason }: NonNullable<Decision["rescale"]>,
  ): Promise<Mark> {
    const { clock, log } = this.#context
    const from = at.scale.spec?.replicas ?? 0
    const size = `New size: ${replicas}; reason: ${reason}`
    try {
      await this.#targets.write(at, replicas)
    } catch (error) {
      const message = messageOf(error)
      this.#events.record(subject, { type: "Warning", reason: "FailedRescale", message: `${size}; error: ${message}` })
      return notRescaled(message)
    }
    log.info("scaled", { controller: component, autoscaler: key, from, to: replicas, reason })
    this.#events.record(subject, { type: "Normal", reason: "SuccessfulRescale", message: size })
    const memory = this.#recall(key, subject)
    if (memory) this.#remember(key, subject, withStep(memory, from, replicas, clock.now()))
    return rescaled(replicas)
  }

  /** Nothing of an earlier autoscaler of its name. */
  #recall(key: string, { metadata }: Subject): Memory | undefined {
    const kept = this.#memories.get(key)
    return kept?.uid === metadata.uid ? kept?.memory : undefined
  }

  #remember(key: string, { metadata: { uid } }: Subject, memory: Memory): void {
    this.#memories.set(key, { uid, memory })
  }

  async #observe(key: string, { spec, metadata }: Subject, { scale }: ScaleAt): Promise<Observed> {
    const namespace = metadata.namespace ?? ""
    const selector = scale.status?.selector ?? ""
    const selection = selectionOf(selector, namespace)
    this.#selections.set(key, selection)
    const selected = ({ terms }: Selection, pod: Pod): boolean =>
      terms !== undefined && matches(terms, pod.metadata.labels)
    const pods = selection.terms ? this.#pods.list(namespace).filter((pod) => selected(selection, pod)) : []
    const others = [...this.#selections].filter(
      ([other, theirs]) => other !== key && theirs.namespace === namespace && pods.some((pod) => selected(theirs, pod)),
    )
    const current = scale.spec?.replicas ?? 0
    // Metrics cost a look at every node: nobody looks where their answer would change nothing.
    const isAsked = current >= (spec.minReplicas ?? 1) && current <= spec.maxReplicas
    const metrics = isAsked ? (spec.metrics ?? []) : []
    return {
      currentReplicas: current,
      statusReplicas: scale.status?.replicas ?? 0,
      pods,
      nowMs: this.#context.clock.now(),
      readings:
        selection.trouble ??
        ambiguity(selector, [key, ...others.map(([other]) => other)]) ??
        (await Promise.all(metrics.map((metric) => this.#readings.read(metric, namespace, selector)))),
    }
  }

  async #writeStatus(subject: Subject, counts: Status, marks: readonly Mark[]): Promise<void> {
    const { client, clock } = this.#context
    const { name, namespace = "", uid, generation } = subject.metadata
    const { conditions = [], lastScaleTime } = subject.status ?? {}
    const after: Status = {
      ...(generation !== undefined && { observedGeneration: generation }),
      ...(lastScaleTime !== undefined && { lastScaleTime }),
      ...counts,
      conditions: withMarks(conditions, marks, clock.now()),
    }
    const body = statusPatch(subject.status, after)
    if (!body) return
    const reference = { name, namespace }
    const status = { subresource: "status" } as const
    await client
      .patch(HorizontalPodAutoscaler, reference, { type: "merge", body: { ...body, metadata: { uid } } }, status)
      .catch((error: unknown) => {
        // It is gone; of another one that has its name by now nothing was seen.
        if (!isStatus(error, "NotFound", "Conflict")) throw error
      })
  }
}

/** What of an autoscaler is to be looked at at once when it changes. */
function seen({ metadata, spec }: Subject): string {
  return JSON.stringify([metadata.uid, spec])
}

interface Trouble {
  readonly reason: string
  readonly message: string
}

interface Selection {
  readonly namespace: string
  /** Absent when there is a trouble. */
  readonly terms?: readonly LabelRequirement[]
  readonly trouble?: Trouble
}

function selectionOf(selector: string, namespace: string): Selection {
  const reason = "InvalidSelector"
  if (selector === "") {
    return { namespace, trouble: { reason, message: "the HPA target's scale is missing a selector" } }
  }
  try {
    return { namespace, terms: parseSelector(selector) }
  } catch (error) {
    const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`
    return { namespace, trouble: { reason, message } }
  }
}

function ambiguity(selector: string, autoscalers: readonly string[]): Trouble | undefined {
  if (autoscalers.length < 2) return undefined
  const names = autoscalers.toSorted().join(" ")
  return {
    reason: "AmbiguousSelector",
    message: `pods by selector ${selector} are controlled by multiple HPAs: [${names}]`,
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
