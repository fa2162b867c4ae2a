import { describe, expect, it } from "vitest"
import { nextTraffic } from "./next-traffic.ts"

const latest = { latestRevision: true, percent: 100 }

describe("traffic that follows from flags", () => {
  it("replaces every percentage by the splits given", () => {
    expect(nextTraffic([latest], ["a=80", "@latest=20"])).toEqual([
      { revisionName: "a", latestRevision: false, percent: 80 },
      { latestRevision: true, percent: 20 },
    ])
  })

  it("keeps tags when percentages change", () => {
    const before = [latest, { revisionName: "a", percent: 0, tag: "old" }]
    expect(nextTraffic(before, ["b=100"])).toEqual([
      { revisionName: "b", latestRevision: false, percent: 100 },
      { revisionName: "a", percent: 0, tag: "old" },
    ])
  })

  it("moves a tag to another revision", () => {
    const before = [latest, { revisionName: "a", percent: 0, tag: "t" }]
    expect(nextTraffic(before, [], ["b=t"])).toEqual([
      latest,
      { revisionName: "b", latestRevision: false, percent: 0, tag: "t" },
    ])
  })

  it("takes a tag away", () => {
    expect(nextTraffic([latest, { revisionName: "a", percent: 0, tag: "t" }], [], [], ["t"])).toEqual([latest])
  })

  it("keeps a percentage whose target was also tagged", () => {
    const before = [{ latestRevision: true, percent: 100, tag: "now" }]
    expect(nextTraffic(before, [], [], ["now"])).toEqual([{ latestRevision: true, percent: 100 }])
  })

  it("names a revision by its tag, also by one that is given just now", () => {
    const before = [latest, { revisionName: "a", percent: 0, tag: "old" }]
    expect(nextTraffic(before, ["old=30", "new=70"], ["b=new"])).toEqual([
      { revisionName: "a", percent: 30 },
      { revisionName: "b", latestRevision: false, percent: 70 },
      { revisionName: "a", percent: 0, tag: "old" },
      { revisionName: "b", latestRevision: false, percent: 0, tag: "new" },
    ])
  })

  it("gives a tag that stands alone to the newest ready revision", () => {
    expect(nextTraffic([latest], [], ["now"])).toEqual([latest, { latestRevision: true, percent: 0, tag: "now" }])
  })

  it("refuses to take away a tag that is not there, and says which are", () => {
    expect(() => nextTraffic([{ ...latest, tag: "now" }], [], [], ["then"])).toThrow("--untag then: the tags are now")
    expect(() => nextTraffic([latest], [], [], ["then"])).toThrow("--untag then: there are no tags")
  })

  it("refuses what is no split", () => {
    expect(() => nextTraffic([], ["a:20"])).toThrow("a:20: must be REVISION=PERCENT")
  })
})
