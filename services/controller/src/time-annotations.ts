import { readGoDuration } from "@wick/sdk/api/serving/config"

const group = "serving.knative.dev"

/** Annotations that hold a time, each in its two spellings: the first that is there counts. */
export const timeAnnotations = {
  rolloutDuration: [`${group}/rollout-duration`, `${group}/rolloutDuration`],
  progressDeadline: [`${group}/progress-deadline`, `${group}/progressDeadline`],
} as const

/** Milliseconds that an object's annotation says (`90s`, `1m30s`); undefined without one that says a time above nothing. */
export function annotatedMs(
  { annotations }: { readonly annotations?: Readonly<Record<string, string>> | undefined },
  spellings: readonly string[],
): number | undefined {
  const text = spellings.map((name) => annotations?.[name]).find((value) => value !== undefined)
  const read = text ? readGoDuration(text) : undefined
  return read && "ms" in read && read.ms > 0 ? read.ms : undefined
}
