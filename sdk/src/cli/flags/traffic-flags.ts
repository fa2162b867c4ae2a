import type { TrafficTarget } from "../../api/serving/traffic.ts"
import { nextTraffic } from "../next-traffic.ts"
import type { Change, Flag } from "./flag.ts"

/** Who answers requests; a split may name a revision by a tag that is given in the same breath. */
export const trafficFlags: readonly Flag[] = [
  {
    name: "untag",
    takes: "<tag>",
    help: "take a tag away",
    many: true,
    commas: true,
    read: (untags) => route((traffic) => nextTraffic(traffic, [], [], untags)),
  },
  {
    name: "tag",
    takes: "<revision=tag>",
    help: "give a revision a URL of its own; @latest or nothing before the tag: the newest that is ready",
    many: true,
    commas: true,
    read: (tags) => {
      nextTraffic([], [], tags)
      return route((traffic) => nextTraffic(traffic, [], tags))
    },
  },
  {
    name: "traffic",
    takes: "<revision=percent>",
    help: "share of the requests for a revision, a tag or @latest; shares must sum to 100",
    many: true,
    commas: true,
    read: (splits) => {
      nextTraffic([], splits)
      return route((traffic) => nextTraffic(traffic, splits))
    },
  },
]

function route(next: (traffic: readonly TrafficTarget[]) => ReturnType<typeof nextTraffic>): Change {
  return (draft) => {
    draft.traffic = next(draft.traffic) as TrafficTarget[]
  }
}
