import type { Distribution, Labels, Point, Reading } from "./metric-reading.ts"

/** A number that only grows. */
export class CounterCell {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }

  read(): Point {
    return this.value
  }
}

/** A number that goes up and down. */
export class GaugeCell {
  value = 0

  set(value: number): void {
    this.value = value
  }

  add(amount = 1): void {
    this.value += amount
  }

  read(): Point {
    return this.value
  }
}

/** How often values fell under each bound. */
export class HistogramCell {
  readonly #bounds: readonly number[]
  /** One more than the bounds: the last is for what lies above them all. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (value <= (bounds[middle] as number)) high = middle
      else low = middle + 1
    }
    this.#counts[low] = (this.#counts[low] as number) + 1
    this.#sum += value
  }

  read(): Distribution {
    return { bounds: this.#bounds, counts: this.#counts, sum: this.#sum }
  }
}

interface Cell {
  read(): Point
}

export type MetricType = "counter" | "gauge" | "histogram"

/** Label sets that a family may have. What comes beyond is counted together under OpenTelemetry's label for that. */
export const childrenMax = 10_000
const overflow: Labels = { "otel.metric.overflow": "true" }

/** All cells of one name, one for each set of label values. */
export class Family<Made extends Cell> {
  readonly name: string
  readonly help: string
  readonly type: MetricType
  readonly unit: string
  readonly #make: () => Made
  readonly #children = new Map<string, { labels: Labels; cell: Made }>()

  constructor(given: { type: MetricType; name: string; help: string; unit: string }, make: () => Made) {
    this.type = given.type
    this.name = given.name
    this.help = given.help
    this.unit = given.unit
    this.#make = make
  }

  /** The cell of these labels: ask once, keep it, and a measurement costs an addition. */
  with(labels: Labels = {}): Made {
    const key = keyOf(labels)
    const known = this.#children.get(key)
    if (known) return known.cell
    if (this.#children.size >= childrenMax && labels !== overflow) return this.with(overflow)
    const cell = this.#make()
    this.#children.set(key, { labels, cell })
    return cell
  }

  /** Forgets the cell of these labels, when what it measured is gone. */
  remove(labels: Labels): void {
    this.#children.delete(keyOf(labels))
  }

  readings(): Reading[] {
    return [...this.#children.values()].map(({ labels, cell }) => ({ labels, value: cell.read() }))
  }
}

function keyOf(labels: Labels): string {
  return Object.entries(labels).flat().join("\u0000")
}
