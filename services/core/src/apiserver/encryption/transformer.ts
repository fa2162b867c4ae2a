/** Makes values unreadable and readable again, in a form of its own. */
export interface Transformer {
  /** Whether a value is in its form. */
  knows(value: Uint8Array): boolean
  /** Throws a StatusError while it cannot. */
  seal(storageKey: string, plain: Uint8Array): Uint8Array
  /** Throws UnreadableValueError. */
  open(storageKey: string, value: Uint8Array): Uint8Array
  /** Whether the value is as it would be sealed now. */
  isCurrent(value: Uint8Array): boolean
  /** Where keys are kept elsewhere: fetches what is needed to open these values; undefined when nothing is. */
  prepareOpening?(values: readonly Uint8Array[]): Promise<void> | undefined
  /** The same for sealing; from then on the transformer keeps itself ready. */
  prepareSealing?(): Promise<void>
}

/** The stored value cannot be made readable: it is never served as it is. */
export class UnreadableValueError extends Error {
  override name = "UnreadableValueError"
}

/** A provider of keys does not answer, or not as it should. */
export class KmsError extends Error {
  override name = "KmsError"
}
