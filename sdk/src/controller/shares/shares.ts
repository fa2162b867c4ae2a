/** Which keys this process works on, of several that all hear the same. */
export interface Shares {
  /** Whether what is decided on the key, `namespace/name`, is to be written by this one, at this very moment. */
  owns(key: string): boolean
  /** Calls back when more, or less, is its own; returns its undoing. */
  onChange(listener: () => void): () => void
}

/** Of one that is alone. */
export const allShares: Shares = { owns: () => true, onChange: () => () => {} }
