import { describe, expect, it } from "vitest"
import type { Configuration } from "../../api/serving/configuration.ts"
import type { Revision } from "../../api/serving/revision.ts"
import type { Route } from "../../api/serving/route.ts"
import { unreferenced } from "./unreferenced.ts"

const revision = (name: string, service = "hello", namespace = "default"): Revision =>
  ({ metadata: { name, namespace, labels: { "serving.knative.dev/service": service } } }) as unknown as Revision
const revisions = ["h1", "h2", "h3", "h4"].map((name) => revision(name))
const route = { metadata: { namespace: "default" }, spec: { traffic: [{ revisionName: "h1", percent: 0, tag: "t" }] } }
const configuration = {
  metadata: { namespace: "default" },
  status: { latestReadyRevisionName: "h3", latestCreatedRevisionName: "h4" },
}

function names(routes: object[], configurations: object[], service?: string, all = revisions): string[] {
  const found = unreferenced(all, routes as Route[], configurations as Configuration[], service)
  return found.map(({ metadata }) => metadata.name)
}

describe("a revision nobody refers to", () => {
  it("is neither named by a Route nor the newest", () => {
    expect(names([route], [configuration])).toEqual(["h2"])
  })

  it("is not one that gets requests, whatever the Route asks for by now", () => {
    expect(names([{ ...route, status: { traffic: [{ revisionName: "h2" }] } }], [configuration])).toEqual([])
  })

  it("may have the name of one that is referred to elsewhere", () => {
    const elsewhere = revision("h1", "hello", "other")
    expect(names([route], [configuration], undefined, [elsewhere])).toEqual(["h1"])
  })

  it("is looked for among those of one function when one is named", () => {
    expect(names([], [], "other", [...revisions, revision("o1", "other")])).toEqual(["o1"])
  })
})
