import { noEnd, prefixEnd } from "#store"

interface Interval {
  readonly key: string
  readonly end?: string | undefined
}

/** Puts a text before every key, so that several stores share one etcd and none sees another's keys. */
export class KeyPrefix {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Every key of this store. */
  get all(): Required<Interval> & { readonly end: string } {
    return this.text === "" ? { key: "\0", end: noEnd } : { key: this.text, end: prefixEnd(this.text) }
  }

  into(key: string): string {
    return this.text + key
  }

  outOf(key: string): string {
    return key.slice(this.text.length)
  }

  /** As etcd has it: an empty `rangeEnd` is the one key. */
  interval({ key, end }: Interval): { readonly key: string; readonly rangeEnd: string } {
    return { key: this.into(key), rangeEnd: end === undefined ? "" : end === noEnd ? this.all.end : this.into(end) }
  }
}
