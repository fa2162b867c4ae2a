import { describe, expect, it } from "vitest"
import { evaluateJsonPath } from "./json-path.ts"

const object = {
  metadata: { labels: { "app.example.com/name": "hello", plain: "there", "with\\stroke": "too" } },
  list: [{ "a.b": 1 }, { "a.b": 2 }],
}

describe("the JSONPath of a column", () => {
  it.each([
    [".metadata.labels.plain", "there"],
    [".metadata.labels.app\\.example\\.com/name", "hello"],
    [".metadata.labels['app.example.com/name']", "hello"],
    [".metadata.labels['app\\.example\\.com/name']", "hello"],
    ['.metadata.labels["app\\.example\\.com/name"]', "hello"],
    [".metadata.labels['with\\\\stroke']", "too"],
    [".list[*]['a\\.b']", "1,2"],
    [".list[-1]['a.b']", 2],
    [".metadata.labels['nothing']", undefined],
  ])("%s names a field, whatever is in its name", (path, value) => {
    expect(evaluateJsonPath(object, path)).toBe(value)
  })
})
