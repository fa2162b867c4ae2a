import { CommandError, exitCodes } from "./context.ts"

export interface TrafficTarget {
  revisionName?: string | undefined
  latestRevision?: boolean | undefined
  percent?: number | undefined
  tag?: string | undefined
}

/**
 * The traffic that follows from the one that is, pure. Splits replace all percentages and may name a revision by a tag;
 * tags stay where they are unless told otherwise.
 */
export function nextTraffic(
  before: readonly TrafficTarget[],
  splits: readonly string[],
  tags: readonly string[] = [],
  untags: readonly string[] = [],
): TrafficTarget[] {
  const given = tags.map(parseTag)
  for (const tag of untags) checkTag(before, tag)
  const gone = new Set([...untags, ...given.map(({ tag }) => tag)])
  const kept = before.filter(({ tag }) => tag !== undefined && !gone.has(tag))
  const tagged = [...kept.map(({ percent: _, ...target }) => ({ ...target, percent: 0 })), ...given]
  const percents: TrafficTarget[] =
    splits.length > 0 ? splits.map((split) => parseSplit(split, tagged)) : before.filter((target) => target.percent)
  return [...percents.map(({ tag: _, ...target }) => target), ...tagged]
}

function checkTag(before: readonly TrafficTarget[], tag: string): void {
  if (before.some((target) => target.tag === tag)) return
  const known = before.flatMap((target) => target.tag ?? [])
  const right = known.length > 0 ? `the tags are ${known.join(", ")}` : "there are no tags"
  throw new CommandError(`--untag ${tag}: ${right}`, undefined, exitCodes.usage)
}

function parseSplit(text: string, tagged: readonly TrafficTarget[]): TrafficTarget {
  const [, name = "", percent] = /^([^=]+)=(\d{1,3})%?$/.exec(text) ?? []
  if (name === "") {
    throw new CommandError(`${text}: must be REVISION=PERCENT, for example @latest=100`, undefined, exitCodes.usage)
  }
  const { tag: _, ...target } = tagged.find(({ tag }) => tag === name) ?? revision(name)
  return { ...target, percent: Number(percent) }
}

/** `REVISION=TAG`; a tag alone is of the newest ready revision. */
function parseTag(text: string): TrafficTarget {
  const [, name = "@latest", tag] = /^(?:([^=]+)=)?([a-z0-9-]+)$/.exec(text) ?? []
  if (!tag) throw new CommandError(`--tag ${text}: must be REVISION=TAG`, undefined, exitCodes.usage)
  return { ...revision(name), percent: 0, tag }
}

function revision(name: string): TrafficTarget {
  return name === "@latest" ? { latestRevision: true } : { revisionName: name, latestRevision: false }
}
