export declare const smallHeap: {
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
}
