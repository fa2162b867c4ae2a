/** One line of an exposition. */
export interface Sample {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A number that only grows. */
export class CounterCell {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }

  samples(labels: Readonly<Record<string, string>>): Sample[] {
    return [{ labels, value: this.value }]
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

  samples(labels: Readonly<Record<string, string>>): Sample[] {
    return [{ labels, value: this.value }]
  }
}

/** How often values fell under each bound. */
export class HistogramCell {
  readonly #name: string
  readonly #bounds: readonly number[]
  /** One more than the bounds: the last is for what lies above them all. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(name: string, bounds: readonly number[]) {
    this.#name = name
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

  samples(labels: Readonly<Record<string, string>>): Sample[] {
    const samples: Sample[] = []
    let count = 0
    this.#counts.forEach((inBucket, index) => {
      count += inBucket
      const le = index < this.#bounds.length ? String(this.#bounds[index]) : "+Inf"
      samples.push({ metricName: `${this.#name}_bucket`, labels: { ...labels, le }, value: count })
    })
    samples.push({ metricName: `${this.#name}_sum`, labels, value: this.#sum })
    samples.push({ metricName: `${this.#name}_count`, labels, value: count })
    return samples
  }
}

interface Cell {
  samples(labels: Readonly<Record<string, string>>): Sample[]
}

/** Label sets that a family may have: more means that a label's values are not from a small set, which is a bug. */
const childrenMax = 10_000

/** All cells of one name, one for each set of label values. */
export class Family<Made extends Cell> {
  readonly name: string
  readonly help: string
  readonly type: "counter" | "gauge" | "histogram"
  readonly #make: () => Made
  readonly #children = new Map<string, { labels: Readonly<Record<string, string>>; cell: Made }>()

  constructor(type: Family<Made>["type"], name: string, help: string, make: () => Made) {
    this.type = type
    this.name = name
    this.help = help
    this.#make = make
  }

  /** The cell of these labels: ask once, keep it, and a measurement costs an addition. */
  with(labels: Readonly<Record<string, string>> = {}): Made {
    const key = Object.entries(labels).flat().join("\u0000")
    const known = this.#children.get(key)
    if (known) return known.cell
    if (this.#children.size >= childrenMax) return this.#make()
    const cell = this.#make()
    this.#children.set(key, { labels, cell })
    return cell
  }

  /** Forgets the cell of these labels, when what it measured is gone. */
  remove(labels: Readonly<Record<string, string>>): void {
    this.#children.delete(Object.entries(labels).flat().join("\u0000"))
  }

  samples(): Sample[] {
    return [...this.#children.values()].flatMap(({ labels, cell }) => cell.samples(labels))
  }
}
