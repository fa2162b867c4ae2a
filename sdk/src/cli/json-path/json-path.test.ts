import { describe, expect, it } from "vitest"
import { compileJsonPath } from "./index.ts"

const list = {
  kind: "List",
  "odd.key/x": 1,
  items: [
    {
      name: "a",
      size: 1,
      labels: { "app.kubernetes.io/name": "web" },
      conditions: [{ type: "Ready", status: "True" }],
    },
    { name: "b", size: 2, conditions: [{ type: "Ready", status: "False" }, { type: "Other" }] },
    { name: "c", size: 3, deleted: true },
  ],
}

describe("a JSONPath template", () => {
  it.each([
    ["{.kind}", "List"],
    ["{$.kind}", "List"],
    [".kind", "List"],
    ["kind: {.kind}!", "kind: List!"],
    ["{.items[0].name}", "a"],
    ["{.items[-1].name}", "c"],
    ["{.items[*].name}", "a b c"],
    ["{.items[0:2].name}", "a b"],
    ["{.items[::2].name}", "a c"],
    ["{.items[0,2].name}", "a c"],
    ["{.items[0]['name','size']}", "a 1"],
    ["{['odd.key/x']}", "1"],
    ["{.odd\\.key/x}", "1"],
    ["{.items[0].labels.app\\.kubernetes\\.io/name}", "web"],
    ["{.items[0].labels['app.kubernetes.io/name']}", "web"],
    ['{.items[0].conditions[?(@.type=="Ready")].status}', "True"],
    ["{.items[?(@.size>1)].name}", "b c"],
    ["{.items[?(@.size<=1)].name}", "a"],
    ["{.items[?(@.deleted)].name}", "c"],
    ["{.items[?(@.name!='a')].name}", "b c"],
    ["{.items[?(@.deleted==true)].name}", "c"],
    ["{..status}", "True False"],
    ["{.items[0].conditions}", '[{"type":"Ready","status":"True"}]'],
    ['{range .items[*]}{.name}={.size}{"\\n"}{end}', "a=1\nb=2\nc=3\n"],
    ['{range .items[*]}{.name}:{range .conditions[*]}{.type},{end}{" "}{end}', "a:Ready, b:Ready,Other, c: "],
    ["{.nothing.at.all}", ""],
    ['{"{"}', "{"],
    ["{'it\\'s'}", "it's"],
  ])("%s prints %j", (template, wanted) => {
    expect(compileJsonPath(template).print(list)).toBe(wanted)
  })

  it.each([
    ["{.a", "a { without its counterpart"],
    ["{.a]}", "wanted nothing more at 3, found ]"],
    ["{.a[}", "wanted an index, a quoted name, * or ?(…) at 4, found the end"],
    ["{.a[0}", "wanted ] at 5, found the end"],
    ["{.a[?(@.b]}", "wanted )"],
    ["{range .a}", "{range} without {end}"],
    ["{end}", "{end} without {range}"],
  ])("%s is told what is wrong with it", (template, message) => {
    expect(() => compileJsonPath(template)).toThrow(message)
  })

  it("finds values as they are", () => {
    expect(compileJsonPath("{.items[*].size}").find(list)).toEqual([1, 2, 3])
  })
})
